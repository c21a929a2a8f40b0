"""Answers for readers that ask again: unchanged ones are not sent again."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response


def conditional(request: Request, body: str | bytes, media_type: str) -> Response:
    """Return ``body`` with an ETag, or 304 where the request names it."""
    content = body.encode("utf-8") if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}  # kept by the reader itself, and asked for each time
    named = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in named or "*" in named:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)

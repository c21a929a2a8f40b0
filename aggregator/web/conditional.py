"""Conditional answers (RFC 9110): a reader gets 304 if its copy is still the same."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response


def conditional(request: Request, body: str | bytes, media_type: str) -> Response:
    """Return ``body`` with an ETag, or 304 if the request names this ETag."""
    content = body.encode("utf-8") if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}  # a reader may store it, and has to ask each time
    named = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in named or "*" in named:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)

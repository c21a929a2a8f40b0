"""Sending an alert to a webhook; the caller decides on retries."""

from __future__ import annotations

import hashlib
import hmac

from aggregator.exceptions import DeliveryError
from aggregator.fetching.faults import as_fault
from aggregator.fetching.http import user_agent
from aggregator.fetching.statuses import status_name
from aggregator.fetching.targets import target_of
from aggregator.fetching.transport import OutgoingRequest, Transport
from aggregator.model import Secret
from aggregator.settings import FetchSettings
from aggregator.text.urls import mask_secrets

SIGNATURE = "X-Hub-Signature-256"  # as GitHub sends it: sha256= and the hex HMAC of the body


def post(url: str, body: bytes, secret: Secret | None, settings: FetchSettings) -> None:
    """Post a JSON body, signed where there is a secret; the address guard and the time limits of fetching apply.

    Any 2xx is a success. Raises DeliveryError for every other outcome; redirects are not followed.
    """
    headers = {"User-Agent": user_agent(settings), "Content-Type": "application/json", "Accept": "*/*"}
    if secret is not None:
        headers[SIGNATURE] = "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    try:
        target = target_of(url)
        if target.authorization:
            headers["Authorization"] = target.authorization
        request = OutgoingRequest(target, {**headers, "Accept-Encoding": "identity"}, method="POST", body=body)
        with Transport(settings, origins=1) as transport, transport.call() as call:
            answer = transport.send(call, request)
    except Exception as error:  # noqa: BLE001 - whatever the HTTP stack raises means: not delivered
        raise DeliveryError(f"Webhook {_shown(url)}: {as_fault(error).message}.") from None
    if not 200 <= answer.status < 300:
        raise DeliveryError(f"Webhook {_shown(url)}: {status_name(answer.status)}.")


def _shown(url: str) -> str:
    """Return the origin only: the path of a webhook's address is often its secret."""
    try:
        target = target_of(url)
    except Exception:  # noqa: BLE001 - an address that cannot be read
        return mask_secrets(url)
    return f"{target.scheme}://{target.netloc}/…"

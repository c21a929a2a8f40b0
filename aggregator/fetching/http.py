"""The fetcher: it requests feeds over HTTP under limits. Nothing that a server does raises an error."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Self

from aggregator.fetching.caching import first as first_field
from aggregator.fetching.cookies import Cookies
from aggregator.fetching.deadline import FetchCall
from aggregator.fetching.faults import FetchError, as_fault
from aggregator.fetching.host_limiter import HostLimiter
from aggregator.fetching.statuses import PERMANENT, REDIRECTS, failure_of_status, status_name
from aggregator.fetching.targets import Target, basic, resolve, target_of
from aggregator.fetching.transport import KEPT_ORIGINS, IncomingResponse, OutgoingRequest, Transport
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome, NotModified, Response, Secret
from aggregator.settings import FetchSettings
from aggregator.text.masking import without_secrets

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
SILENCE = timedelta(days=14)  # without a new entry, after which a 304 is no longer believed
# For a busy feed this time is shorter: the time in which it usually has MISSED new entries, but at least LEAST_SILENCE.
MISSED, LEAST_SILENCE, WEEK = 8, timedelta(days=1), timedelta(days=7)
MAX_VALIDATOR = 4_096  # characters; a longer one is not worth sending back
_BLANK = b"\xef\xbb\xbf\0 \t\r\n"
# A feed's own headers may not set these: we do the framing, and must not ask for a coding that we cannot decode.
_RESERVED = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})


@dataclass(slots=True)
class _FetchProgress:
    """The addresses of one fetch so far, so that a failure can name the address where it happened."""

    feed: Feed
    state: FeedState
    target: Target | None = None  # the address of the last request
    permanent: Target | None = None  # the address after the permanent redirects at the beginning of the chain
    conditional: bool = False  # whether the last request carried validators

    @property
    def own(self) -> Target:
        """The feed's own address. Its credentials are sent to this origin only."""
        return target_of(self.feed.url)

    @property
    def first(self) -> Target:
        """The address of the first request: the one after a permanent move, if there was one."""
        return target_of(self.state.url or self.feed.url)


class Fetcher:
    """Fetches feeds from any number of threads; owns the connections, the TLS context and the watchdog.

    ``feeds`` is the number of feeds: connections are kept for as many origins, up to KEPT_ORIGINS.
    Raises ConfigurationError if ``allow_private_networks`` cannot be read.
    """

    def __init__(self, settings: FetchSettings, *, feeds: int = 0) -> None:
        self._settings = settings
        self._transport = Transport(settings, origins=feeds or KEPT_ORIGINS)
        self._host_limiter = HostLimiter(settings.per_host, settings.host_delay)
        self._headers = {
            "User-Agent": user_agent(settings),
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip, deflate",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all running fetches, and close every connection and thread."""
        self._host_limiter.close()
        self._transport.close()

    def refuse_waiting(self) -> None:
        """Make fetches that wait for their host fail as ``stopped``, without a request."""
        self._host_limiter.refuse_waiting()

    def cancel_all(self) -> None:
        """End all running fetches: each fails as ``stopped``."""
        self._host_limiter.refuse_waiting()
        self._transport.cancel_all()

    def close_idle(self) -> None:
        """Close idle connections; worthwhile if the next request is minutes away."""
        self._transport.close_idle()

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None] = lambda url: None
    ) -> FetchOutcome:
        """Fetch a feed once, following redirects.

        Times in headers are relative to ``now``. ``other_feed`` returns the name of another followed feed with an
        address, or None; a redirect to such an address is not followed. Never raises for anything a server does.
        """
        started = time.monotonic()
        progress = _FetchProgress(feed, state)
        try:
            with self._transport.call(proxied=feed.proxy is not None) as call:
                try:
                    answer = self._follow(call, progress, now, other_feed)
                finally:
                    self._leave(call)
            outcome = _outcome(answer, progress, now)
        except Exception as error:  # noqa: BLE001 - whatever the HTTP stack raises is this feed's failure only
            fault = as_fault(error)
            outcome = FetchFailure(fault.kind, fault.message)
        if isinstance(outcome, FetchFailure):
            url = progress.target.url if progress.target else feed.url
            outcome = replace(outcome, message=safe_message(outcome.message, feed, url), url=url)
        return replace(outcome, seconds=time.monotonic() - started)

    def _follow(
        self, call: FetchCall, progress: _FetchProgress, now: datetime, other_feed: Callable[[str], str | None]
    ) -> IncomingResponse:
        """Follow redirects, record the permanent ones at the beginning of the chain, and stop at a repeated address."""
        feed, own, first = progress.feed, progress.own, progress.first
        target = first
        cookies = Cookies()
        seen, again = {target.url: ""}, set[str]()  # address -> the Cookie field last sent; addresses requested twice
        only_permanent = True
        for _ in range(self._settings.max_redirects + 1):
            progress.target = target
            headers = _with_cookie(self._request_headers(feed, own, target), seen[target.url])
            validators = dict(_validators(progress.state, now)) if target.url == first.url else {}
            progress.conditional = bool(validators)
            answer = self._send(
                call, OutgoingRequest(target, headers | validators, verify=feed.verify_tls, proxy=feed.proxy)
            )
            if answer.status not in REDIRECTS:
                return answer
            cookies.take(target.url, answer.headers)
            target = _next(target, answer)
            cookie = cookies.header(target.url)
            if target.url in seen and (target.url in again or cookie in ("", seen[target.url])):
                raise FetchError("redirect", "the redirects lead in a circle")
            if target.url in seen:
                again.add(target.url)  # a redirect has set a cookie: request it once more, with the cookie
            seen[target.url] = cookie
            if (other := other_feed(target.url)) is not None:
                raise FetchError(
                    "duplicate", f"duplicate: leads to the same address as {other}; one of the two is enough"
                )
            only_permanent = only_permanent and answer.status in PERMANENT and target.url not in again
            progress.permanent = None if target.url in again else target if only_permanent else progress.permanent
        raise FetchError("redirect", f"more than {self._settings.max_redirects} redirects (fetch.max_redirects)")

    def _send(self, call: FetchCall, request: OutgoingRequest) -> IncomingResponse:
        host = request.target.host.rstrip(".")
        if host != call.host:
            self._leave(call)
            with call.stopped_clock():
                self._host_limiter.enter(host)
            call.host = host
        return self._transport.send(call, request)

    def _leave(self, call: FetchCall) -> None:
        if call.host is not None:
            self._host_limiter.leave(call.host)
            call.host = None

    def _request_headers(self, feed: Feed, own: Target, target: Target) -> dict[str, str]:
        """Return the fields to send; the feed's own headers and its credentials are sent to its own origin only."""
        if target.origin != own.origin:
            return self._headers
        headers = self._headers
        if feed.user is not None or feed.password is not None:
            password = feed.password.reveal() if feed.password else ""
            headers = headers | {"Authorization": basic(feed.user or "", password)}
        elif own.authorization:
            headers = headers | {"Authorization": own.authorization}
        for name, value in feed.headers:
            if name.lower() not in _RESERVED:
                headers = {known: old for known, old in headers.items() if known.lower() != name.lower()}
                headers[name] = value.reveal() if isinstance(value, Secret) else value
        return headers


def user_agent(settings: FetchSettings) -> str:
    """Return the User-Agent of every request."""
    if settings.user_agent:
        return settings.user_agent
    try:
        release = version("aggregator")
    except PackageNotFoundError:  # run from a source tree
        release = "dev"
    return f"aggregator/{release} (+{settings.contact}; {settings.subscribers} subscribers)"


def _validators(state: FeedState, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield the validators as the server gave them (RFC 9110 13.1.2, 13.1.3)."""
    if state.force_unconditional or _is_suspiciously_silent(state, now):
        return
    if state.etag:
        yield "If-None-Match", state.etag
    if state.last_modified:
        yield "If-Modified-Since", state.last_modified


def _is_suspiciously_silent(state: FeedState, now: datetime) -> bool:
    """Return whether another unusually long time without a new entry has ended since the last poll.

    Some servers answer 304 for ever once they have given a validator. Only a request without validators reveals that.
    """
    if state.last_new is None or state.last_fetch is None:
        return False
    rate, silence = state.entries_per_week, SILENCE
    if rate and rate * SILENCE > MISSED * WEEK:
        silence = max(MISSED * WEEK / rate, LEAST_SILENCE)
    return (now - state.last_new) // silence > max((state.last_fetch - state.last_new) // silence, 0)


def _next(target: Target, answer: IncomingResponse) -> Target:
    location = first_field(answer.headers, "location")
    if not location:
        raise FetchError("redirect", f"{status_name(answer.status)} without an address to go to")
    return resolve(target, location)


def _outcome(answer: IncomingResponse, progress: _FetchProgress, now: datetime) -> FetchOutcome:
    target = progress.target
    assert target is not None  # noqa: S101 - an answer came from somewhere
    if answer.status == 304:
        if not progress.conditional:
            return FetchFailure(
                "protocol", "HTTP 304 although nothing conditional was asked", 304, force_unconditional=True
            )
        return NotModified(target.url, answer.headers, *_received(answer.headers))
    if answer.status not in (200, 203):
        withheld = target.origin != progress.own.origin and _has_credentials(progress.feed, progress.own)
        abroad = target.host != progress.first.host
        return failure_of_status(answer.status, answer.headers, now, withheld=withheld, page=answer.page, abroad=abroad)
    if not answer.body[:1_024].strip(_BLANK) and not answer.body.strip(_BLANK):
        return FetchFailure("http", f"{status_name(answer.status)} with an empty body", answer.status)
    etag, last_modified = _received(answer.headers)
    return Response(
        url=target.url,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        content_hash=hashlib.sha256(answer.body).hexdigest(),
        etag=etag,
        last_modified=last_modified,
        permanent_url=progress.permanent.url if progress.permanent else None,
        redirected=target.url != progress.first.url,
    )


def _received(headers: tuple[tuple[str, str], ...]) -> tuple[str | None, str | None]:
    """Return ETag and Last-Modified unchanged, or None for a value that cannot be sent back."""
    etag, last_modified = (
        value if value and len(value) <= MAX_VALIDATOR and not _has_controls(value) else None
        for value in (first_field(headers, "etag"), first_field(headers, "last-modified"))
    )
    return etag, last_modified


def _has_controls(value: str) -> bool:
    return any(character < " " or character == "\x7f" for character in value)


def _with_cookie(headers: dict[str, str], cookie: str) -> dict[str, str]:
    """Return the header fields with the cookies of this fetch added after those from feeds.yaml."""
    if not cookie:
        return headers
    own = next((name for name in headers if name.lower() == "cookie"), "Cookie")
    return headers | {own: "; ".join(part for part in (headers.get(own, ""), cookie) if part)}


def _has_credentials(feed: Feed, own: Target) -> bool:
    return feed.user is not None or feed.password is not None or bool(feed.headers) or own.authorization is not None


def safe_message(message: str, feed: Feed, url: str) -> str:
    """Return a message that begins with its address and contains no secret of the feed."""
    return without_secrets(f"{url}: {message}", feed)

"""Visitors of the page: logins, sessions, the read-only token, form tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from aggregator.exceptions import AggregatorError
from aggregator.web.passwords import hash_password, verify

# Limits on what strangers can fill: sessions at once, and addresses stored for their wrong passwords.
_MOST_SESSIONS, _MOST_ADDRESSES = 1_000, 1_000
# Wrong passwords from one address or for one name before it must wait, and how long (seconds).
_TRIES, _WAIT = 5, 300.0
# Passwords checked at once; each needs 16 MB.
_CHECKED_AT_ONCE = 2


class TooManyTriesError(AggregatorError):
    """There were too many wrong passwords, and the visitor must wait."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor: ``name`` is recorded with verbs, ``may_edit`` allows them; forms are bound to ``key``."""

    name: str
    may_edit: bool
    key: str


@dataclass(slots=True)
class _Session:
    name: str
    may_edit: bool
    used: float


class Visitors:
    """The logins of a running page; times are seconds of ``clock``, which never goes back."""

    def __init__(self, users: Mapping[str, str], token: str, lasts: float, clock: Callable[[], float]) -> None:
        self._users = dict(users)
        self._token = token
        self._lasts = lasts
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = Lock()
        self._checks = BoundedSemaphore(_CHECKED_AT_ONCE)
        # the hash for unknown names, so that their check takes as long as that of a known name
        self._nobody = hash_password(secrets.token_urlsafe(16)) if self._users else ""

    @property
    def ask_for_login(self) -> bool:
        """Return whether any user can log in."""
        return bool(self._users)

    # --- logging in --------------------------------------------------------------------------

    def log_in(self, name: str, password: str, address: str) -> str | None:
        """Return the id of a new session; None if name or password is wrong. Raises TooManyTriesError after a few wrong ones.

        ``address`` is the client's; empty where many share one, as behind a proxy.
        """
        keys = (*([f"address {address}"] if address else []), f"name {name[:100]}")
        if any(self._has_to_wait(key) for key in keys):
            raise TooManyTriesError("Too many wrong passwords. Wait five minutes, then try again.")
        with self._checks:
            right = verify(password, self._users.get(name, self._nobody))
        if not right or name not in self._users:
            for key in keys:
                self._note_failure(key)
            return None
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)
        return self.begin(name, may_edit=True)

    def begin(self, name: str, *, may_edit: bool) -> str:
        """Begin a session; return its id."""
        made = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[_digest(made)] = _Session(name, may_edit, self._clock())
            while len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return made

    def log_out(self, session_id: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_digest(session_id), None)

    def of_session(self, session_id: str) -> Visitor | None:
        """Return the visitor of a session; None if it has ended or never existed."""
        key, now = _digest(session_id), self._clock()
        with self._lock:
            found = self._sessions.get(key)
            if found is None or now - found.used > self._lasts:
                self._sessions.pop(key, None)
                return None
            found.used = now
            self._sessions.move_to_end(key)
            return Visitor(found.name, found.may_edit, session_id)

    def holds_token(self, token: str) -> bool:
        """Return whether this is the read-only token."""
        return bool(self._token) and hmac.compare_digest(token.encode("utf-8"), self._token.encode("utf-8"))

    # --- forms -------------------------------------------------------------------------------

    def form_token(self, visitor: Visitor) -> str:
        """Return the token that each of a visitor's forms carries; only our own pages know it."""
        return hmac.new(self._secret, visitor.key.encode("utf-8"), hashlib.sha256).hexdigest()

    def is_form_token(self, visitor: Visitor, token: str) -> bool:
        """Return whether a form token was issued to this visitor."""
        return hmac.compare_digest(self.form_token(visitor).encode("ascii"), token.encode("utf-8", "replace"))

    # --- wrong passwords ---------------------------------------------------------------------

    def _has_to_wait(self, key: str) -> bool:
        with self._lock:
            count, last = self._failures.get(key, (0, 0.0))
            return count >= _TRIES and self._clock() - last < _WAIT

    def _note_failure(self, key: str) -> None:
        with self._lock:
            count, last = self._failures.pop(key, (0, 0.0))
            now = self._clock()
            self._failures[key] = (1 if now - last >= _WAIT else count + 1, now)
            while len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)


def _digest(session_id: str) -> str:
    return hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()

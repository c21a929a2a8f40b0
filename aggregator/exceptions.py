"""The error tree: every error that a caller may want to distinguish.

AggregatorError                what happened, where, and what to do; safe to show to a person
 +-- UsageError                the command line is invalid (exit 2)
 |    +-- ConfigurationError   feeds.yaml, a settings file or an option is wrong
 +-- NotFoundError             no such story, entry, feed, edition or file (exit 3)
 |    +-- AmbiguousIdError     an id prefix with which several ids begin
 +-- LockedError               another process holds the database or the daemon's lock (exit 5)
 +-- StorageError              the database cannot be opened, read or written, or is damaged
 |    +-- NotOursError         the database is not ours, or newer than the code (exit 5)
 +-- ParseError                a document that is no feed
 |    +-- NotAFeedError        a web page; has the feed addresses that it names
 +-- DecisionError             an editor's verb that cannot be carried out
 +-- DeliveryError             a digest or an alert could not be written or sent
"""

from __future__ import annotations

from typing import Final

PARTLY_FAILED: Final = 4  # the exit code of a command that did only a part of its work; no error class has it


class AggregatorError(Exception):
    """Any failure that the product itself explains.

    ``exit_code`` is the exit code of the command line if the error reaches it.
    """

    exit_code = 1


class UsageError(AggregatorError):
    """A request that is invalid as given."""

    exit_code = 2


class ConfigurationError(UsageError):
    """Faults in a configuration file, all of them at once.

    ``problems`` has one line per fault, each with file, line and key.
    """

    def __init__(self, problems: str | tuple[str, ...]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else problems
        super().__init__("\n".join(self.problems))


class NotFoundError(AggregatorError):
    """Something named on the command line that does not exist."""

    exit_code = 3


class AmbiguousIdError(NotFoundError):
    """An id prefix with which several ids begin; ``candidates`` has some of them."""

    def __init__(self, prefix: str, candidates: tuple[str, ...]) -> None:
        self.candidates = candidates
        super().__init__(f"{prefix!r} is ambiguous: it fits {', '.join(candidates)}. Give more letters.")


class LockedError(AggregatorError):
    """Another process holds a lock that we need."""

    exit_code = 5


class StorageError(AggregatorError):
    """A database file that cannot be opened, read or written."""


class NotOursError(StorageError):
    """A database that this version must not change: another program's, or a newer aggregator's."""

    exit_code = 5


class ParseError(AggregatorError):
    """A document that cannot be read as a feed."""


class NotAFeedError(ParseError):
    """A web page in place of a feed; ``feeds`` has the feed addresses that it names."""

    def __init__(self, message: str, feeds: tuple[str, ...] = ()) -> None:
        self.feeds = feeds
        super().__init__(message)


class DecisionError(AggregatorError):
    """An editor's verb that contradicts the state it is applied to."""


class DeliveryError(AggregatorError):
    """A digest or an alert that could not be written or sent."""

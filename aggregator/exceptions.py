"""The error tree: every error that a caller may want to distinguish.

AggregatorError                what happened, where, and what to do; safe to show to a person
 +-- UsageError                the command line is invalid (exit 2)
 |    +-- ConfigurationError   feeds.yaml, a settings file or an option is wrong
 +-- NotFoundError             no such story, entry, feed, edition or file (exit 3)
 |    +-- AmbiguousIdError     an id prefix that fits more than one thing
 +-- LockedError               another process holds the database or the daemon's lock (exit 5)
 +-- StorageError              the database cannot be opened, read or written, or is damaged
 |    +-- NotOursError         the database is not ours, or newer than the code (exit 5)
 +-- ParseError                bytes that are no feed
 |    +-- NotAFeedError        a web page; carries the feed addresses it names
 +-- DecisionError             an editor's verb that cannot be carried out
 +-- DeliveryError             a digest or an alert could not be written or sent
"""

from __future__ import annotations

from typing import Final

PARTLY_FAILED: Final = 4  # the exit code of a command that did some of it: no error carries it


class AggregatorError(Exception):
    """Any failure that the product itself explains.

    ``exit_code`` is what the command line ends with when the error reaches it.
    """

    exit_code = 1


class UsageError(AggregatorError):
    """A request that is invalid as given."""

    exit_code = 2


class ConfigurationError(UsageError):
    """Faults in a configuration file, all of them at once.

    ``problems`` holds one line a fault, each naming file, line and key.
    """

    def __init__(self, problems: str | tuple[str, ...]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else problems
        super().__init__("\n".join(self.problems))


class NotFoundError(AggregatorError):
    """Something named on the command line that is not there."""

    exit_code = 3


class AmbiguousIdError(NotFoundError):
    """An id prefix that fits more than one thing; ``candidates`` names some of them."""

    def __init__(self, prefix: str, candidates: tuple[str, ...]) -> None:
        self.candidates = candidates
        super().__init__(f"{prefix!r} is ambiguous: it fits {', '.join(candidates)}. Give more letters.")


class LockedError(AggregatorError):
    """Another process holds what we need."""

    exit_code = 5


class StorageError(AggregatorError):
    """A database file that cannot be opened, read or written."""


class NotOursError(StorageError):
    """A database that this code must not touch: another program's, or a newer aggregator's."""

    exit_code = 5


class ParseError(AggregatorError):
    """Bytes from which no feed can be had."""


class NotAFeedError(ParseError):
    """A web page where a feed was expected; ``feeds`` holds the feed addresses that it names."""

    def __init__(self, message: str, feeds: tuple[str, ...] = ()) -> None:
        self.feeds = feeds
        super().__init__(message)


class DecisionError(AggregatorError):
    """An editor's verb that contradicts the state it is applied to."""


class DeliveryError(AggregatorError):
    """A digest or an alert that did not arrive where it should."""

"""The worker's task for a document: parse, clean, sketch. It uses values alone, no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aggregator.clustering.language_check import is_foreign_to, is_hardly_in, is_in, language_of
from aggregator.exceptions import NotAFeedError, ParseError
from aggregator.model import Document, EntryData, FetchFailure, ParsedFeed, Sketch, Skip
from aggregator.model.faults import as_given, described
from aggregator.model.pickling import pickled_by_fields
from aggregator.newsroom.agencies import without_agency
from aggregator.newsroom.corrections import Notice, recognise
from aggregator.newsroom.wires import Attribution, attribute
from aggregator.settings import ParseSettings
from aggregator.text.boilerplate import constant_descriptions, line_hashes, repeated_tails, without_boilerplate
from aggregator.text.clean import document, plain_text
from aggregator.text.language import identify, is_of_country, is_surely_other, primary_language
from aggregator.text.tokens import index_form

if TYPE_CHECKING:
    from aggregator.clustering.vectors import ReportVector

Value = TypeVar("Value")

# Entries and characters of a feed that are read to check the language that it declares.
SAMPLED, SAMPLE = 12, 1_500


@dataclass(frozen=True, slots=True)
class Preparation:
    """One body to prepare; ``known`` maps the keys of stored entries to their content hashes."""

    body: bytes
    url: str
    headers: Mapping[str, str]
    now: datetime
    limits: ParseSettings
    language: str | None
    publisher_names: tuple[str, ...]
    known: Mapping[str, str]
    bad_guids: bool
    boilerplate: frozenset[int]
    sketching: bool
    progress_path: str | None = None  # a file to which the number of the present entry is written
    without: Mapping[int, str] = field(default_factory=dict)  # number of an entry that ended its worker -> the reason


@dataclass(frozen=True, slots=True)
class FeedText:
    """Facts on the texts of a feed that hold for all its entries."""

    language: str | None = None  # the declared one
    names: Sequence[str] = ()  # of feed and publisher
    boilerplate: frozenset[int] = frozenset()  # hashes of lines that the feed repeats
    wrong_language: str | None = None  # a declared language that is ignored, since the texts are in another
    detected_language: str | None = None  # of the entries together, where none is declared
    has_exceptions: bool = False  # the feed itself declares its language, so single entries may be in another


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class PreparedEntry:
    """An entry ready to be stored and compared; an ``unchanged`` one has only its data and document.

    ``document`` is all its text; ``compared`` is what is left of it for comparing, without boilerplate. ``signed`` is the
    agency that signs it, ``notice`` the correction or kill that it carries.
    """

    data: EntryData
    document: Document
    unchanged: bool
    compared: Document | None = None
    lines: frozenset[int] = frozenset()
    sketch: Sketch | None = None
    index_title: str = ""
    index_text: str = ""
    signed: Attribution | None = None
    notice: Notice | None = None
    faults: tuple[str, ...] = ()  # errors in parts of the preparation
    vector: ReportVector | None = None  # of what is compared, without publisher and time; None where none was asked for

    @property
    def text(self) -> str:
        """The plain text: lede and body."""
        return self.document.text


@dataclass(frozen=True, slots=True)
class Prepared:
    """A feed document prepared: its own facts, and its entries in document order."""

    parsed: ParsedFeed  # without entries: the prepared ones are below
    entries: tuple[PreparedEntry, ...]


def warm_up() -> None:
    """Load the modules and tables that the first entry needs; a new worker calls it before its first document.

    The language model is left out: most feeds do not need it, and it takes 14 MB and half a second.
    """
    import aggregator.parsing.feed  # noqa: F401  imported only to be loaded

    is_in("The first text that is looked at loads the tables.", "en")


def prepare(task: Preparation) -> Prepared | FetchFailure:
    """Parse a body and prepare its entries; bytes that are no feed give a FetchFailure."""
    from aggregator.parsing.feed import parse  # the desk's own process never parses

    try:
        parsed = parse(task.body, task.url, task.headers, task.now, task.limits, bad_guids=task.bad_guids)
    except NotAFeedError as error:
        return FetchFailure("parse", str(error), feeds=error.feeds)
    except ParseError as error:
        return FetchFailure("parse", str(error))
    feed = _feed_text(task, parsed)
    entries: list[PreparedEntry] = []
    skips = list(parsed.skips)
    for number, data in enumerate(parsed.entries, 1):
        if number in task.without:
            reason = f"{data.title[:80]!r} ended the worker that read it: {task.without[number]}"
            skips.append(Skip(number, reason, as_given(data)))
            continue
        if task.progress_path is not None:
            _note_progress(task.progress_path, number)
        try:
            made = prepare_entry(
                data, feed, task.known.get(data.key), sketching=task.sketching, vectoring=task.sketching
            )
        except MemoryError:
            raise  # it concerns the worker, not the entry
        except Exception as error:  # noqa: BLE001 - whatever an entry raises costs that entry
            reason = f"{data.title[:80]!r} cannot be prepared: {described(error)}"
            skips.append(Skip(number, reason, as_given(data)))
        else:
            entries.append(made)
    return Prepared(replace(parsed, entries=(), skips=tuple(skips)), tuple(entries))


def _note_progress(path: str, number: int) -> None:
    with suppress(OSError):  # a worker on another machine leaves none
        Path(path).write_text(str(number), encoding="ascii")


def _feed_text(task: Preparation, parsed: ParsedFeed) -> FeedText:
    is_wrong, detected = _languages(task, parsed)
    none: tuple[str, ...] = ()
    tails = _or_default([], none, repeated_tails, [data.title for data in parsed.entries])
    return FeedText(
        language=task.language or (None if is_wrong else parsed.language),
        names=tuple(name for name in (*task.publisher_names, parsed.title, *tails) if name),
        boilerplate=task.boilerplate | _or_default([], frozenset[int](), constant_descriptions, parsed.entries),
        wrong_language=primary_language(parsed.language) if is_wrong else None,
        detected_language=detected,
        has_exceptions=task.language is None,
    )


def _languages(task: Preparation, parsed: ParsedFeed) -> tuple[bool, str | None]:
    """Return whether a feed declares a wrong language, and the detected language where none is declared."""
    if task.language is not None:
        return False, None
    sample = _or_default([], "", _sample, parsed.entries)
    lied = parsed.language is not None and _or_default([], False, is_other_language, parsed.language, sample)
    return lied, _or_default([], None, language_of, sample) if lied or parsed.language is None else None


def _or_default(faults: list[str], otherwise: Value, work: Callable[..., Value], *given: object) -> Value:
    """Return the result of ``work``; where it raises, append the error to ``faults`` and return ``otherwise``."""
    try:
        return work(*given)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one field is not worth the entry
        faults.append(described(error))
        return otherwise


def _sample(entries: Sequence[EntryData]) -> str:
    found = ""
    for data in entries[:SAMPLED]:
        if len(found) >= SAMPLE:
            break
        found += f"{data.title}. {plain_text(data.summary)}\n"
    return found[:SAMPLE]


def prepare_entry(
    data: EntryData, feed: FeedText, known_hash: str | None = None, *, sketching: bool, vectoring: bool = False
) -> PreparedEntry:
    """Clean one entry; sketch and vectorise it as asked, unless it has the stored text (``known_hash``)."""
    is_wrong = feed.wrong_language and primary_language(data.language) == feed.wrong_language
    made = document(
        replace(data, language=None) if is_wrong else data,
        feed.language,
        publisher_names=feed.names,
        identify=partial(_language, detected=feed.detected_language, has_exceptions=feed.has_exceptions),
    )
    if made.content_hash == known_hash:
        return PreparedEntry(data, made, unchanged=True)
    sketch = None
    faults: list[str] = []
    compared = _or_default(faults, made, without_boilerplate, made, feed.boilerplate)
    if (title := _or_default(faults, compared.title, without_agency, compared.title)) != compared.title:
        compared = replace(compared, title=title)
    if sketching:
        from aggregator.clustering.sketch import sketch as sketch_document  # numpy: only where it is needed

        sketch = _or_default(faults, None, sketch_document, compared)
    text = made.text
    return PreparedEntry(
        data,
        made,
        unchanged=False,
        compared=compared,
        lines=_or_default(faults, frozenset(), line_hashes, made) if sketching else frozenset(),
        sketch=sketch,
        index_title=_or_default(faults, "", index_form, made.title),
        index_text=_or_default(faults, "", index_form, text),
        signed=_or_default(faults, None, attribute, data, text),
        notice=_or_default(faults, None, recognise, data.title, text),
        faults=tuple(faults),
        vector=_or_default([], None, _vector, compared) if vectoring else None,
    )


def _vector(compared: Document) -> ReportVector:
    from aggregator.clustering.vectorize import vectorize  # numpy: only where it is needed

    return vectorize(compared, "", datetime.fromtimestamp(0, UTC))


def is_other_language(declared: str, sample: str) -> bool:
    """Return whether a feed's texts are surely in another language than declared, which may be the default of its software."""
    language = primary_language(declared) or ""
    return is_of_country(sample, language) or (is_hardly_in(sample, language) and is_surely_other(sample, language))


def _language(text: str, hint: str | None, detected: str | None, *, has_exceptions: bool) -> str | None:
    """Return the language of an entry of a feed that is known to be in one, unless the entry is surely in another."""
    if hint and has_exceptions and is_foreign_to(text, hint) and is_surely_other(text, hint):
        return identify(text, None)
    if hint or detected is None:
        return identify(text, hint)
    if is_in(text, detected):
        return detected
    return identify(text, None if is_surely_other(text, detected) else detected)

"""Every regular expression over what a feed says, with the length of the longest text that it is given.

A new expression goes here, with its bound; a test compares the list with the source. ``module: name`` is where it is
made: the name that it is bound to, or the function that makes it or uses it at once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from aggregator.clustering import recurring
from aggregator.newsroom import agencies, notices, wires
from aggregator.text import boilerplate, clean, cross_language
from tests.source import tree_of

PACKAGES: Final = ("clustering", "digest", "fetching", "newsroom", "parsing", "ingest", "desk", "text")
ROOT: Final = Path(recurring.__file__).parents[1]

# Characters. What is longer is cut before, or not looked at.
DOCUMENT: Final = 2_000_000  # a document has 50 MB at most; its worker is stopped after parse.deadline
TEXT: Final = 500_000  # parse.max_content
PAGE: Final = 1_000_000  # of a page in which feeds are looked for
HEAD: Final = 100_000  # of a document on either side of its entries
HEADER: Final = 65_536  # all header lines of an answer
LINK: Final = 8_192  # MAX_URL
TITLE: Final = 1_000  # parse.max_title
RAW_TITLE: Final = 10 * TITLE
LINE: Final = boilerplate.MAX_CHARACTERS
ENDS: Final = 1_900  # beginning and end of a text in which notices stand
OPENING: Final = 1_500  # of a text, in which a dateline stands
CLOSING: Final = 700  # of a text, in which a credit stands
BYLINE: Final = agencies.MAX_NAME
NAME: Final = 300  # a name, a word, a tag
SENTENCE: Final = 40  # the surroundings of a full stop or a number

EXPRESSIONS: Final[Mapping[str, Mapping[str, int]]] = {
    "clustering.canonical": {"_VERSION": TITLE, "_RUNNING_PAGE": LINK},
    "clustering.templated_texts": {"_RUN": TEXT, "_WORD": TEXT, "_STOP": TEXT},
    "clustering.recurring": {"_RECURRING": TITLE, "_TIMETABLE": TITLE, "_LIVE": TITLE, "_COMMENT": TITLE},
    "clustering.terms": {"_TOKEN": TEXT, "_GROUPED": NAME},
    "clustering.vectorize": {"_ORDINAL": TITLE},
    "desk.alerts": {"_MARKING": TITLE},
    "digest.escape": {
        "_TERMINAL": TEXT, "_SPACE": TEXT, "_FORBIDDEN": TEXT, "_MARKDOWN": TEXT, "_MARKDOWN_ENTITY": TEXT,
        "_MARKDOWN_AUTOLINK": TEXT, "_MARKDOWN_BLOCK": TEXT, "link": LINK,
    },
    "digest.wording": {"titled": TITLE, "_WORD": TEXT},
    "fetching.caching": {"_SECONDS": HEADER, "_DIRECTIVE": HEADER},
    "fetching.chat": {"_PROXIES": NAME, "_STATUS": TEXT},  # what Apprise logs of an answer
    "fetching.http1": {"_STATUS": HEADER, "_NAME": HEADER, "_END": HEADER, "_LENGTH": HEADER, "_CHUNK": HEADER},
    "newsroom.agencies": {
        "_LABELS": LINK, "_BEFORE": BYLINE, "_AFTER": BYLINE, "_TITLE_TAIL": TITLE, "_WORDS": TEXT,
        "_RUN_TOGETHER": TEXT,
    },
    "newsroom.alerts": {"_LETTER": TITLE},
    "newsroom.named_headlines": {"_QUOTED": 700},
    "newsroom.corrections": {"_BRACKETED_TITLE": TITLE, "_NOT": TEXT, "_NOUN": 60, "_OF_A_TEXT": TITLE, "_OTHER_SENSES": 60,
        "_EARLIER_VERSION": 1_200},
    "newsroom.identity": {"_DATE": LINK, "_SLUG_WORD": LINK},
    "newsroom.identity_traits": {"SCHEME": LINK, "_SCHEME_INSIDE": LINK},
    "newsroom.mentions": {
        "_NUMBER": TEXT, "_CLOCK": NAME, "_LETTERS_BEFORE": SENTENCE, "_value": TEXT, "_WORD": TEXT, "_GAP": TEXT,
    },
    "newsroom.notices": {"COLUMNS": ENDS, "ADMISSIONS": ENDS, "openings": ENDS, "_statement": ENDS},
    "newsroom.novelty": {"_LETTER": TEXT},
    "newsroom.publishers": {
        "_SEPARATOR": TITLE, "_LEADING": TITLE, "_TRAILING": TITLE, "_NOT_WORD": TITLE, "_SEARCH_ADDRESS": LINK,
        "_SEARCH_NAME": NAME,
    },
    "newsroom.passing_lines": {
        "_PLACE": TITLE, "_HERALD": TITLE, "_TICKER": TITLE, "_CUT_OFF": TEXT, "_EMOJI": 80,
        "_BRACKETS": TEXT, "_QUERY": TEXT, "_STAMP": 300, "_PAST": TEXT, "_MOMENT": 300, "_ELSEWHERE": 300, "_WORD": 80,
    },
    "newsroom.revisions": {"_SIGNS": TEXT, "_TOKEN": TEXT},
    "newsroom.watches": {"_BREAK": TEXT},
    "newsroom.wires": {
        "_PARTS": BYLINE, "_AGENCY_AND_DESK": BYLINE, "_NAME_AND_AGENCY": BYLINE, "_PLACE": BYLINE, "_DESK": BYLINE,
        "_PICTURE": BYLINE, "_CHINESE": OPENING, "_CENTRAL": OPENING, "_ASIAN": OPENING, "_LABELLED": OPENING,
        "_BYLINE": OPENING, "_DATE": 80, "_is_caption": OPENING, "_looks_like_place": 80, "_is_bracketed_dateline": 80,
        "_spells_out": 80, "_openings": OPENING, "_credits": CLOSING, "_SIGN_OFF": CLOSING, "_named": NAME,
    },
    "parsing.archive": {"_MARKUP": TEXT, "_ENTRY_ID": TITLE},
    "parsing.charset": {
        "_OPENINGS": DOCUMENT, "_DECLARATION": DOCUMENT, "_HTTP_CHARSET": HEADER, "_MULTIBYTE": DOCUMENT,
        "_NOT_ASCII": DOCUMENT, "_WINDOWS_BYTE": DOCUMENT, "_WINDOWS_LABEL": HEADER,
    },
    "parsing.broken_entries": {
        "_ENTRY": DOCUMENT, "_CHANNEL": DOCUMENT, "_ROOT": DOCUMENT, "_CDATA": DOCUMENT, "_TAG": DOCUMENT,
        "_ATTRIBUTE": DOCUMENT, "_XHTML": DOCUMENT, "_PERSON": DOCUMENT, "with_entries_mended": DOCUMENT,
    },
    "parsing.wrappers": {"_CALL": DOCUMENT, "_OPENING": DOCUMENT, "_ROOT": DOCUMENT, "_PRE": DOCUMENT, "_TAG": DOCUMENT, "_ESCAPED": DOCUMENT},
    "parsing.links": {"_ANCHOR": TEXT},
    "parsing.bot_walls": {"_WORDS": 40_000, "_HEADING": 40_000},
    "parsing.calendars": {
        "_ERA": 200, "_TAIWAN": 200, "_PERSIAN_WORDS": 200, "_PERSIAN_NUMBERS": 200, "_ISLAMIC": 200, "_THAI": 200,
    },
    "parsing.date_forms": {
        "_PLAIN": 200, "_ARABIC_MONTH": 200, "_WEEKDAY": 200, "_TWO_NAMES": 200, "_HALF_LAST": 200, "_WEEKDAY_IN_BRACKETS": 200,
        "_OF_A_PAGE": 200, "_IN_CYRILLIC": 200, "_IN_ARABIC": 200, "_AFTER_YEAR": 200, "_AFTER_DAY": 200, "_BEFORE_DAY": 200,
        "_BEFORE_TIME": 200, "_AFTER_TIME": 200, "_FRENCH_TIME": 200, "_YEAR_FIRST": 200, "_DIGIT": 200,
        "_TURNS": 200, "_MINUS": 200, "_LABEL": 200, "_PLACE": 200, "_ZONE_IN_BRACKETS": 200, "_COMPACT": 200,
        "_WEEK": 200, "_ORDINAL": 200, "_MONTH": 200, "_ISO_HOURS": 200, "_AFTER_ISO_DAY": 200, "_HOURS_AND_MINUTES": 200,
        "_THOUSANDTHS": 200, "_TIME_FIRST": 200, "_MICROSOFT": 200, "_HALF_FIRST": 200, "_GREEK_HALF": 200,
        "_IDEOGRAPHS": 200, "_CLOCK": 200,
        "_COUNTED": 200, "_MACHINE_TIME": 200, "_TAG": 200,
    },
    "parsing.dates": {
        "_NUMBERS": 200, "_HALF": 200, "_SHAPES": 200, "_SECONDS": 200, "_WHOLE_DAY": 200, "_NUMBER_FIRST": 200,
        "_second_reading": 200,
        "_OFFSET": 200, "_NAMED_ZONE": 200,
    },
    "parsing.entries": {"_LANGUAGE": TEXT, "_FILE": TEXT, "_NO_REPLY": TEXT},
    "parsing.feed": {"_HUGE_TAG": DOCUMENT, "_SPACE": DOCUMENT, "_BASE64": DOCUMENT},
    "parsing.supersets": {"_ESCAPE": DOCUMENT},
    "parsing.hints": {
        "_TTL": HEAD, "_PERIOD": HEAD, "_FREQUENCY": HEAD, "_SKIP_HOURS": HEAD, "_SKIP_DAYS": HEAD, "_HOUR": HEAD,
        "_DAY": HEAD, "_LINK": HEAD, "_HUB": 2_000, "_HREF": 2_000, "_HEADER_HUB": HEADER, "_FIRST_ENTRY": DOCUMENT,
    },
    "parsing.jsonfeed": {
        "_ITEMS": DOCUMENT, "_BETWEEN_ENTRIES": DOCUMENT, "_LAST_COMMA": DOCUMENT, "_BLANK": DOCUMENT,
    },
    "parsing.mixtures": {
        "_SEQUENCE": DOCUMENT, "_HIGH": DOCUMENT, "_FIELD": DOCUMENT, "_CUT": DOCUMENT, "_SURROGATES": DOCUMENT,
    },
    "parsing.opml": {"_START": DOCUMENT},
    "parsing.outlines": {
        "_COMMENT": DOCUMENT, "_TAG": DOCUMENT, "_VALUE": 8_000, "_END": 8_000, "_ADDRESS": 8_000, "_BEGUN": 8_000, "_REFERENCE": DOCUMENT,
    },
    "parsing.pages": {
        "_FIRST_TAG": PAGE, "_FEED_ROOT": PAGE, "_COMMENT": PAGE, "_LINK": PAGE, "_BASE": PAGE, "_ATTRIBUTE": PAGE,
        "_NO_FEED": LINK,
    },
    "parsing.repair": {
        "_FIRST_TAG": DOCUMENT, "_DOCTYPE": DOCUMENT, "_DOCTYPE_MARK": DOCUMENT, "_ENTITY": DOCUMENT,
        "_REFERENCE": DOCUMENT, "_ROOT": DOCUMENT, "_ROOT_NAME": DOCUMENT, "_DECLARATION": DOCUMENT,
        "_CONTROLS": DOCUMENT, "_COMMENT": DOCUMENT, "_AMPERSAND": DOCUMENT, "_BARE_LESS": DOCUMENT,
        "_ATTRIBUTE_UNQUOTED": DOCUMENT, "_PREFIX": DOCUMENT, "_DECLARED": DOCUMENT, "_ENTRY_END": DOCUMENT,
        "_ENTRY_START": DOCUMENT,
        "_LOOSE_TAG": DOCUMENT, "_TEMPLATED": DOCUMENT, "_CDATA_SPELLING": DOCUMENT, "_FIELD_OPEN": DOCUMENT,
    },
    "desk.alert_targets": {"_NAME": NAME, "_SERVICE": LINK},  # of a watch, not of a feed
    "desk.timeline": {"_NOT_XML": TEXT},
    "text.address": {"_AUTHORITY": LINK},
    "text.entry_address": {
        "_BARE_MOMENT": LINK, "_DISPATCH": LINK, "_UUID": LINK, "_TOKEN": LINK,
        "_NO_FRAGMENT": LINK, "_DATE_LIKE": LINK, "_NUMBER": LINK, "_WORD": LINK, "_EXTENSION": LINK, "_COUNTER": LINK, "_VERSION": 24, "_PLACE": LINK,
        "_YEAR": LINK,
    },
    "text.forwarders": {"_SERVICES": LINK, "_YAHOO": LINK},
    "text.boilerplate": {"_BLANKS": TEXT, "_TITLE_PARTS": TITLE, "_MARKS": TEXT, "_CONSENT": LINE},
    "text.clean": {
        "_TAG": TEXT, "_FRAME": TEXT, "_RELATIVE": TEXT, "_ANY_TAG": TEXT, "_TITLE_TAG": RAW_TITLE,
        "_TITLE_COMMENT": RAW_TITLE, "_TITLE_BREAK": RAW_TITLE, "_USUAL": TEXT, "_USUAL_BLOCK": TEXT, "_SPANS": TEXT,
        "_USUAL_INLINE": TEXT, "_HIDDEN": TEXT, "_UNSTORABLE": DOCUMENT, "_SEQUENCE": DOCUMENT, "_TAIL": 600,
        "_ELLIPSIS": TEXT,
        "_PAGE_TITLE": TEXT,
    },
    "text.display": {
        "_UNSAFE": TEXT, "_SEQUENCE": TEXT, "_BLANK": TEXT, "_SPACES": TEXT, "_NUMBER": TEXT,
    },
    "text.searching": {"_PART": TEXT},
    "text.headlines": {"_SENT_AGAIN": TITLE, "_BETWEEN": TITLE},
    "text.language": {"_SCRIPTS": TEXT, "_LETTER": TEXT, "_DISTINCT_SCRIPT": TEXT},
    "text.cross_language": {
        "_NUMBER": TEXT, "_GROUPS": NAME, "_SPELLED": TEXT, "_ARABIC_PREFIX": TEXT, "_UNVOWELLED": TEXT,
        "_SILENT": TEXT, "_DOUBLE": TEXT, "phonetic_key": TEXT, "_gazetteer": TEXT,
    },
    "text.tokens": {
        "_WORD": TEXT, "_ASCII_WORD": TEXT, "_RUN": TEXT, "ACCENTS": TEXT, "_POSSESSIVE": TEXT, "_GROUPED": TEXT,
        "_OWN_NUMBER": TEXT, "_ALPHABETS": TEXT, "_SENTENCE_END": TEXT, "_INITIALS": SENTENCE, "_TITLES": SENTENCE,
        "_ORDINAL": SENTENCE, "_FIRST_WORD": SENTENCE,
    },
    "text.escapes": {
        "_CDATA_CLOSE": TEXT, "_DOUBLY_ENCODED": TEXT, "_PAIR": TEXT, "_MARKUP_START": TEXT, "_MARKUP_END": TEXT,
        "_CDATA_OPEN": TEXT, "_ESCAPED_CDATA": TEXT, "_INLINE": TEXT, "_ESCAPED_MARKUP": TEXT, "_REFERENCE": TEXT,
        "_ESCAPED_TAG": TEXT, "_ESCAPED_LINK": TEXT, "_CODE_UNITS": RAW_TITLE, "_SLASHED_QUOTE": RAW_TITLE,
    },
    "text.randomness": {"_UUID": TEXT, "_SEPARATOR": TEXT, "_BASE64": TEXT},
    "text.urls": {
        "_CHANNELS": 100, "_AMP_CACHE": LINK, "_AMP_SUFFIX": LINK, "_VISIT_IN_PATH": LINK, "_ESCAPE": LINK, "_SECRET_NAME": TEXT, "_URL": TEXT,
        "_PUBLIC_NAME": TEXT, "_PUBLIC_PART": TEXT, "_FILE_ENDING": TEXT, "_DOUBTFUL_NAME": TEXT, "_BARE_ID": TEXT,
        "_AMPERSAND": TEXT, "_USUAL_START": TEXT, "_PATH_END": TEXT, "_DOUBLED_SCHEME": TEXT, "_NO_COLON": TEXT, "_WWW": TEXT,
    },
}  # fmt: skip

# Expressions that a function makes or uses at once, and those that stand in a table.
MADE: Final[Mapping[str, Any]] = {
    "parsing.broken_entries: with_entries_mended": lambda: [re.compile(r"</channel\s*>", re.IGNORECASE)],
    "newsroom.notices: openings": lambda: [notices.openings(kind) for kind in notices.KINDS],
    "newsroom.notices: _statement": lambda: [
        notices._statement(kind, place) for kind in notices.KINDS for place in range(len(notices.STATEMENTS[kind]))
    ],
    "newsroom.wires: _openings": lambda: [pattern for pattern, _ in wires._openings()],
    "newsroom.wires: _credits": lambda: list(wires._credits()),
    "text.cross_language: _gazetteer": lambda: [
        pattern for language in ("en", "de", "zh") if (pattern := cross_language._gazetteer(language)[0])
    ],
    "digest.wording: titled": lambda: [
        re.compile(r"(?:[\[(【]?(?:kill|corrected)[\])】]?\s*(?:[:：–—|-]\s*|(?<=[\])】])\s*))+(?=\S)", re.IGNORECASE)
    ],
}

# What is done with expressions that a function makes.
WAYS: Final[Mapping[str, str]] = {
    "newsroom.notices: openings": "match",
    "newsroom.notices: _statement": "search",
    "newsroom.wires: _openings": "match",
    "newsroom.wires: _credits": "search",
}
# Expressions that are right only behind what their function does first: the function is played in their place.
BEHIND: Final[Mapping[str, Callable[[str], object]]] = {
    "text.clean: _HIDDEN": clean.plain_text,
    "text.clean: _TITLE_COMMENT": clean.plain_title,
}
# Modules that read only what text.clean made: never two blanks in a row.
TIDY: Final = ("newsroom.wires", "newsroom.notices", "newsroom.corrections")


def in_source() -> dict[str, set[str]]:
    """Return module -> the names under which the source makes or uses expressions."""
    found: dict[str, set[str]] = {}
    for module, owner, _ in _calls():
        found.setdefault(module, set()).add(owner)
    return found


def patterns(module: str, name: str) -> list[re.Pattern[Any]]:
    """Return the expressions that stand under a name of the list."""
    if f"{module}: {name}" in MADE:
        return list(MADE[f"{module}: {name}"]())
    bound = getattr(import_module(f"aggregator.{module}"), name, None)
    if bound is None or callable(bound):
        return [
            re.compile(ast.literal_eval(call.args[0]), re.IGNORECASE)
            for where, owner, call in _calls()
            if (where, owner) == (module, name)
        ]
    return list(_patterns_in(bound))


def ways(module: str, name: str) -> set[str]:
    """Return how the source uses an expression: the methods that are called on it; all of a text where none is seen."""
    if f"{module}: {name}" in WAYS:
        return {WAYS[f"{module}: {name}"]}
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    used = set(re.findall(rf"\b{name}\.(match|fullmatch|search|sub|subn|split|findall|finditer)\b", source))
    return used or {"finditer"}


def _patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _patterns_in(part)


@cache
def _calls() -> tuple[tuple[str, str, ast.Call], ...]:
    found: list[tuple[str, str, ast.Call]] = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            _collect(module, tree_of(path), "", found)
    return tuple(found)


def _collect(module: str, node: ast.AST, owner: str, found: list[tuple[str, str, ast.Call]]) -> None:
    for child in ast.iter_child_nodes(node):
        name = owner
        if isinstance(child, ast.FunctionDef):
            name = child.name
        elif not owner and isinstance(child, ast.Assign | ast.AnnAssign):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            name = getattr(target, "id", "")
        if isinstance(child, ast.Call) and ast.unparse(child.func).startswith("re.") and child.func.attr != "escape":  # type: ignore[attr-defined]
            found.append((module, name, child))
        _collect(module, child, name, found)

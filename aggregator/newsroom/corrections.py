"""Correction, clarification, kill and withdrawal notices: recognising them, and finding copies left uncorrected."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.model import Entry, by_report, by_time
from aggregator.model.withdrawals import WITHDRAWN
from aggregator.newsroom.alignment import StepBudget, changes
from aggregator.newsroom.notices import ADMISSIONS, COLUMNS, KINDS, Kind, openings, stated
from aggregator.text.tokens import sentences, words

_OPENING, _CLOSING = 700, 1_200  # characters at the beginning and at the end of a text that are searched for notices

_OPENINGS = [(kind, openings(kind)) for kind in KINDS]
_BRACKETED_TITLE = re.compile(
    r"[(\[（【]\s*(?:corrected|correction|korrigiert|berichtigt|korrektur|berichtigung|corrigé|rectificatif|corregid[ao]|"
    r"corrección|rectificación|corretto|rettifica|corrigid[ao]|correção|correctie|rectificatie|korekta|sprostowanie|исправлено|"
    r"поправка|виправлено|rättad|rettet|更正|訂正|정정)\s*[)\]）】]"
    r"|[-–—|]\s*(?:(?:korrigierte|berichtigte) fassung|corrected version|version corrigée|versión corregida|"
    r"versione corretta|versão corrigida|gecorrigeerde versie|wersja poprawiona|исправленная версия|виправлена версія)\s*$",
    re.IGNORECASE,
)
# Words after the notice's word which show that no text is meant: a market's correction, a prison's Corrections, a storm's advisory.
_OTHER_SENSES = {
    "correction": re.compile(
        r"\b(?:stocks?|shares?|markets?|bourses?|nasdaq|dow|dax|index|aktien|kurse|börse|mercados?|bolsa|prices?|rally|"
        r"officers?|facility|department|law(?:s|makers)?|act|amendment|board|committee|закон\w*|конституц\w*)\b",
        re.IGNORECASE,
    ),
    "advisory": re.compile(
        r"\b(?:weather|heat|flood|winter|wind|storm|travel|tsunami|beach|boil|traffic|health|surf|frost|air quality|snow|rain|"
        r"ice|icy|fog|hurricane|cyclone|typhoon|tornado|thunderstorms?|smoke|dust|evacuation|avalanche|volcan\w+|drought|tides?|"
        r"temperatures?|department|board|committee)\b",
        re.IGNORECASE,
    ),
}
# Only the noun has another sense: nobody writes "corrected" of a market. "Correction: Stock Market story" is AP's notice.
_NOUN = re.compile(r"correction|korrektur|corrección|correzione|correção|correctie|korekta|korrigering|поправка", re.I)
# Words for the earlier version of a text. Used only where the title marks a notice: elsewhere it may be a bill's version.
_EARLIER_VERSION = re.compile(
    r"\b(?:(?:earlier|previous|prior|initial|original) (?:version|story|report|article|dispatch)"
    r"|(?:früheren?|ersten?|vorherigen?|ursprünglichen?|älteren?) (?:version|fassung|meldung)|in der meldung (?:vom|von)"
    r"|version (?:précédente|antérieure|initiale)|(?:première|précédente) version|(?:primera )?versión (?:anterior|previa|inicial)"
    r"|versione (?:precedente|iniziale)|(?:precedente|prima) versione|versão (?:anterior|inicial)|primeira versão"
    r"|(?:eerdere|vorige|oorspronkelijke) (?:versie|bericht)|(?:wcześniejszej|poprzedniej|pierwotnej) (?:wersji|depeszy)"
    r"|(?:предыдущей|более ранней|первоначальной|первой) версии|(?:попередній|первісній|першій) версії"
    r"|(?:tidigare|tidligere) (?:version|versjon|udgave|utgave))\b",
    re.IGNORECASE,
)
_OF_A_TEXT = re.compile(r"\b(?:story|stories|article|headline)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice in an entry: its kind, and its sentence with the next one."""

    kind: Kind
    statement: str = ""


def recognise(title: str, text: str) -> Notice | None:
    """Return the notice in an entry, the gravest of several; None where there is none."""
    found = [notice for notice in (_in_title(title, text), *_in_text(text)) if notice is not None]
    return min(found, key=lambda notice: KINDS.index(notice.kind), default=None)


def earlier_version_statement(text: str) -> str:
    """Return the sentence of a correction that speaks of the earlier version, with the next one; empty where there is none."""
    for end in _searched_ends(text):
        if match := _EARLIER_VERSION.search(end):
            return _sentence_at(end, match.start())
    return ""


def without_notice(title: str) -> str:
    """Return a headline without the word that marks it as a notice."""
    for _, pattern in _OPENINGS:
        match = pattern.match(title)
        if match is not None and (rest := match["rest"].lstrip(" -–—:|.!]")):
            return rest
    tail = _BRACKETED_TITLE.search(title)
    return title[: tail.start()].rstrip() if tail and tail.start() else title


def _in_title(title: str, text: str) -> Notice | None:
    title = " ".join(title.split())
    for kind, pattern in _OPENINGS:
        match = pattern.match(title)
        if match is None or _names_a_column(kind, match, text):
            continue
        # a slug such as BC-Harbor-Fire names the story before the word
        if not _means_something_else(kind, match, bare="-" not in match["phrase"]):
            return Notice(kind, title)
    tail = _BRACKETED_TITLE.search(title)
    return Notice("correction", title) if tail else None


def _in_text(text: str) -> list[Notice]:
    found = []
    for end in _searched_ends(text):
        for kind, match in stated(end):
            found.append(Notice(kind, _sentence_at(end, match.start())))
        for line in end.split("\n"):
            notice = _in_line(line.strip(), end)
            if notice is not None:
                found.append(notice)
    return found


def _searched_ends(text: str) -> list[str]:
    """Return the parts of a text that are searched for notices: its beginning and its end, or all of a short text."""
    return [text] if len(text) <= _OPENING + _CLOSING else [text[:_OPENING], text[-_CLOSING:]]


def _in_line(line: str, text: str) -> Notice | None:
    for kind, pattern in _OPENINGS:
        match = pattern.match(line)
        if match is None or not match["rest"].strip(" :–—-.!") or _names_a_column(kind, match, text):
            continue
        if not _means_something_else(kind, match):
            return Notice(kind, _first_sentences(line))
    return None


def _names_a_column(kind: Kind, match: re.Match[str], text: str) -> bool:
    """Return whether a phrase only names a column or a repair: the text does not say what was wrong."""
    phrase = match["phrase"]
    if not COLUMNS.fullmatch(phrase) or (kind == "correction" and phrase.isupper()):
        return False
    return not any(ADMISSIONS.search(part) for part in (match["rest"], text[:_OPENING], text[-_CLOSING:]))


def _means_something_else(kind: Kind, match: re.Match[str], *, bare: bool = False) -> bool:
    rest = match["rest"]
    if bare and not rest.strip(" :–—-.!)]"):
        return True  # the word alone is the title of a column of corrections, or of a film
    if kind == "correction" and (not _NOUN.fullmatch(match["phrase"]) or _OF_A_TEXT.search(rest)):
        return False
    return kind in _OTHER_SENSES and _OTHER_SENSES[kind].search(rest[:60]) is not None


def _first_sentences(line: str) -> str:
    return line if len(line) <= 400 else line[:400].rsplit(None, 1)[0] + " …"


def _sentence_at(text: str, place: int) -> str:
    line_start = text.rfind("\n", 0, place) + 1
    line_end = text.find("\n", place)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    position = place - line_start
    line_sentences = sentences(line, None)
    for number, sentence in enumerate(line_sentences):
        position -= len(sentence) + 1
        if position < 0:  # the next sentence mostly says what is right
            return _first_sentences(" ".join(line_sentences[number : number + 2]))
    return _first_sentences(line.strip())


# --- copies left uncorrected ---------------------------------------------------------------------

_CONTEXT = 3  # words on either side of a change: "twelve people" occurs in many texts, with these words in few
_CHARACTERS = 8  # characters of a text that are read in the time of one step of a comparison
_PASSAGES = 30  # passages that are searched for in a text in the time in which it is split into words
_REWORDED = 0.6  # share of common words from which two sentences are versions of one
_NOT = re.compile(
    r"(?<![\w.,%$€£'’-])(?P<new>[\w.,%$€£'’-]+(?: [\w.,%$€£'’-]+){0,3}?),? (?:not|nicht|et non|y no|e non|e não|niet|а не|inte|ikke|not the)"
    r" (?P<old>[\w.%$€£'’-]+(?: [\w%$€£'’-]+){0,3})",
    re.IGNORECASE,
)


def stale_copies(
    notice: Entry,
    text: str,
    others: Sequence[tuple[Entry, str]],
    before: str | None = None,
    budget: StepBudget | None = None,
) -> tuple[Entry, ...]:
    """Return the entries that still carry what ``notice`` (with its present ``text``) corrected, oldest first.

    ``others`` are the story's entries with their texts, ``before`` is the corrected entry's text before the correction. Only
    entries for which the notice speaks are considered: those of its publisher, those of an agency that published it, and copies of
    its own text. Of these are stale:

    - after a kill or withdrawal, all;
    - after a correction whose earlier text is known, those with a changed passage as it was before;
    - otherwise those that hold the wrong words of "X, not Y", or a sentence of the corrected text with other numbers.

    Copies of the same report are compared first. Copies that the ``budget`` does not suffice for are left out.
    """
    budget = StepBudget() if budget is None else budget
    rest = _considered(notice, others)
    if notice.correction in WITHDRAWN:
        chosen = [entry for entry, _ in rest]
    elif before is not None and words(before) != words(text):
        edited = _changes(words(before), words(text), budget)
        chosen = [
            entry
            for entry, text_of_entry in _same_report_first(notice, rest)
            if _carries(text_of_entry, edited, budget)
        ]
    else:
        corrected = _Statement(text)
        chosen = [
            entry
            for entry, text_of_entry in _same_report_first(notice, rest)
            if entry.time <= notice.time and corrected.contradicts(text_of_entry, budget)
        ]
    return tuple(sorted(chosen, key=by_time))


def _considered(notice: Entry, others: Sequence[tuple[Entry, str]]) -> list[tuple[Entry, str]]:
    """Return the entries for which a notice speaks, with their texts."""
    reports = by_report([notice, *(entry for entry, _ in others)])
    own = frozenset(report for report, members in reports.items() if _is_own_text(notice, members))
    return [
        (entry, text)
        for entry, text in others
        if entry.id != notice.id
        and entry.correction is None
        and (_is_published_by(entry, notice.sources) or entry.report_id in own)
    ]


def own_notices(entries: Collection[Entry]) -> frozenset[str]:
    """Return the ids of a story's entries whose notice is about their publisher's own text, not about another publisher's.

    A publisher can withdraw only a text that it published before. It can correct such a text, and one that it published first.
    An agency that published the notice itself speaks for all copies of its texts.
    """
    notices = [entry for entry in entries if entry.correction]
    if not notices:
        return frozenset()
    first: dict[str | None, tuple[datetime, str]] = {}  # publisher or agency -> its first entry
    reports = by_report(entries)
    for entry in sorted(entries, key=by_time):
        # a kill is not a text: a publisher that sends two kills has not published the text that the second withdraws
        names = set() if entry.correction in WITHDRAWN and not entry.revisions else {entry.publisher, entry.agency}
        for name in names:
            first.setdefault(name, by_time(entry))

    def is_own(notice: Entry) -> bool:
        if notice.is_agency_own or notice.revisions or len(entries) == 1:
            return True
        if any(first.get(name, by_time(notice)) < by_time(notice) for name in notice.sources):
            return True
        return notice.correction not in WITHDRAWN and _is_own_text(notice, reports[notice.report_id])

    return frozenset(notice.id for notice in notices if is_own(notice))


def _is_own_text(notice: Entry, report: Sequence[Entry]) -> bool:
    """Return whether a report's text belongs to the notice's publisher or agency: it had the text first, and no other signed it."""
    signed = {entry.agency for entry in report if entry.agency and entry.id != notice.id}
    return min(report, key=by_time).publisher in notice.sources and signed <= notice.sources


def _is_published_by(entry: Entry, publishers: frozenset[str]) -> bool:
    return entry.publisher in publishers or entry.agency in publishers


def _same_report_first(notice: Entry, others: Sequence[tuple[Entry, str]]) -> Sequence[tuple[Entry, str]]:
    return sorted(others, key=lambda one: one[0].report_id != notice.report_id)


def _changes(old: Sequence[str], new: Sequence[str], budget: StepBudget) -> list[tuple[str, str]]:
    """Return the changed passages with the words around them: as they were, and as they are now."""
    found = []
    for shared, a, b, c, d in changes(old, new, budget):
        if not shared and a < b:
            was = old[max(a - _CONTEXT, 0) : b + _CONTEXT]
            now = new[max(c - _CONTEXT, 0) : d + _CONTEXT]
            if len(was) > _CONTEXT:
                found.append((_spaced(was), _spaced(now)))
    return found


def _spaced(tokens: Sequence[str]) -> str:
    return " " + " ".join(tokens) + " "


def _carries(text: str, edited: Sequence[tuple[str, str]], budget: StepBudget) -> bool:
    """Return whether a text holds a passage as it was and not as it is now; False where the budget does not suffice."""
    if not budget.spend(len(text) // _CHARACTERS * (1 + len(edited) // _PASSAGES)):
        return False
    spaced = _spaced(words(text))
    return any(was in spaced and now not in spaced for was, now in edited)


class _Statement:
    """A corrected text, read once: the words of its "X, not Y", and its sentences that hold numbers."""

    def __init__(self, text: str) -> None:
        pairs = [(_spaced(words(match["old"])), _spaced(words(match["new"]))) for match in _NOT.finditer(text)]
        self._stated = [(old, new) for old, new in pairs if old.strip() and new.strip() and old != new]
        self._numbered = [one for one in _numbered_sentences(text) if len(one.plain) >= 5]

    def contradicts(self, text: str, budget: StepBudget) -> bool:
        """Return whether a text holds the wrong words, or one of the sentences with other numbers."""
        if not budget.spend(len(text) // _CHARACTERS * (1 + len(self._stated) // _PASSAGES)):
            return False
        spaced = _spaced(words(text))
        if any(old in spaced and new not in spaced for old, new in self._stated):
            return True
        numbered = _numbered_sentences(text)
        for here in self._numbered:
            if not budget.spend(sum(1 + min(len(here.plain), len(there.plain)) for there in numbered)):
                return False
            if any(here.differs(there) for there in numbered):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _NumberedSentence:
    """The numbers and the other words of a sentence."""

    numbers: frozenset[str]
    plain: frozenset[str]

    @classmethod
    def parse(cls, sentence: str) -> _NumberedSentence:
        found = frozenset(words(sentence))
        numbers = frozenset(word for word in found if word[0].isdigit())
        return cls(numbers, found - numbers)

    def differs(self, other: _NumberedSentence) -> bool:
        """Return whether the other sentence is this one with other numbers."""
        if self.numbers & other.numbers:
            return False
        return len(self.plain & other.plain) / max(len(self.plain | other.plain), 1) >= _REWORDED


def _numbered_sentences(text: str) -> list[_NumberedSentence]:
    """Return the distinct sentences of a text that hold numbers."""
    return list(dict.fromkeys(one for one in map(_NumberedSentence.parse, sentences(text, None)) if one.numbers))

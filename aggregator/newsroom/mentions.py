"""Finds numbers and names in sentences by their form alone.

Names are found in scripts with capitals (Latin, Greek, Cyrillic, Armenian). In German every noun has a capital, so there only
runs of two words and more, and words all in capitals, count as names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aggregator.text.tokens import CAPITAL_NOUNS, fold


@dataclass(frozen=True, slots=True)
class Mention:
    """A number or a name: as written, and in the form in which mentions are compared (``key``)."""

    text: str
    key: str


# --- numbers -------------------------------------------------------------------------------------

_CURRENCY = "$€£¥₽₴₹₩₺₪₫₱zł"
_NUMBER = re.compile(
    rf"(?<![^\W\u3040-\u30ff\u3400-\u9fff])(?<![.,:/])(?<![^\W\d_][-‑])(?P<before>[{_CURRENCY}]|[A-Z]{{2,3}}[$€£])?\s?"
    r"(?P<digits>\d+(?:[.,'’\u00a0\u202f]\d{3})*(?:[.,]\d+)?)"
    r"(?P<after>\s?(?:%|‰|°|[€£$₽₴]|(?:per cent|percent|Prozent|pour cent|por ciento|per cento|procent|proc\.|процент\w*|відсотк\w*)\b)|"
    r"\s(?:million|billion|trillion|thousand|hundred|Million\w*|Milliard\w*|Billion\w*|millions?|milliards?|mill(?:ones|ón)|miliardi?|"
    r"milion[iey]?|mili[oõ]n?es|milhõ?es|mil|milj\w*|mln|mrd|mld|bn|m|млн|млрд|тыс\.?|тис\.?)\b)?(?![\d/]|[.,:]\d)(?P<next>\s?[^\W\d_]+)?"
)
_MONTH_NAMES = """
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
    januar jänner februar märz mai juni juli oktober dezember okt dez
    janvier février mars avril juin juillet août septembre octobre novembre décembre janv févr avr juil déc
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre ene dic
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
    janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
    januari februari maart mei augustus
    stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря
    січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
    ledna února března dubna května června července srpna září října listopadu prosince
    ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
    tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta
    joulukuuta maj juni augusti oktober
"""
_MONTHS = frozenset(_MONTH_NAMES.split())
_CLOCK = re.compile(r"^(?:am|pm|a\.m|p\.m|uhr|gmt|utc|cet|cest|est|edt|bst|h|год|час\w*|год\w*|time)$", re.IGNORECASE)
_CALENDAR = frozenset("年月日時时分秒号")
_BEFORE = 40  # characters before a number that are searched for its month
_LETTERS_BEFORE = re.compile(r"([^\W\d_]+)\.?,?\s+(?:the\s+)?$")


def numbers(sentence: str) -> list[Mention]:
    """Return the numbers of a sentence that are facts: no years, dates, times of day or lone digits.

    The key is the value, so that 1,200, 1.200 and 1 200 are equal, with the mark or the multiple after it.
    """
    found = []
    for match in _NUMBER.finditer(sentence):
        after = (match["after"] or "").strip()
        following = (match["next"] or "").strip()
        marked = bool(match["before"] or after)
        value = _value(match["digits"])
        if not marked and (
            len(value) < 2 or _is_date(sentence[max(match.start() - _BEFORE, 0) : match.start()], value, following)
        ):
            continue
        text = match[0].removesuffix(match["next"]).strip() if match["next"] else match[0].strip()
        found.append(Mention(text, f"{match['before'] or ''}{value}{_mark(after)}"))
    return found


def _value(digits: str) -> str:
    """Return a number without grouping marks, with a point before the decimals."""
    digits = re.sub(r"(?<=\d)['’\u00a0\u202f](?=\d)", "", digits)
    marks = [character for character in digits if character in ".,"]
    if not marks:
        return digits
    whole, _, tail = digits.rpartition(marks[-1])
    if len(tail) == 3 and (len(set(marks)) == 1 or len(marks) == 1) and not whole.startswith("0"):
        return re.sub(r"[.,]", "", digits)
    return re.sub(r"[.,]", "", whole) + "." + tail


def _mark(after: str) -> str:
    """Return the mark behind a number in one form for all languages, as far as its first letters show it."""
    if not after:
        return ""
    folded = fold(after)
    if folded[0] in "%‰°" or folded.startswith(("per", "pro", "por", "pou", "від")):
        return "%" if folded[0] not in "‰°" else folded[0]
    return {"milliarde": "bn", "milliarden": "bn"}.get(folded, folded[:3])


def _is_date(before: str, value: str, following: str) -> bool:
    """Return whether a bare number is a year, a day of a month or a time of day."""
    if following and (_CLOCK.match(following) or following[0] in _CALENDAR):
        return True
    if len(value) == 4 and value[:2] in ("18", "19", "20", "21"):
        return True
    if "." in value or len(value) > 2 or int(value) > 31:
        return False
    word = _LETTERS_BEFORE.search(before)
    return following.casefold() in _MONTHS or (word is not None and word[1].casefold() in _MONTHS)


# --- names ---------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W\d_](?:[^\W_]++|['’.\-](?=[^\W_]))*+")
_JOINING = "de da do dos das del della di du des la le van von der den ter bin ibn al el of the and und zu av af"
_PARTICLES = frozenset(_JOINING.split())
_GAP = re.compile(r"^\s+$")
_ENGLISH = (
    "monday tuesday wednesday thursday friday saturday sunday i i'm i've i'll i'd mr mrs ms dr he she it we they a an"
)
_NO_NAMES = frozenset(_ENGLISH.split())
_LONGEST_ACRONYM = 6  # letters, as in UNICEF: longer words in capitals before a colon are labels


def names(sentences: Sequence[str], language: str | None) -> list[list[Mention]]:
    """Return the names of each sentence, as runs of capitalised words.

    A single word that occurs only at the beginning of sentences is not a name; a sentence all in capitals has no names.
    """
    runs = [list(_runs(sentence)) for sentence in sentences]
    inside = {fold(word) for found in runs for starts, run in found for word in run[starts:]}
    common = {word for sentence in sentences for word in _WORD.findall(sentence) if word.islower()}
    nouns = language in CAPITAL_NOUNS
    return [
        [name for starts, run in found if (name := _name(run, inside, common, starts=starts, nouns=nouns))]
        for found in runs
    ]


def _name(run: list[str], inside: set[str], common: set[str], *, starts: bool, nouns: bool) -> Mention | None:
    if starts and not _is_acronym(run[0]) and not _is_own(run, inside, common, nouns=nouns):
        run = run[1:]
    run = _trimmed(run)
    content = [word for word in run if fold(word) not in _PARTICLES]
    if not content or (len(content) == 1 and (len(content[0]) < 2 or (nouns and not _is_acronym(content[0])))):
        return None
    text = " ".join(run)
    return Mention(text, fold(text))


def _is_own(run: list[str], inside: set[str], common: set[str], *, nouns: bool) -> bool:
    """Return whether the first word of a sentence would have a capital inside a sentence too."""
    first = fold(run[0])
    if first in inside:
        return True
    others = any(fold(word) not in _PARTICLES for word in run[1:])  # "Corrects the" is one word
    return others and not (len(first) <= 3 or nouns or run[0].lower() in common)


def _trimmed(run: list[str]) -> list[str]:
    while run and (_is_filler(run[0]) or fold(run[0]) in _PARTICLES):
        run = run[1:]
    while run and (_is_filler(run[-1]) or fold(run[-1]) in _PARTICLES):
        run = run[:-1]
    return [word.removesuffix("'s").removesuffix("’s") for word in run]


def _is_filler(word: str) -> bool:
    plain = word.casefold().replace("’", "'")
    return plain in _NO_NAMES or plain in _MONTHS


def _runs(sentence: str) -> Iterator[tuple[bool, list[str]]]:
    """Yield runs of capitalised words and whether each begins the sentence."""
    if _is_shouted(sentence):
        return
    run: list[str] = []
    starts, label, end = False, False, 0
    for place, match in enumerate(_WORD.finditer(sentence)):
        # "EDITORS: Please kill": a label is no name, and what follows it begins anew
        after_label = label
        label = _is_acronym(match[0]) and len(match[0]) > _LONGEST_ACRONYM and sentence[match.end() :].startswith(":")
        word, capital = match[0], _is_capitalised(match[0]) and not label
        goes_on = capital or fold(word) in _PARTICLES
        if run and not (goes_on and _GAP.match(sentence[end : match.start()])):
            yield starts, run
            run = []
        if capital and not run:
            starts = place == 0 or after_label
        if capital or run:
            run.append(word)
        end = match.end()
    if run:
        yield starts, run


def _is_capitalised(word: str) -> bool:
    return unicodedata.category(word[0]) in ("Lu", "Lt")


def _is_acronym(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _is_shouted(sentence: str) -> bool:
    """Return whether a sentence is mostly in capitals, or all its longer words begin with one, as in headlines."""
    found = [word for word in _WORD.findall(sentence) if len(word) > 3]
    if len(found) < 4:
        return False
    return sum(word.isupper() for word in found) > 0.6 * len(found) or all(map(_is_capitalised, found))

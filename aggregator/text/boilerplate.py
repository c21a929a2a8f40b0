"""Lines that a feed repeats over its entries: consent texts, share links, read-also lists, the publisher's blurb.

A line is boilerplate once several entries of one feed had it. A few general marks recognise it in the first entries, before
anything is learned.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from aggregator.model import Document, EntryData
from aggregator.text.clean import plain_text
from aggregator.text.tokens import is_content_word, words

# A line is boilerplate if it occurred in this many reports of one feed.
REPEATED = 3
# A shorter line is often a part of a headline or a caption; a longer one is a paragraph of text.
MIN_CHARACTERS, MAX_CHARACTERS = 12, 1_000
_BLANKS = re.compile(r"\s+")
_TITLE_PARTS = re.compile(r"\s(?:[-|–—·•»«]|::|//)\s")
_MARKS = re.compile(
    r"^\W*(?:read (?:also|more|next|the full)|see also|also read|more on this|related(?: (?:stories|news|links))?\s*:|share (?:this|on)|"
    r"follow us|sign up (?:for|to)|subscribe (?:to|now|here)|click here|continue reading|advertisement\b|this site uses cookies|"
    r"we use cookies|the post .{1,200} appeared first on|all rights reserved|©|copyright (?:©|20\d\d)|"
    r"lesen sie (?:auch|mehr)|mehr zum thema|lire aussi|à lire aussi|lea también|le puede interesar|leggi anche|leia (?:também|mais)|"
    r"lees ook|czytaj (?:też|także|również)|zobacz (?:też|także)|читайте (?:также|також)|читать далее|подробнее|"
    r"اقرأ أيضا|関連記事|相关阅读|延伸阅读)",
    re.IGNORECASE,
)

# Subjects of consent texts: a line that names three of them is a consent text.
_CONSENT = re.compile(
    r"cookies?\b|consent|privacy|personal data|legitimate interests?|terms of (?:use|service)|(?:our|\d+) partners|advertising|"
    r"on your device|newsletter|change your mind|einwilligung|datenschutz|nutzungsbedingungen|auf ihrem (?:gerät|endgerät)|werbung|"
    r"partnern\b|consentement|confidentialité|données personnelles|nos (?:\d+ )?partenaires|sur votre appareil|publicité|"
    r"consentimiento|privacidad|datos personales|nuestros (?:\d+ )?socios|en su dispositivo|publicidad|consenso|dati personali|"
    r"nostri (?:\d+ )?partner|sul (?:tuo|suo) dispositivo|pubblicità|toestemming|op uw apparaat|zgod[aęy]\b|prywatności|danych osobowych|"
    r"partnerzy|reklam\w*|na urządzeniu|конфиденциальн\w+|персональн\w+ данн\w+|согласи[ея]|реклам\w+|конфіденційн\w+|персональн\w+ дан\w+|"
    r"çerez\w*|gizlilik|kişisel veri\w*|隐私|同意|广告|个人信息|クッキー|プライバシー|広告",
    re.IGNORECASE,
)
CONSENTED = 3


def line_hashes(document: Document) -> frozenset[int]:
    """Return the hashes of a document's lines; they are counted per feed."""
    return _hashes([*document.lede.split("\n"), *document.body.split("\n")])


def without_boilerplate(document: Document, known: Collection[int]) -> Document:
    """Return a document without boilerplate: lines that its feed repeats (``known``, hashes), and lines with typical words."""
    if "\n" not in document.body and not known:
        return document
    body, lede = (
        "\n".join(line for line in text.split("\n") if not _is_boilerplate(line, known))
        for text in (document.body, document.lede)
    )
    if body == document.body and lede == document.lede:
        return document
    return replace(document, body=body, lede=lede)


def constant_descriptions(entries: Sequence[EntryData]) -> frozenset[int]:
    """Return the hashes of the lines of texts that stand under many headlines of a feed and describe none of them.

    Versions of one report share their text too, but their headlines share a word that occurs in the text.
    """
    titles: dict[str, set[str]] = defaultdict(set)
    for data in entries:
        for markup in (data.summary, data.content):
            if markup:
                titles[markup].add(data.title)
    found: set[int] = set()
    for markup, its_titles in titles.items():
        if len(its_titles) >= REPEATED and _is_unrelated(text := plain_text(markup), its_titles):
            found |= _hashes(text.split("\n"))
    return frozenset(found)


def _is_unrelated(text: str, titles: Collection[str]) -> bool:
    """Return whether a text has little in common with most of the titles, and the titles little with each other."""
    text_words = _content_words(text)
    title_words = [_content_words(title) for title in titles]
    shared = [(len(own & text_words), len(own)) for own in title_words]
    unrelated = sum(count <= 1 and 2 * count <= length for count, length in shared)
    occurrences = Counter(word for own in title_words for word in own)
    return (
        unrelated >= REPEATED
        and max(occurrences.values(), default=0) <= len(title_words) // 2
        and 2 * unrelated > len(title_words)
    )


def _content_words(text: str) -> frozenset[str]:
    return frozenset(filter(is_content_word, words(text[:20_000])))


def repeated_tails(titles: Collection[str]) -> tuple[str, ...]:
    """Return the endings that several titles of one document share behind a dash or a bar: names of publishers or sections."""
    tails = Counter(part.strip() for title in set(titles) for part in _TITLE_PARTS.split(title)[1:][-2:])
    return tuple(sorted(tail for tail, count in tails.items() if count >= REPEATED))


def _is_boilerplate(line: str, known: Collection[int]) -> bool:
    if len(line) < MIN_CHARACTERS:
        return False
    if (len(line) < 300 and _MARKS.match(line)) or (known and _hash(line) in known):
        return True
    return len(line) <= MAX_CHARACTERS and len({found.casefold() for found in _CONSENT.findall(line)}) >= CONSENTED


def _hashes(lines: Iterable[str]) -> frozenset[int]:
    """Return the hashes of the lines that are neither too short nor too long to be boilerplate."""
    return frozenset(_hash(line) for line in lines if MIN_CHARACTERS <= len(line) <= MAX_CHARACTERS)


def _hash(line: str) -> int:
    folded = _BLANKS.sub(" ", line).strip().casefold()
    return int.from_bytes(
        hashlib.blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True
    )

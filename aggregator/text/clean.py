"""HTML in, safe HTML or plain text out; the only home of nh3 and of resiliparse's extraction.

Everything that a publisher sends goes through ``sanitise`` before it is kept. ``document`` makes the plain text
that clustering, search and the digest read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256

import nh3
from resiliparse.extract.html2text import extract_plain_text

from aggregator.model import Document, EntryData
from aggregator.text.language import primary_language
from aggregator.text.urls import canonical_url

# Above this many tags a text is kept without markup: nested 20,000 deep, elements already cost the sanitiser a second.
MAX_TAGS = 20_000

_SCHEMES = frozenset({"http", "https"})
_TAG = re.compile(r"<[/!?a-zA-Z]")
# Elements that are always removed. If they stayed, a parser would nest their content differently than browsers do, or take
# it for raw characters: the picture inside <noscript> would become words.
_FRAME = re.compile(r"</?(?:iframe|object|applet|marquee|noscript|noembed|noframes)\b[^>]*>?", re.IGNORECASE)
_FRAMES = ("<iframe", "<object", "<applet", "<marquee", "<noscript", "<noembed", "<noframes")
# A page's title is no part of its text. Without an end tag it is left to the parser.
_PAGE_TITLE = re.compile(r"<title\b[^<>]*>[^<]*</title\s*>", re.IGNORECASE)
# Begins with one character so that the search runs at the speed of memchr.
_RELATIVE = re.compile(r"=(?:(?<=href=)|(?<=src=)|(?<=HREF=)|(?<=SRC=))[\"']?\s*(?!https?://)[^\s\"'>]")
_ANY_TAG = re.compile(r'<(?:[^>=]++|="[^"<]*+"|=)*+>?')  # a quoted value may hold ">"
# Inline markup seen in titles; anything else in angle brackets is the author's own text.
_TITLE_TAG = re.compile(
    r"</?(?:a|abbr|acronym|b|bdi|bdo|big|br|cite|code|del|dfn|div|em|font|h[1-6]|i|img|ins|kbd|li|mark|nobr|ol|p|q|s|samp|script|"
    r"small|span|strike|strong|style|sub|sup|time|tt|u|ul|var|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_TITLE_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TITLE_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?h[1-6])\b", re.IGNORECASE)
# Elements that need no parser; nearly all markup of feeds has no others. Captions, tables and preformatted text go to the parser.
_ATTRIBUTES = r'(?: [a-z-]+="[^"]*+")*+'
_BLOCK = r"p|div|br|h[1-6]|ul|ol|li|blockquote|section|header|footer"
_INLINE = r"a|abbr|b|bdi|cite|code|del|em|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|time|u|var|wbr"
_USUAL = re.compile(rf"(?:[^<]++|</?(?:{_BLOCK}|{_INLINE}){_ATTRIBUTES}>)*+")
_USUAL_BLOCK = re.compile(rf"</?(?:{_BLOCK}){_ATTRIBUTES}>")
_SPANS = re.compile(rf"<(?:(?P<end>/)?(?P<span>(?!img|wbr)(?:{_INLINE}))|/?(?:{_BLOCK})){_ATTRIBUTES}>")
_USUAL_INLINE = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}>")
# An element with its content and end tag.
_HIDDEN = tuple(
    (
        re.compile(rf"<{name}\b[^>]*>.*?</{name}\s*>", re.IGNORECASE | re.DOTALL),
        re.compile(rf"</{name}\s*>", re.IGNORECASE),
    )
    for name in ("script", "style")
)
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Escape sequences for terminals are removed whole: without the escape character their rest would stay in the text.
_SEQUENCE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]{0,200}(?:\x07|\x1b\\\\)")


def storable(text: str) -> str:
    """Return ``text`` without characters that SQLite, XML or UTF-8 cannot carry: NUL, other controls, lone surrogates."""
    return text if text.isprintable() else _UNSTORABLE.sub(_replacement, _SEQUENCE.sub("", text))


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if match[0] >= "\ud800" else ""


@lru_cache(maxsize=16)
def _cleaner(base: str | None) -> nh3.Cleaner:
    if base is None:
        return nh3.Cleaner(url_schemes=set(_SCHEMES))
    return nh3.Cleaner(url_schemes=set(_SCHEMES), url_relative=("rewrite_with_base", base))


def sanitise(html: str, base: str | None = None) -> str:
    """Return safe HTML: nothing in it runs, loads by another scheme than http(s), or breaks out of the page.

    With ``base``, an absolute http(s) address, relative links become absolute. Text without markup is returned unchanged.
    """
    html = storable(html)
    if "<" not in html and "&" not in html:
        return html.strip()
    if html.count("<") > MAX_TAGS:
        return _escaped(_ANY_TAG.sub(" ", html)).strip()
    lowered = html.lower()
    if any(name in lowered for name in _FRAMES):
        html = _FRAME.sub("", html)  # its content is text for browsers without frames, not raw characters
    if "<title" in lowered:
        html = _PAGE_TITLE.sub("", html)
    relative = base if base is not None and _RELATIVE.search(html) else None
    return storable(_cleaner(relative).clean(html)).strip()


def _escaped(text: str) -> str:
    return html.escape(html.unescape(text), quote=False)


def plain_text(markup: str) -> str:
    """Return the text of an HTML fragment: one line a block, single blanks, nothing hidden, entities resolved."""
    if "<" in markup and _TAG.search(markup):
        if markup.count("<") > MAX_TAGS:
            markup = _ANY_TAG.sub(" ", markup)
        text = _usual_text(markup) if _is_usual(markup) else _parsed_text(markup)
    elif "&" in markup:
        text = html.unescape(markup)
    else:
        text = markup
    return _tidy_lines(text)


def _is_usual(markup: str) -> bool:
    """Return whether markup needs no parser: usual elements only, and no block or line break inside inline elements.

    The parser inserts a blank after an inline element that holds a block.
    """
    if not _USUAL.fullmatch(markup):
        return False
    inside = 0
    for tag in _SPANS.finditer(markup):
        if tag["span"]:
            inside += -1 if tag["end"] else 1
        elif inside:
            return False
    return True


def _usual_text(markup: str) -> str:
    """Return the same as :func:`_parsed_text`, for markup that needs no parser, in a tenth of the time."""
    text = " ".join(markup.split())
    text = _USUAL_INLINE.sub("", _USUAL_BLOCK.sub("\n", text))
    return html.unescape(text) if "&" in text else text


def _parsed_text(markup: str) -> str:
    found: str = extract_plain_text(storable(markup), preserve_formatting=True, list_bullets=False, alt_texts=False)
    # an unclosed caption must not lose all that follows it
    return found or html.unescape(_ANY_TAG.sub(" ", _without_hidden(markup)))


def _without_hidden(markup: str) -> str:
    """Return markup without scripts and styles; one without an end tag is kept, since it may hold the words of the text."""
    for whole, end in _HIDDEN:
        closed = max((match.end() for match in end.finditer(markup)), default=0)
        markup = whole.sub("", markup[:closed]) + markup[closed:]
    return markup


def _tidy_lines(text: str) -> str:
    lines = [one_line(line) for line in text.split("\n")]
    return "\n".join(filter(None, lines))


def plain_title(markup: str) -> str:
    """Return a title on one line: known markup removed, entities resolved, other angle brackets left as they are."""
    if "<" in markup:
        markup = _without_hidden(markup)
        closed = markup.rfind("-->") + 3
        if closed > 2:  # comments that are never closed are not searched for their end, which would take quadratic time
            markup = _TITLE_COMMENT.sub("", markup[:closed]) + markup[closed:]
        markup = _TITLE_TAG.sub(lambda match: " " if _TITLE_BREAK.match(match[0]) else "", markup)
    if "&" in markup:
        markup = html.unescape(markup)
    return one_line(markup)


def one_line(text: str) -> str:
    """Return ``text`` with each run of blanks as one blank, and without characters that cannot be stored."""
    return " ".join(storable(text).split())


# --- documents -----------------------------------------------------------------------------------

_SEPARATORS = (" - ", " | ", " – ", " — ", " · ", " :: ", " • ", " // ", " « ", " » ", " | ")
_TAIL = re.compile(
    r"""(?:^|(?<=[\s.!?…]))
    (?: the\ post\ .{1,400}?\ (?:first\ )?appeared\ (?:first\ )?on\ .{1,200}
      | (?:der\ beitrag|l['’]articl?e|l['’]articolo|la\ entrada|o\ (?:post|conteúdo)|het\ bericht|artykuł|сообщение|запись|inlägget
        |indlægget|innlegget|příspěvek)\ .{1,400}?\ (?:erschien\ zuerst\ auf|est\ apparu\ en\ premier\ sur|proviene\ da
        |(?:se\ publicó|apareció)\ primero\ en|aparece(?:u)?\ primeiro\ em|verscheen\ (?:eerst|als\ eerste)\ op|pochodzi\ z\ serwisu
        |появил(?:ись|ось|ась)\ (?:сначала|впервые)\ на|dök\ först\ upp\ på|blev\ først\ udgivet\ på|dukket\ først\ opp\ på
        |pochází\ z)\ .{1,200}
      | (?:continue|keep)\ reading(?:\ .{0,200})?
      | (?:click\ here\ to\ )?read\ (?:more|the\ full\ (?:story|article|report)|full\ (?:story|article))(?:\ .{0,120})?
      | (?:weiterlesen|lire\ la\ suite|leer\ más|seguir\ leyendo|leggi\ (?:tutto|anche)
        |lees\ (?:meer|verder)|läs\ mer)(?:\ .{0,120})?
      | (?:share\ this|follow\ us\ on|sign\ up\ for\ our|subscribe\ to\ our)\b.{0,200}
    )[\s.…»>\[\]()→]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_TAIL_WORDS = (
    "appeared", " reading", "read ", "weiterles", "lire la", "leer m", "seguir l", "leggi ", "lees ", "läs ",
    "share this", "follow us", "sign up", "subscribe", "erschien zuerst", "apparu en premier", "proviene da", " primero en",
    " primeiro em", "verscheen ", "z serwisu", "появил", "dök först", "blev først", "dukket først", "pochází z",
)  # fmt: skip
_ELLIPSIS = re.compile(r"(?<!\s)\s*(?:\[?(?:…|\.\.\.)\]?|\[(?:…|\.\.\.|&hellip;)\])\s*$")
# Typography that editors' systems change at will: quotation marks, dashes, invisible characters.
_QUOTES = (
    ("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u2013", "-"), ("\u2014", "-"), ("\u00ad", ""),
    ("\u200b", ""), ("\ufeff", ""), ("\u200e", ""), ("\u200f", ""),
)  # fmt: skip


def document(
    data: EntryData,
    feed_language: str | None = None,
    publisher_names: Sequence[str] = (),
    identify: Callable[[str, str | None], str | None] | None = None,
) -> Document:
    """Return the plain text of an entry, ready to be compared.

    ``publisher_names`` are left out at the end of the title (`` - Example News``). ``identify(text, hint)`` returns
    the language; without it the declared one is taken.
    """
    summary = plain_text(data.summary) if data.summary else ""
    body = plain_text(data.content) if data.content else ""
    content_hash = _content_hash(data.title, summary, body)
    lede, body = _without_tail(summary), _without_tail(body)
    if body and lede and is_beginning(lede, body):
        lede = ""
    title = without_publisher(data.title, publisher_names) if publisher_names or data.source_title else data.title
    if data.source_title:
        title = without_publisher(title, (data.source_title,))
    hint = primary_language(data.language or feed_language)
    language = identify(f"{title}\n{lede or body[:1_000]}", hint) if identify is not None else hint
    link = data.canonical_link or data.link
    return Document(title, lede, body, language, canonical_url(link) if link else None, content_hash)


def without_publisher(title: str, names: Sequence[str]) -> str:
    """Return ``title`` without a trailing `` - Name`` or `` | Name`` for any of ``names``, compared without case."""
    wanted = _folded(tuple(names))
    for _ in range(2):  # "Title | Section - Publisher" carries at most two
        cut = max([(title.rfind(mark), len(mark)) for mark in _SEPARATORS])
        if cut[0] <= 0 or title[cut[0] + cut[1] :].strip().casefold() not in wanted:
            return title
        title = title[: cut[0]].rstrip()
    return title


@lru_cache(maxsize=256)
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(one_line(name).casefold() for name in names if name)


def is_beginning(lede: str, body: str) -> bool:
    """Return whether ``lede`` is only the first words of ``body``, cut off or not."""
    start = _ELLIPSIS.sub("", lede)
    return _comparable(body[: 2 * len(start) + 64]).startswith(_comparable(start))


def _comparable(text: str) -> str:
    return "".join(plain_typography(text).casefold().split())


def plain_typography(text: str) -> str:
    """Return a text with plain quotation marks and dashes, and without invisible characters."""
    if text.isascii():
        return text
    for written, plain in _QUOTES:  # a table for translate() is asked for every character
        if written in text:
            text = text.replace(written, plain)
    return text


def _without_tail(text: str) -> str:
    """Return a text without "Continue reading", "The post … appeared first on …" and the like at its very end."""
    start = max(len(text) - 600, 0)
    end = text[start:].casefold()
    if not any(word in end for word in _TAIL_WORDS):
        return text
    match = _TAIL.search(text, start)
    return text[: match.start()].rstrip() if match is not None and match.start() > 0 else text


def _content_hash(title: str, summary: str, body: str) -> str:
    text = plain_typography(f"{title} \0 {summary} \0 {body}")
    return sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()

"""The parts of a text that change without an edit: times that pass, counters, other headlines, advertisements.

Sites write them into their feeds anew at each poll. They are known by their words, in the languages of most feeds.
"""

from __future__ import annotations

import re

from aggregator.text.tokens import words

_UNITS = (
    "seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|sekunden?|minuten?|stunden?|tage?n?|secondes?|heures?|jours?|segundos?|minutos?|"
    "horas?|d[ií]as?|secondi|minut[oi]|or[ae]|giorn[oi]|dias?"
)
# "3 hours ago" in any sentence; years are left: they are told, and corrected.
_PAST = re.compile(
    rf"\b\d{{1,3}}\s?(?:(?:{_UNITS})\s(?:ago|fa|atrás)|[smhd]\sago|(?:minuut|minuten|uur|dag(?:en)?)\sgeleden|"
    r"(?:minut\w?|godzin\w?|dni|dzień)\stemu|(?:минут\w?|час\w{0,2}|дн\w{1,2}|день)\sназад|(?:хвилин\w?|годин\w?|дн\w{1,2}|день)\sтому)\b|"
    rf"\b(?:vor|il y a|hace|há)\s\d{{1,3}}\s(?:{_UNITS})\b",
    re.IGNORECASE,
)
# Lines that say when, not what: "Last updated: 12:05 GMT".
_MOMENT = re.compile(
    r"^\W*(?:(?:last )?(?:updated|published|modified|posted)\b|zuletzt aktualisiert|aktualisiert|stand:|mis à jour|publié le|actualizado|"
    r"aggiornato|atualizado|bijgewerkt|zaktualizowano|aktualizacja|обновлено|оновлено)[\w\s:.,/()+–-]{0,60}$",
    re.IGNORECASE,
)
_STAMP = re.compile(  # nothing but a day and its time
    r"\W{0,5}(?:\d{1,2}[./-]\d{1,2}[./-](?:\d\d){1,2}|\d{4}-\d\d-\d\d)[\s,T|–-]{1,5}\d{1,2}[:.h]\d\d(?::\d\d)?\s?"
    r"(?:uhr|gmt|utc|ces?t|[ap]m|z|h)?\W{0,5}$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
# What readers did, and how long a text takes: a line of such words and numbers alone counts, and tells nothing.
_COUNTED_WORDS = """
    comment comments post posts participant participants view views share shares like likes points upvotes reposts retweets replies reactions read
    kommentar kommentare aufrufe lesezeit commentaire commentaires vues partages lecture comentario comentarios visitas lecturas
    commenti visualizzazioni condivisioni lettura comentário comentários visualizações leitura reacties weergaven leestijd
    komentarz komentarze komentarzy wyświetleń комментарий комментария комментарии комментариев просмотр просмотра просмотров
    коментар коментарі коментарів перегляд перегляди переглядів
"""
_BESIDE_WORDS = "k m no min mins minute minutes minuten minuti minutos de of di da and und et y e"
_COUNTED = frozenset(_COUNTED_WORDS.split())
_SEEN_BY = ("👁", "👀")  # messengers' sign before the number of readers
_BESIDE = frozenset(_BESIDE_WORDS.split())
# What a line of other headlines, or a paid one, begins with.
_ELSEWHERE = re.compile(
    r"\W*(?:(?:share|like) this|teilen mit|gefällt mir|partager|compartir|condividi|delen|udostępnij|поделиться|"
    r"read also|also read|see also|read next|up next|related(?: (?:stories|articles|topics|news|posts|content))?|more (?:from|on this)\b.{0,40}|"
    r"recommended(?: for you)?|you (?:may|might) also like|most (?:read|popular)|trending(?: now)?|advertisement|sponsored(?: content)?|promoted|"
    r"lesen sie auch|auch interessant|mehr zum thema|das könnte sie auch interessieren|meistgelesen|anzeige|"
    r"(?:à )?lire aussi|voir aussi|sur le même sujet|les plus lus|publicité|"
    r"le[ae] también|te puede interesar|más leídas|publicidad|leggi anche|potrebbe interessarti|i più letti|pubblicità|"
    r"leia (?:também|mais)|veja também|mais lidas|publicidade|lees ook|advertentie|"
    r"czytaj (?:też|także|również)|zobacz (?:też|także|również)|reklama|читайте (?:также|також)|смотрите также|реклама)"
    r"\W*(?:[:|–—-]|$)",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\W{0,2}\d{1,3}[.):]\s+(?=\D)")  # in a ranking
_BRACKETS = re.compile(r"[(\[](?P<inside>[^()\[\]\n]{1,40})[)\]]")  # "Bridge opens (12 comments)"
# With tokens of a reader or a day.
_QUERY = re.compile(r"(?P<page>\bhttps?://[^\s?#<>]{1,300})[?#][^\s<>]*", re.IGNORECASE)
_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff")
MAX_LINE = 300  # characters: a longer line is a paragraph
MAX_COUNTER = 80
MAX_LISTED = 10  # headlines below such a heading


def lasting_title(title: str) -> str:
    """Return a title without counters in brackets and what cannot be seen."""
    title = title.translate(_INVISIBLE)
    return _BRACKETS.sub(_unless_counter, title) if "(" in title or "[" in title else title


def lasting_text(text: str) -> str:
    """Return a text without what changes with the hour, with its readers, or with what else its site has to offer.

    Of addresses in it the page stays, without what follows.
    """
    text = lasting_title(text)
    if "://" in text:
        text = _QUERY.sub(r"\g<page>", text)
    kept: list[str] = []
    listed = 0
    for line in text.split("\n"):
        short = len(line) <= MAX_LINE
        end = line.rstrip()
        headline = short and (end.endswith("...") or not end.endswith((".", "!", "。")))
        if headline and (elsewhere := _ELSEWHERE.match(line)):
            listed = 0 if line[elsewhere.end() :].strip() else MAX_LISTED
        elif headline and listed:
            listed -= 1
        else:
            listed = 0
            if not (short and (_MOMENT.match(line) or _STAMP.match(line) or _is_counter(line))):
                kept.append(line)
    return _PAST.sub(" ", "\n".join(kept))


def without_place(title: str) -> str:
    """Return a title without the place in a ranking that it begins with: "3. Bridge opens"."""
    place = _PLACE.match(title)
    return title[place.end() :] if place else title


def is_list_of_headlines(title: str, text: str) -> bool:
    """Return whether a text is a news search's: the headline with its publisher, and below it what others wrote of it."""
    first, *others = text.split("\n")
    listed = all(len(line) <= MAX_LINE and not line.rstrip().endswith((".", "!", "。")) for line in others)
    return " - " in title and listed and words(first) == words(title)


def _unless_counter(match: re.Match[str]) -> str:
    inside = match["inside"]
    return " " if _is_counter(inside) or _MOMENT.match(inside) else match[0]


def _is_counter(line: str) -> bool:
    """Return whether a line holds numbers, and no words but what is counted."""
    if len(line) > MAX_COUNTER or not any(map(str.isdigit, line)):
        return False
    found = {word.casefold() for word in _WORD.findall(line)}
    if line.lstrip().startswith(_SEEN_BY):
        return found <= _COUNTED | _BESIDE
    return not found.isdisjoint(_COUNTED) and found <= _COUNTED | _BESIDE

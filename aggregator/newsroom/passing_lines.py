"""Recognises the parts of a text that change without an edit: relative times, counters, other headlines, advertisements.

Sites write them into their feeds anew at each poll. They are recognised by their words, in the languages of most feeds.
"""

from __future__ import annotations

import re

from aggregator.text.tokens import words

_UNITS = (
    "seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|sekunden?|minuten?|stunden?|tage?n?|secondes?|heures?|jours?|segundos?|minutos?|"
    "horas?|d[ií]as?|secondi|minut[oi]|or[ae]|giorn[oi]|dias?"
)
# "3 hours ago" in any sentence. Years stay: a text tells and corrects them.
_PAST = re.compile(
    rf"\b\d{{1,3}}\s?(?:(?:{_UNITS})\s(?:ago|fa|atrás)|[smhd]\sago|(?:minuut|minuten|uur|dag(?:en)?)\sgeleden|"
    r"(?:minut\w?|godzin\w?|dni|dzień)\stemu|(?:минут\w?|час\w{0,2}|дн\w{1,2}|день)\sназад|(?:хвилин\w?|годин\w?|дн\w{1,2}|день)\sтому)\b|"
    rf"\b(?:vor|il y a|hace|há)\s\d{{1,3}}\s(?:{_UNITS})\b",
    re.IGNORECASE,
)
# Lines that give the time of an update ("Last updated: 12:05 GMT"), the time it takes to listen, or the number of free articles.
_MOMENT = re.compile(
    r"^\W*(?:(?:(?:last|first) )?(?:updated?|published|modified|posted)\b|zuletzt aktualisiert|aktualisiert|stand:|datum:|veröffentlicht|"
    r"mis à jour|publié le|modifié le|(?:última )?actualiza(?:do|ción)|publicado|aggiornato|pubblicato|atualizado|bijgewerkt|gepubliceerd|"
    r"zaktualizowano|aktualizacja|opublikowano|обновлено|опубликовано|оновлено|опубліковано|(?:son )?güncellen?me|yayınlanma|"
    r"(?:τελευταία )?ενημέρωση|ενημερώθηκε|δημοσίευση|(?:senest |sist )?op(?:p)?dateret|(?:sist )?oppdatert|(?:senast )?uppdaterad|publisert|"
    r"publicerad|päivitetty|julkaistu|aktualizováno|frissítve|(?:utolsó )?frissítés|actualizat|ažurirano|diperbarui|cập nhật|"
    r"(?:最終)?更新(?:日時|时间|時間)?|公開日時|发布时间|發布時間|(?:최종)?수정|입력|آخر تحديث|עודכן|(?:آخرین )?به ?روزرسانی|"
    r"listen to this (?:article|story)|(?:artikel|beitrag) anhören|écouter (?:l['’]|cet )article|you have \d{1,2} (?:free )?(?:articles?|stories))"
    r"(?:[\w\s:：.,/()+–|·•'’-]{0,60}|(?=(?:[^\d\n]{0,60}\d){4})[\w\s:：.,/()+–|·•'’-]{0,90})$",
    re.IGNORECASE,
)
_DAY = r"(?:\d{1,2}[./-]\d{1,2}[./-](?:\d\d){1,2}|\d{4}-\d\d-\d\d|\d{1,2}\.?\s[^\W\d_]{3,12}\.?,?\s\d{4}|[^\W\d_]{3,12}\.?\s\d{1,2},\s\d{4})"
_STAMP = re.compile(  # a line with a date and a time only
    rf"\W{{0,5}}(?:[^\W\d_]{{2,12}}\.?,?\s)?{_DAY}[\s,T|–-]{{1,5}}(?:(?:at|um|à|a las|alle|kl\.?)\s)?\d{{1,2}}[:.h]\d\d(?::\d\d)?\s?"
    r"(?:uhr|gmt|utc|ces?t|[ap]\.?m\.?|z|h|e[ds]?t)?\W{0,5}$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
# Words for what readers did, and for how long a text takes. A line with only such words and numbers is a counter.
_COUNTED_WORDS = """
    comment comments post posts participant participants view views share shares like likes points upvotes reposts retweets replies reactions read
    kommentar kommentare aufrufe lesezeit commentaire commentaires vues partages lecture comentario comentarios visitas lecturas
    commenti visualizzazioni condivisioni lettura comentário comentários visualizações leitura reacties weergaven leestijd
    komentarz komentarze komentarzy wyświetleń комментарий комментария комментарии комментариев просмотр просмотра просмотров
    коментар коментарі коментарів перегляд перегляди переглядів
    hits votes vote rating okunma görüntülenme dilihat lượt 閲覧数 조회수 阅读 閱讀 浏览 瀏覽 مشاهدة مشاهدات قراءة
"""
_BESIDE_WORDS = "kali xem 次 回 k m no min mins minute minutes minuten minuti minutos de of di da and und et y e"
_COUNTED = frozenset(_COUNTED_WORDS.split())
_EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
_SEEN_BY = ("👁", "👀")  # messengers' sign before the number of readers
_BESIDE = frozenset(_BESIDE_WORDS.split())
# The beginning of a line that leads to other headlines, or of an advertisement.
_ELSEWHERE = re.compile(
    r"\W*(?:(?:share|like) this|teilen mit|gefällt mir|partager|compartir|condividi|delen|udostępnij|поделиться|"
    r"read also|also read|see also|read next|up next|related(?: (?:stories|articles|topics|news|posts|content))?|more (?:from|on this)\b.{0,40}|"
    r"recommended(?: for you)?|you (?:may|might) also like|most (?:read|popular)|trending(?: now)?|advertisement|sponsored(?: content)?|promoted|"
    r"(?:story|article) continues (?:below|after)(?: (?:this |the )?(?:ad|advert|advertisement))?|skip advertisement|tags|filed under|"
    r"la suite après (?:cette|la) publicité|(?:der )?artikel wird (?:unten|unterhalb|nach der anzeige) fortgesetzt|"
    r"be the first to comment|soyez le premier à commenter|sé el primero en comentar|"
    r"lesen sie auch|auch interessant|mehr zum thema|das könnte sie auch interessieren|meistgelesen|anzeige|"
    r"(?:à )?lire aussi|voir aussi|sur le même sujet|les plus lus|publicité|"
    r"le[ae] también|te puede interesar|más leídas|publicidad|leggi anche|potrebbe interessarti|i più letti|pubblicità|"
    r"leia (?:também|mais)|veja também|mais lidas|publicidade|lees ook|advertentie|"
    r"czytaj (?:też|także|również)|zobacz (?:też|także|również)|reklama|читайте (?:также|також)|смотрите также|реклама)"
    r"\W*(?:[:|–—-]|$)",
    re.IGNORECASE,
)
# What desks set before a headline while it is new, and agencies before one that they send again.
_HERALD = re.compile(
    r"\W{0,4}(?:(?:breaking(?: news)?|just in|eil(?:meldung)?|live|flash|urgent|en direct|última hora|ultim['’]ora|pilne|срочно|терміново|"
    r"son dakika)\s?(?:[:|–—]|\s-\s|\+{2,3})|(?:UPDATE|UPD|WRAPUP|RPT|LEAD) ?\d{0,2}\s?[-–—:])\s{0,3}(?=\S)",
    re.IGNORECASE,
)
_TICKER = re.compile(r"\+{2,3}\s?\d{1,2}[:.]\d\d(?:\suhr)?\s?\+{2,3}", re.IGNORECASE)
_CUT_OFF = re.compile(r"(?:…|\.{3})[\])]?\s{0,3}\Z")
LEAST_CUT_TITLE, LEAST_CUT_TEXT = 4, 12  # words of a title or text at least that may have been cut off
_PLACE = re.compile(r"\W{0,2}\d{1,3}[.):]\s+(?=\D)")  # in a ranking
_BRACKETS = re.compile(r"[(\[](?P<inside>[^()\[\]\n]{1,40})[)\]]")  # "Bridge opens (12 comments)"
# The query of an address may hold tokens of a reader or a day.
_QUERY = re.compile(r"(?P<page>\bhttps?://[^\s?#<>]{1,300})[?#][^\s<>]*", re.IGNORECASE)
_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff")
MAX_LINE = 300  # characters: a longer line is a paragraph
MAX_COUNTER = 80
MAX_LISTED = 10  # lines below a heading such as "Read also" that count as its headlines


def lasting_title(title: str) -> str:
    """Return a title without labels such as "Breaking:", counters in brackets and invisible characters."""
    title = title.translate(_INVISIBLE)
    if herald := _HERALD.match(title):
        title = title[herald.end() :]
    title = _TICKER.sub(" ", title) if "++" in title else title
    return _without_counters(title)


def lasting_text(text: str) -> str:
    """Return a text without the parts that change without an edit: see the module. Addresses in it lose query and fragment."""
    text = _without_counters(text.translate(_INVISIBLE))
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


def is_longer_cut(before: str, after: str, least: int) -> bool:
    """Return whether a text that was cut off with an ellipsis goes on: an excerpt that its site makes longer, or gives whole.

    ``least`` is the number of words below which dots may be the writer's own.
    """
    if len(after) <= len(before) or not _CUT_OFF.search(before):
        return False
    mine = words(before)[:-1]  # the last may be half a word
    return len(mine) >= least and words(after)[: len(mine)] == mine


def without_place(title: str) -> str:
    """Return a title without the place in a ranking that it begins with: "3. Bridge opens"."""
    place = _PLACE.match(title)
    return title[place.end() :] if place else title


def is_list_of_headlines(title: str, text: str) -> bool:
    """Return whether a text is a news search's: the headline with its publisher, and below it what others wrote of it."""
    first, *others = text.split("\n")
    listed = all(len(line) <= MAX_LINE and not line.rstrip().endswith((".", "!", "。")) for line in others)
    return " - " in title and listed and words(first) == words(title)


def _without_counters(text: str) -> str:
    return _BRACKETS.sub(_unless_counter, text) if "(" in text or "[" in text else text


def _unless_counter(match: re.Match[str]) -> str:
    inside = match["inside"]
    return " " if _is_counter(inside) or _MOMENT.match(inside) else match[0]


def _is_counter(line: str) -> bool:
    """Return whether a line holds a number, and no other words than those of counters."""
    if len(line) > MAX_COUNTER or not any(map(str.isdigit, line)):
        return False
    found = {word.casefold() for word in _WORD.findall(line)}
    if line.lstrip().startswith(_SEEN_BY) or (not found and _EMOJI.search(line)):
        return found <= _COUNTED | _BESIDE
    return not found.isdisjoint(_COUNTED) and found <= _COUNTED | _BESIDE

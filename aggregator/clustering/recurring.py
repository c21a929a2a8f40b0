"""Recognises recurring titles that name no event: briefings, live blogs, weather, markets, quizzes, timetables."""

from __future__ import annotations

import re
from functools import lru_cache

# Phrases of several languages: a title that begins or ends with one names a slot in the day, not an event.
_RECURRING = re.compile(
    r"^\W*(?:(?:your |the )?(?:morning|evening|daily|weekly|weekend|midday|afternoon|friday|monday|sunday|saturday|nightly)\s+"
    r"(?:briefing|brief|digest|round-?up|wrap|update|news(?:letter)?|edition|bulletin|summary|report|quiz|podcast|show|catch-?up|headlines)\b"
    r"|news\s+(?:in brief|round-?up|quiz|summary|wrap)\b|(?:today's|the day's)\s+(?:headlines|top stories|papers)|what(?:'s|’s| is) (?:on|new) today"
    r"|the (?:day|week|weekend) ahead\b|(?:markets?|stocks|shares) at the (?:open|close)\b"
    r"|what (?:we|you) (?:know|need to know|missed)(?: so far| today| this \w+| right now)?\W*$"
    r"|(?:podcast\s*[:|–—-]|release notes\b)"
    r"|weather(?:\W*$|\s*[:|,–—-]|\s+(?:for|forecasts?|reports?|updates?|outlook|today|tonight|tomorrow|this|on|in)\b)"
    r"|(?:horoscopes?|crossword|sudoku|wordle|lottery|quiz of the week)\b|in pictures\b|photos? of the (?:day|week)|letters to the editor"
    r"|(?:market|stock|currency|exchange rate|commodit(?:y|ies)|oil price)s?\s+(?:report|wrap|update|close|summary|round-?up|snapshot)\b"
    r"|(?:five|5|ten|10|six|6|seven|7|three|3)\s+things\s+(?:you need )?to\s+know"
    r"|das wetter|wetter(?:bericht|vorhersage)|börsen(?:bericht|ticker)|(?:morgen|abend|tages)(?:briefing|überblick|schau|zusammenfassung|journal)\b"
    r"|nachrichten(?:überblick| des tages| am (?:morgen|abend|mittag))|presseschau|lottozahlen|horoskop"
    r"|(?:la )?météo\b|revue de presse|le (?:journal|point) d[eu]\b|l'essentiel de l'actu|bourse\s*:|horoscope"
    r"|(?:el )?tiempo (?:hoy|para)\b|resumen (?:de noticias|del día|informativo)|titulares de|últimas noticias"
    r"|(?:il )?meteo\b|rassegna stampa|le notizie del giorno|borsa\s*:|oroscopo"
    r"|previsão do tempo|resumo do dia|het weer\b|nieuwsoverzicht|pogoda\b|przegląd prasy"
    r"|погода|обзор (?:прессы|дня)|главное (?:за|к)|главные новости|прогноз погоди|головне за|новини дня|гороскоп)",
    re.IGNORECASE,
)
# Timetables of what runs regularly; "timetable" alone may be that of a court case.
_TIMETABLE = re.compile(
    r"\b(?:bus|coach|ferry|flight|metro|rail|railway|school|train|tram)\s+timetables?\b|\b(?:tide times|opening hours|tv listings)\b"
    r"|\b(?:bus|fähr|flug|zug|bahn|sommer|winter)?fahrpl[aä]n\w*|\bhoraires? (?:des?|du) (?:bac|bus|ferry|ferries|trains?|tramway)\b"
    r"|\bhorarios? de(?:l| los)? (?:autobuses|autobús|ferry|metro|tren|trenes)\b|\borari (?:dei|degli) (?:traghetti|treni|autobus)\b"
    r"|\brozkład jazdy\b|\bрасписание (?:автобусов|паромов|поездов|электричек)|\bрозклад (?:руху|поїздів|автобусів)",
    re.IGNORECASE,
)
# Pages that follow an event while it runs.
_LIVE = re.compile(
    r"^\W*(?:(?:live|watch live|live blog|live updates?|as it happened|en direct|en (?:vivo|directo)|(?:in )?diretta|ao vivo|na żywo|онлайн)\s*[:|–—-]"
    r"|liveticker|newsblog|newsticker|liveblog)"
    r"|^.{3,40}\blive(?: updates?| blog| news)?\s?:\s"
    r"|(?:[|:–—-]\s*|\(|\b)(?:live(?: updates?| blog| news)?|as it happened|liveticker|live-ticker|newsblog|en direct|en vivo|en directo|in diretta|ao vivo|"
    r"na żywo|онлайн|наживо|morning briefing|evening briefing|podcast)\)?\W*$",
    re.IGNORECASE,
)

LIVE = 0.225  # weight of a live page against 1 for a slot of the day, because it may be on one event

# Labels before the headline of a text about an event rather than on it.
_COMMENT = re.compile(
    r"^\W*(?:analysis|opinion|comment|commentary|editorial|column|explainer|podcast|video|analyse|kommentar|meinung|leitartikel|tribune|"
    r"chronique|éditorial|opinión|análisis|opinione|commento|analisi|opinião|análise|мнение|анализ|колонка|думка|аналіз|opinia|komentarz|analiza)"
    r"\s*[:|]",
    re.IGNORECASE,
)


def is_comment_title(title: str) -> bool:
    """Return whether a title marks a comment on an event."""
    return bool(_COMMENT.match(title))


def is_recurring_title(title: str) -> bool:
    """Return whether a title names a slot that recurs rather than an event."""
    return recurrence(title) > 0


@lru_cache(maxsize=8_192)  # some 2 MB; called when a title arrives, and for each title of a story that grows
def recurrence(title: str) -> float:
    """Return how surely a title names a recurring slot: 1 for a briefing, the weather or a timetable, less for a live page."""
    if _RECURRING.search(title) or _TIMETABLE.search(title):
        return 1.0
    return LIVE if _LIVE.search(title) else 0.0

"""Titles that come again every day and name no event: briefings, live blogs, weather, markets, quizzes."""

from __future__ import annotations

import re

# Each language writes its own; a title that begins or ends so names a slot in the day, not an event.
_RECURRING = re.compile(
    r"^\W*(?:(?:your |the )?(?:morning|evening|daily|weekly|weekend|midday|afternoon|friday|monday|sunday|saturday|nightly)\s+"
    r"(?:briefing|brief|digest|round-?up|wrap|update|news(?:letter)?|edition|bulletin|summary|report|quiz|podcast|show|catch-?up|headlines)\b"
    r"|news\s+(?:in brief|round-?up|quiz|summary|wrap)\b|(?:today's|the day's)\s+(?:headlines|top stories|papers)|what(?:'s|’s| is) (?:on|new) today"
    r"|the (?:day|week|weekend) ahead\b|(?:markets?|stocks|shares) at the (?:open|close)\b"
    r"|what (?:we|you) (?:know|need to know|missed)(?: so far| today| this \w+| right now)?\W*$"
    r"|(?:podcast\s*[:|–—-]|release notes\b)"
    r"|(?:weather|horoscopes?|crossword|sudoku|wordle|lottery|quiz of the week)\b|in pictures\b|photos? of the (?:day|week)|letters to the editor"
    r"|(?:market|stock|currency|exchange rate|commodit(?:y|ies)|oil price)s?\s+(?:report|wrap|update|close|summary|round-?up|snapshot)\b"
    r"|(?:five|5|ten|10|six|6|seven|7|three|3)\s+things\s+(?:you need )?to\s+know|(?:live|watch live|live blog|live updates?|as it happened)\s*[:|–—-]"
    r"|das wetter|wetter(?:bericht|vorhersage)|börsen(?:bericht|ticker)|(?:morgen|abend|tages)(?:briefing|überblick|schau|zusammenfassung|journal)\b"
    r"|nachrichten(?:überblick| des tages| am (?:morgen|abend|mittag))|liveticker|newsblog|newsticker|presseschau|lottozahlen|horoskop"
    r"|(?:la )?météo\b|revue de presse|le (?:journal|point) d[eu]\b|l'essentiel de l'actu|en direct\s*[:|–—-]|bourse\s*:|horoscope"
    r"|(?:el )?tiempo (?:hoy|para)\b|resumen (?:de noticias|del día|informativo)|titulares de|en (?:vivo|directo)\s*[:|–—-]|últimas noticias"
    r"|(?:il )?meteo\b|rassegna stampa|le notizie del giorno|(?:in )?diretta\s*[:|–—-]|borsa\s*:|oroscopo"
    r"|previsão do tempo|resumo do dia|ao vivo\s*[:|–—-]|het weer\b|nieuwsoverzicht|liveblog|pogoda\b|przegląd prasy|na żywo\s*[:|–—-]"
    r"|погода|обзор (?:прессы|дня)|главное (?:за|к)|главные новости|онлайн\s*[:|–—-]|прогноз погоди|головне за|новини дня|гороскоп)",
    re.IGNORECASE,
)
_LIVE_TAIL = re.compile(
    r"^.{3,40}\blive(?: updates?| blog| news)?\s?:\s"
    r"|(?:[|:–—-]\s*|\(|\b)(?:live(?: updates?| blog| news)?|as it happened|liveticker|live-ticker|newsblog|en direct|en vivo|en directo|in diretta|ao vivo|"
    r"na żywo|онлайн|наживо|morning briefing|evening briefing|podcast)\)?\W*$",
    re.IGNORECASE,
)

# What a paper sets before the headline of a text about an event rather than on it.
_COMMENT = re.compile(
    r"^\W*(?:analysis|opinion|comment|commentary|editorial|column|explainer|podcast|video|analyse|kommentar|meinung|leitartikel|tribune|"
    r"chronique|éditorial|opinión|análisis|opinione|commento|analisi|opinião|análise|мнение|анализ|колонка|думка|аналіз|opinia|komentarz|analiza)"
    r"\s*[:|]",
    re.IGNORECASE,
)


def is_comment_title(title: str) -> bool:
    """Tell whether a title says that its text comments on an event."""
    return bool(_COMMENT.match(title))


def is_recurring_title(title: str) -> bool:
    """Tell whether a title names a slot that recurs rather than an event."""
    return bool(_RECURRING.search(title) or _LIVE_TAIL.search(title))

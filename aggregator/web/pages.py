"""The pages: stories, one story, an entry, search, feeds, decisions, editions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Self, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from aggregator import Aggregator
from aggregator.desk.layouts import renderer
from aggregator.digest.render import FORMATS, MEDIA_TYPES
from aggregator.digest.wording import Clock
from aggregator.model import Entry, Report, Story
from aggregator.newsroom.timeline import Timeline
from aggregator.settings import Format
from aggregator.web.conditional import conditional
from aggregator.web.last_visit import last_visit, note_visit
from aggregator.web.lists import SORTS, WINDOWS, filters_of, listed
from aggregator.web.newsrooms import Newsrooms
from aggregator.web.rendering import clock_of, page

# A digest has its styles inside its elements, for mail programs.
_EDITION_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HITS, _DECISIONS = 50, 100
_LEFT, _WIDTH = 4.5, 91.0  # the plot of a timeline, in per cent of its row
_MOST_FINDINGS = 12
_MOST_NEIGHBOURS = 20  # the last seen stories of a storyline that a page shows

View = Callable[[Request], Response]


def view(act: Callable[[Request, Aggregator], Response]) -> View:
    """Return an endpoint that lends a newsroom to ``act``."""

    def endpoint(request: Request) -> Response:
        newsrooms: Newsrooms = request.app.state.newsrooms
        with newsrooms.one() as app:
            return act(request, app)

    return endpoint


def _clock(app: Aggregator) -> Clock:
    return clock_of(app.settings.digest, app.clock())


def _stories(request: Request, app: Aggregator, shown: dict[str, Any], name: str) -> HTMLResponse:
    """Return the page with the list on its left and ``shown`` on its right."""
    filters = filters_of(request.query_params)
    rows, more = listed(app, filters)
    now = app.clock()
    given: dict[str, Any] = {
        "filters": filters,
        "rows": rows,
        "more": more,
        "sorts": SORTS,
        "windows": WINDOWS,
        "clock": clock_of(app.settings.digest, now),
        "now": now,
        "stories_off": not app.settings.stories.enabled,
        "live": True,
        **shown,
    }
    response = page(request, name, **given)
    note_visit(request, response, now)
    return response


@view
def stories(request: Request, app: Aggregator) -> Response:
    """The list of stories; on a wide screen the state of the newsroom is beside it."""
    rooms: Newsrooms = request.app.state.newsrooms
    return _stories(request, app, {"status": rooms.status(app), "story": None}, "stories.html")


@view
def story(request: Request, app: Aggregator) -> Response:
    """One story beside the list."""
    found = app.story(request.path_params["story"])
    since = last_visit(request, app.clock()) or app.last_read()
    return _stories(request, app, story_values(app, found, since), "story.html")


def story_values(app: Aggregator, found: Story, since: datetime) -> dict[str, Any]:
    """Return the values for the page of one story."""
    timeline = app.timeline(found)
    decisions = app.decisions(1)
    neighbours = app.neighbours(found)[:_MOST_NEIGHBOURS]
    return {
        "neighbours": neighbours,
        "ties": app.ties(found, neighbours, in_window=False),
        "story": found,
        "summary": found.summary,
        "storyline": found.summary.storyline,
        "since": since,
        "novelty": app.news_of(found, since) if found.summary.first_seen < since else None,  # else all of it is new
        "most_findings": _MOST_FINDINGS,
        "corrections": app.corrections(found),
        "edits": app.edits(found),
        "whys": app.whys(found),
        "timeline": timeline,
        "lanes": lanes(timeline),
        "reports": [ReportShown.of(report, found) for report in _by_age(found)],
        "last_decision": decisions[0] if decisions and decisions[0].undone_at is None else None,
    }


@view
def entry(request: Request, app: Aggregator) -> Response:
    """One entry: its text, its versions, and what each edit changed."""
    found = app.entry(request.path_params["entry"])
    earlier = [revision.number for revision in app.revisions(found.id)]
    steps = list(pairwise([*earlier, None]))  # the last is compared with the present version
    edits = [app.edit(found.id, *numbers) for numbers in reversed(steps)]
    return page(
        request,
        "entry.html",
        entry=found,
        text=app.text(found.id),
        edits=edits,
        amendments=app.amendments(found.id),
        clock=_clock(app),
    )


@view
def search(request: Request, app: Aggregator) -> Response:
    """Full text over entries."""
    wanted = request.query_params.get("q", "").strip()[:200]
    hits = app.search(wanted, _HITS) if wanted else []
    return page(request, "search.html", wanted=wanted, hits=hits, most=_HITS, clock=_clock(app))


@view
def feeds(request: Request, app: Aggregator) -> Response:
    """The health of the feeds; those that need attention come first."""
    rooms: Newsrooms = request.app.state.newsrooms
    order = ("failing", "gone", "silent", "new", "paused", "ok")
    rows = sorted(rooms.feed_health(app), key=lambda row: (order.index(row.state), row.feed.casefold()))
    counts = {state: sum(row.state == state for row in rows) for state in order}
    return page(request, "feeds.html", rows=rows, counts=counts, clock=_clock(app))


@view
def decisions(request: Request, app: Aggregator) -> Response:
    """The editors' verbs, newest first."""
    rows = app.decisions(_DECISIONS)
    last = next((row.id for row in rows if row.undone_at is None), None)
    return page(request, "decisions.html", rows=rows, last=last, most=_DECISIONS, clock=_clock(app))


@view
def editions(request: Request, app: Aggregator) -> Response:
    """The stored editions, newest first."""
    return page(request, "editions.html", rows=app.editions(), formats=FORMATS, clock=_clock(app))


@view
def edition(request: Request, app: Aggregator) -> Response:
    """A stored edition; ``latest`` is the newest."""
    name = request.path_params["edition"]
    form = request.query_params.get("format", "html")
    kept = app.kept_edition(None if name == "latest" else name)
    headers = {"content-security-policy": _EDITION_POLICY} if form == "html" else {}
    shown = renderer(app.settings.digest, app.store.path)(kept, form)
    if form in ("atom", "jsonfeed"):
        return conditional(request, shown, MEDIA_TYPES[cast(Format, form)])
    return Response(shown, media_type=MEDIA_TYPES[cast(Format, form)], headers=headers)


# --- one story -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportShown:
    """A report on the page: its first entry, with the copies folded below it."""

    id: str
    agency: str | None
    first: Entry
    copies: tuple[Entry, ...]

    @classmethod
    def of(cls, report: Report, story: Story) -> Self:
        """Return a report with the story's canonical entry before its oldest one."""
        canonical = story.summary.canonical_entry
        first, *copies = sorted(report.entries, key=lambda one: (one.id != canonical, one.time, one.id))
        return cls(report.id, report.agency, first, tuple(copies))


def _by_age(story: Story) -> list[Report]:
    canonical = story.summary.canonical_entry
    return sorted(
        story.reports,
        key=lambda one: (
            all(entry.id != canonical for entry in one.entries),
            min(entry.time for entry in one.entries),
            one.id,
        ),
    )


@dataclass(frozen=True, slots=True)
class Lane:
    """One publisher's row of a timeline; positions are per cent of the width."""

    publisher: str
    agency: str | None
    lag: timedelta
    dated: bool
    start: float
    end: float
    marks: tuple[tuple[float, Any], ...]


def lanes(shown: Timeline) -> list[Lane]:
    """Return a timeline as rows with the positions of their signs."""
    span = shown.end - shown.start

    def place(moment: datetime) -> float:
        return round(_LEFT + (_WIDTH * ((moment - shown.start) / span) if span else 0.0), 2)

    rows = []
    for one in shown.publishers:
        marks = tuple((place(mark.time), mark) for mark in shown.marks if mark.publisher == one.publisher)
        places = [at for at, _ in marks] or [place(one.time)]
        rows.append(Lane(one.publisher, one.agency, one.lag, one.dated, min(places), max(places), marks))
    return rows

"""When a watch speaks up: once for a story, again only with reason, and never twice for the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aggregator.newsroom.alerts import Alerted, Cause, alerted_by, decide, past_alerts, voice_names
from aggregator.newsroom.watches import Matcher, Reading, WatchQuery
from aggregator.settings import WatchSettings
from tests.newsroom.made import MOMENT, made_entry

RULES = WatchSettings(more_publishers=2, fact_sources=2)
STRIKE = Matcher(WatchQuery(words=("strike",)))
TITLE = "Port strike goes on"


def told_by(
    number: int, text: str = "", *, publisher: str = "", report: str = "", title: str = TITLE, correction: str | None = None,
    language: str = "en", agency: str | None = None, revisions: int = 0, backlog: bool = False,
) -> Reading:  # fmt: skip
    entry = made_entry(
        f"e{number}",
        publisher or f"Paper {number}",
        title=title,
        minutes=number,
        report=report or f"r{number}",
        correction=correction,
        language=language,
        agency=agency,
    )
    return Reading(replace(entry, revisions=revisions, backlog=backlog), text)


def reason(story: list[Reading], told: dict[str, Alerted], matcher: Matcher = STRIKE, **earlier: str) -> str | None:
    cause = decide(matcher, story, told, RULES, earlier)
    return None if cause is None else cause.reason


def test_a_story_is_told_once() -> None:
    story = [told_by(1)]
    assert reason(story, {}) == "new"
    assert reason(story, alerted_by(STRIKE, story)) is None


def test_a_kill_confirms_nothing() -> None:
    story = [told_by(1), told_by(2, correction="kill"), told_by(3, correction="correction")]
    assert voice_names(reading.entry for reading in story) == {"Paper 1", "Paper 3"}


def test_what_does_not_fit_is_not_told() -> None:
    assert reason([told_by(1, title="Ferry runs again")], {}) is None


def test_a_backlog_that_joins_a_told_story_is_no_reason_to_speak_again() -> None:
    first = told_by(1)
    told = alerted_by(STRIKE, [first])
    stock = [
        told_by(n, "It cost 40 million crowns.", backlog=True, correction="correction" if n == 4 else None)
        for n in (2, 3, 4)
    ]
    assert reason([first, *stock], told) is None
    assert reason([first, *(told_by(n) for n in (2, 3))], told) == "publishers"


def test_what_was_there_before_the_watch_is_in_no_first_alert() -> None:
    story = [told_by(1), told_by(2)]
    assert decide(STRIKE, story, {}, RULES, old={"e1", "e2"}) is None
    cause = decide(STRIKE, story, {}, RULES, old={"e1"})
    assert cause is not None
    assert (cause.reason, cause.entries) == ("new", ("e2",))


def test_a_backlog_is_no_news_until_something_new_fits() -> None:
    old = told_by(1, backlog=True)
    assert reason([old], {}) is None
    assert reason([old, told_by(2, title="Ferry runs again")], {}) is None
    assert reason([old, told_by(2)], {}) == "new"


def test_more_publishers_count_only_where_they_are_independent() -> None:
    story = [told_by(1, report="r1")]
    told = alerted_by(STRIKE, story)
    copies = [told_by(number, report="r1") for number in range(2, 9)]
    wires = [told_by(number, agency="AP") for number in range(10, 14)]
    own = [told_by(20), told_by(21)]
    assert reason(story + copies, told) is None
    assert reason(story + wires, told) is None  # one agency, whatever they made of it
    assert reason(story + own[:1], told) is None
    cause = decide(STRIKE, story + copies + own, told, RULES)
    assert cause == Cause(
        "publishers",
        "2 more independent publishers, 3 in all: Paper 20, Paper 21.",
        tuple(one.entry.id for one in (*copies, *own)),
    )


def test_a_correction_is_told_even_where_its_text_no_longer_fits() -> None:
    story = [told_by(1), told_by(2)]
    told = alerted_by(STRIKE, story)
    killed = [replace_title(story[0], "KILL: do not use"), story[1]]
    killed[0] = Reading(replace(killed[0].entry, correction="kill"), "")
    cause = decide(STRIKE, [killed[0]], told, RULES)
    assert cause is not None
    assert (cause.reason, cause.sentence, cause.entries) == ("correction", "Kill: Paper 1.", ("e1",))
    assert reason(killed, alerted_by(STRIKE, killed)) is None


def replace_title(reading: Reading, title: str) -> Reading:
    return Reading(replace(reading.entry, data=replace(reading.entry.data, title=title)), reading.text)


def test_copies_of_a_correction_are_one() -> None:
    story = [told_by(1, report="r1")]
    first = [*story, told_by(2, report="r2", correction="correction")]
    assert reason(first, alerted_by(STRIKE, story)) == "correction"
    copies = [*first, told_by(3, report="r2", correction="correction")]
    assert reason(copies, alerted_by(STRIKE, first)) is None
    killed = [*first, told_by(3, report="r2", correction="kill", publisher="Paper 2")]
    assert reason(killed, alerted_by(STRIKE, first)) == "correction"


def test_a_kill_of_another_house_s_text_is_no_correction() -> None:
    story = [told_by(1, report="r1", agency="Reuters"), told_by(2, report="r2")]
    for claim in (
        told_by(3, report="r1", correction="kill", agency="Reuters"),
        told_by(3, report="r2", correction="withdrawn"),
        told_by(3, report="r3", correction="kill"),
    ):
        assert reason([*story, claim], alerted_by(STRIKE, story)) is None


def test_one_paper_that_names_many_agencies_is_one_voice() -> None:
    agencies = ("Reuters", "AP", "AFP", "dpa", None)
    claims = [told_by(number, publisher="Blog", agency=agency).entry for number, agency in enumerate(agencies, 1)]
    assert len(voice_names(claims)) == 1
    others = [told_by(11, agency="AP").entry, told_by(12, agency="AP").entry, told_by(13).entry]
    assert len(voice_names(others)) == 2
    assert len(voice_names([*claims, *others])) == 2


def test_a_new_number_is_a_fact_when_two_sources_tell_it() -> None:
    known = [told_by(1, "At least 12 people were hurt in the port strike.")]
    told = alerted_by(STRIKE, known)
    one = told_by(2, "At least 40 people were hurt, police said.")
    copy = told_by(3, "At least 40 people were hurt, police said.", report="r2")
    same = told_by(4, "Police said 12 people were hurt on the quay.")
    other = told_by(5, "The number of hurt rose to 40 by evening.")
    rules = replace(RULES, more_publishers=9)
    assert decide(STRIKE, [*known, one, copy, same], told, rules) is None
    cause = decide(STRIKE, [*known, one, other], told, rules)
    assert cause == Cause("facts", "New facts: 40.", ("e2", "e5"), ("40",))


def test_a_new_name_is_a_fact_but_not_in_a_language_new_to_the_story() -> None:
    known = [told_by(1, "The strike was called by the dockers of the northern port.")]
    told = alerted_by(STRIKE, known)
    rules = replace(RULES, more_publishers=9)
    named = [told_by(n, "The union is led by Anna Kovac since Monday.") for n in (2, 3)]
    cause = decide(STRIKE, known + named, told, rules)
    assert cause is not None
    assert (cause.reason, cause.facts) == ("facts", ("Anna Kovac",))
    foreign = [told_by(n, "Le syndicat est dirigé par Anna Kovac depuis lundi.", language="fr") for n in (2, 3)]
    assert decide(STRIKE, known + foreign, told, rules) is None


def test_a_watch_on_one_publisher_needs_no_second_source() -> None:
    matcher = Matcher(WatchQuery(publishers=("Paper 1",)))
    known = [told_by(1, "At least 12 people were hurt.")]
    more = told_by(2, "At least 40 people were hurt.", publisher="Paper 1")
    assert reason([*known, more], alerted_by(matcher, known), matcher) == "facts"


def test_an_edit_brings_facts_against_what_the_entry_said_before() -> None:
    matcher = Matcher(WatchQuery(publishers=("Paper 1",)))
    told = alerted_by(matcher, [told_by(1, "At least 12 people were hurt.")])
    edited = told_by(1, "At least 40 people were hurt, not 12.", revisions=1)
    before = "Port strike goes on\nAt least 12 people were hurt."
    cause = decide(matcher, [edited], told, RULES, {"e1": before})
    assert cause is not None
    assert cause.facts == ("40",)
    assert reason([edited], alerted_by(matcher, [edited]), matcher) is None


def test_an_entry_edited_until_it_no_longer_fits_is_not_told_anew() -> None:
    story = [told_by(1)]
    told = alerted_by(STRIKE, story)
    changed = [replace_title(story[0], "Ferries run again"), told_by(2)]
    assert reason(changed, told) is None


def test_stories_that_were_told_may_merge_and_part_in_silence() -> None:
    left, right = [told_by(1), told_by(2)], [told_by(3), told_by(4), told_by(5)]
    told = {**alerted_by(STRIKE, left), **alerted_by(STRIKE, right)}
    assert reason(left + right, told) is None
    assert reason(right[:1], told) is None


def test_what_leaves_a_story_and_fits_later_is_told() -> None:
    story = [told_by(1), told_by(2, title="Ferries run again")]
    told = alerted_by(STRIKE, story)
    assert reason([story[1]], told) is None
    assert reason([story[1], told_by(3)], told) == "new"


def test_a_rehearsal_tells_what_would_have_come_when() -> None:
    story = [told_by(n) for n in range(1, 6)]
    alerts = past_alerts(STRIKE, story, RULES)
    assert [(int((at - MOMENT).total_seconds() / 60), cause.reason) for at, cause in alerts] == [
        (1, "new"),
        (3, "publishers"),
        (5, "publishers"),
    ]


ENTRIES = st.lists(
    st.builds(
        told_by,
        st.integers(1, 40),
        st.sampled_from(
            ["", "Some 40 were hurt.", "Anna Kovac leads the union. It has 300 members.", "Il y a 55 blessés."]
        ),
        publisher=st.sampled_from(["Times", "Ledger", "Courier", "Gazette"]),
        report=st.sampled_from(["r1", "r2", "r3", "r4", "r5"]),
        title=st.sampled_from([TITLE, "Ferries run again", "KILL: strike"]),
        correction=st.sampled_from([None, None, "correction", "kill"]),
        language=st.sampled_from(["en", "fr"]),
        agency=st.sampled_from([None, None, "AP", "dpa"]),
    ),
    max_size=10,
    unique_by=lambda reading: reading.entry.id,
)


@given(ENTRIES)
def test_nothing_is_told_twice(story: list[Reading]) -> None:
    assert decide(STRIKE, story, alerted_by(STRIKE, story), RULES, backlog=True) is None


@given(ENTRIES, st.randoms())
def test_the_order_of_entries_changes_nothing(story: list[Reading], chance: object) -> None:
    shuffled = list(story)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    told = alerted_by(STRIKE, story[: len(story) // 2])
    assert decide(STRIKE, story, told, RULES) == decide(STRIKE, shuffled, told, RULES)


@given(ENTRIES, st.integers(0, 1023))
def test_parting_a_story_that_was_told_says_nothing(story: list[Reading], part: int) -> None:
    told = alerted_by(STRIKE, story)
    leaving = [one for place, one in enumerate(story) if part >> place & 1]
    assert decide(STRIKE, leaving, told, RULES, backlog=True) is None


@given(ENTRIES)
def test_a_rehearsal_begins_with_the_story_and_never_with_its_growth(story: list[Reading]) -> None:
    reasons = [cause.reason for _, cause in past_alerts(STRIKE, story, RULES)]
    assert reasons[:1] in ([], ["new"])
    assert "new" not in reasons[1:]
    assert bool(reasons) == any(STRIKE.matches(one) for one in story)


@given(ENTRIES)
def test_voices_are_never_more_than_reports(story: list[Reading]) -> None:
    entries = [one.entry for one in story]
    assert len(voice_names(entries)) <= len({entry.report_id for entry in entries})

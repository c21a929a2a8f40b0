from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.digest.edition import build
from aggregator.digest.frozen import from_json, to_json
from aggregator.digest.render import render
from aggregator.digest.story import quote, score
from aggregator.digest.values import Correction, Edition, Headline, Material, Passage, WhatIsNew, Window, edition_id
from aggregator.model import Entry, Flag, Story, StorylineMention
from aggregator.settings import DigestSettings
from tests.digest.desk import NEWS, SETTINGS, SINCE, UNTIL, WINDOW, edition, entry, story, summit
from tests.examples import examples


def shown(made: Edition, key: str) -> list[str]:
    return [line.id for section in made.sections if section.key == key for line in section.stories]


def two(name: str, *, hours: float = 2.0, publisher: str = "Aurora", authority: int = 50) -> Story:
    return story(
        name,
        (entry(f"e{name}a", publisher, hours=hours, authority=authority),),
        (entry(f"e{name}b", "Borealis", hours=hours, authority=authority),),
    )


def score_of(told: Story, window: Window) -> float:
    return score(told.reports, window)


def test_independent_publishers_decide_and_copies_do_not() -> None:
    copied = story("s1", tuple(entry(f"e{n}", f"Paper {n}", agency="CP") for n in range(20)))
    confirmed = two("s2", hours=1)
    made = edition(Material(copied), Material(confirmed))
    assert shown(made, "top") == ["s2", "s1"]
    assert [line.independent for line in made.stories()] == [2, 1]


def test_a_kill_is_no_report_of_its_own() -> None:
    kill = entry("e9", "Continental Press", own=True, correction="kill")
    made = edition(Material(story("s1", (entry("e1", "Aurora"),), (entry("e2", "Borealis"),), (kill,))))
    assert [(line.reports, line.publishers, line.independent) for line in made.stories()] == [(3, 3, 2)]


def test_authority_and_recency_weigh() -> None:
    assert score_of(two("s1", authority=80), WINDOW) > score_of(two("s1", authority=40), WINDOW)
    assert score_of(two("s1", hours=20), WINDOW) > score_of(two("s1", hours=1), WINDOW)


def test_equal_stories_are_ordered_by_what_stands_for_them_whatever_their_ids() -> None:
    assert shown(edition(Material(two("s2")), Material(two("s1"))), "top") == ["s1", "s2"]
    named_otherwise = [
        replace(one, summary=replace(one.summary, id=name)) for one, name in ((two("s2"), "s0"), (two("s1"), "s9"))
    ]
    made = edition(*map(Material, named_otherwise))
    assert shown(made, "top") == ["s9", "s0"]
    assert made.known == ("s9", "s0")


@settings(max_examples=examples(30))
@given(st.permutations(range(12)))
def test_order_of_stories_given_does_not_matter(order: list[int]) -> None:
    materials = [Material(two(f"s{n}", hours=n % 5, publisher=f"Paper {n % 3}")) for n in range(12)]
    assert edition(*(materials[n] for n in order)) == edition(*materials)


@settings(max_examples=examples(50))
@given(
    st.lists(st.tuples(st.integers(-40, 23), st.integers(1, 3), st.sampled_from(["defence", "world", None]))),
    st.integers(1, 4),
)
def test_every_story_appears_once_or_is_counted_as_left_out(
    shape: list[tuple[int, int, str | None]], per_publisher: int
) -> None:
    materials = [
        Material(
            story(
                f"s{place}", *((entry(f"e{place}-{n}", f"P{n}", hours=hours),) for n in range(wide)), category=category
            )
        )
        for place, (hours, wide, category) in enumerate(shape)
    ]
    made = edition(*materials, settings=DigestSettings(top=2, developing=2, new=2, rest=2, per_publisher=per_publisher))
    ids = [line.id for line in made.stories()]
    assert len(ids) == len(set(ids))
    current = [hours for hours, _, _ in shape if hours >= 0]
    assert len(ids) + sum(section.more for section in made.sections) == len(current)
    for section in made.sections:
        if section.key != "rest":
            counts = [line.publisher for line in section.stories]
            assert all(counts.count(name) <= per_publisher for name in counts)


def test_story_of_previous_edition_is_carried_over_with_its_gain() -> None:
    before = edition(Material(two("s1")))
    grown = story(
        "s1",
        (entry("es1a", "Aurora"),),
        (entry("es1b", "Borealis"),),
        (entry("es1c", "Corriere"), entry("es1d", "Diário")),
    )
    line = next(iter(edition(Material(grown, new=NEWS), previous=before).stories()))
    assert line.flags == (Flag.UPDATED,)
    assert (line.gained_entries, line.gained_reports, line.gained_publishers) == (2, 1, 2)
    assert line.new == NEWS


def test_story_known_under_an_id_that_was_merged_away_is_carried_over() -> None:
    before = edition(Material(two("s1")))
    merged = replace(two("s0"), merged_from=("s1",))
    line = next(iter(edition(Material(merged), previous=before).stories()))
    assert line.flags == (Flag.UPDATED,)
    assert line.gained_entries == 0


def older(name: str) -> Story:
    """Make a story that began before the window and goes on in it."""
    return story(name, (entry(f"e{name}a", "Aurora", hours=-5),), (entry(f"e{name}b", "Borealis", hours=3),))


def test_story_older_than_the_window_is_not_new_without_a_previous_edition() -> None:
    line = next(iter(edition(Material(older("s1"))).stories()))
    assert line.flags == (Flag.UPDATED,)
    assert line.gained_entries is None


def test_new_facts_are_not_listed_for_a_new_story() -> None:
    line = next(iter(edition(Material(two("s1"), new=NEWS)).stories()))
    assert line.flags == (Flag.NEW,)
    assert not line.new


def test_sections_follow_one_another() -> None:
    small = SETTINGS.__class__(top=1, developing=1, new=1)
    made = edition(
        Material(summit()),
        Material(older("s1"), new=NEWS),
        Material(two("s2")),
        Material(story("s3", (entry("e31", "Aurora"),), category="world")),
        Material(story("s4", (entry("e41", "Aurora"),), category=None)),
        settings=small,
    )
    assert [(section.key, section.title, section.folded) for section in made.sections] == [
        ("top", "Top stories", False),
        ("developing", "Developing", False),
        ("new", "New", False),
        ("rest", "World", True),
        ("rest", "Other", True),
    ]


def test_also_names_each_publisher_once_independent_ones_first() -> None:
    line = next(iter(edition(Material(summit())).stories()))
    assert [source.publisher for source in line.also][:2] == ["Aurora", "Lumière"]
    assert len(line.also) + line.more == 19
    assert line.copies == (("CP", 17),)


def test_also_takes_a_publishers_report_before_its_live_page() -> None:
    live = entry("e2", "Aurora", title="Live: strike", hours=1)
    report = entry("e3", "Aurora", title="Strike closes the port", hours=3)
    told = story("s1", (entry("e1", "Continental Press"),), (live,), (report,), (entry("e4", "Borealis", hours=4),))
    made = edition(Material(told, running=frozenset({"e2"})))
    [line] = made.stories()
    assert [(one.publisher, one.entry) for one in line.also] == [("Aurora", "e3"), ("Borealis", "e4")]
    alone = story("s1", (entry("e1", "Continental Press"),), (live,), (entry("e4", "Borealis", hours=4),))
    [line] = edition(Material(alone, running=frozenset({"e2"}))).stories()
    assert [one.publisher for one in line.also] == ["Borealis", "Aurora"]  # it has nothing better


def test_canonical_copy_is_not_counted_among_the_copies() -> None:
    copied = story("s1", tuple(entry(f"e{n}", f"Paper {n}", agency="CP") for n in range(4)))
    assert next(iter(edition(Material(copied)).stories())).copies == (("CP", 3),)


def test_corrections_come_from_the_entries_of_the_window() -> None:
    fixed = story("s1", (entry("e1", "Aurora", correction="correction", hours=4),), (entry("e2", "B"),))
    old = story("s2", (entry("e3", "Aurora", correction="correction", hours=-4),))
    made = edition(Material(fixed), Material(old))
    assert [(notice.story, notice.kind, notice.publisher) for notice in made.corrections] == [
        ("s1", "correction", "Aurora")
    ]
    assert "s1" in shown(made, "top")


def test_entry_edited_into_a_correction_counts_from_its_edit() -> None:
    old = story("s1", (entry("e1", "Aurora", correction="correction", hours=-4),))
    edited = ("e1", SINCE + timedelta(hours=6))
    made = edition(Material(old, edited=(edited,)))
    assert [(notice.entry, notice.time) for notice in made.corrections] == [edited]
    later = (("e1", UNTIL + timedelta(hours=1)),)
    assert edition(Material(old, edited=later)).nothing_new


def test_story_to_which_nothing_happened_is_left_out() -> None:
    quiet = two("s1", hours=-5)
    assert edition(Material(quiet)).nothing_new
    touched = Material(quiet, edited=(("es1a", SINCE + timedelta(hours=1)),))
    assert [line.id for line in edition(touched).stories()] == ["s1"]


def test_withdrawn_story_appears_among_the_corrections_alone() -> None:
    killed = story("s1", (entry("e1", "CP", correction="kill"),), (entry("e2", "Aurora"),))
    made = edition(Material(killed), Material(two("s2")))
    assert [line.id for line in made.stories()] == ["s2"]
    assert [notice.story for notice in made.corrections] == ["s1"]
    assert made.known == ("s1", "s2")


def test_story_is_withdrawn_when_the_agency_behind_it_sends_a_kill() -> None:
    copied = entry("e1", "Aurora", agency="CP")
    kill = entry("e2", "Continental Press", agency="CP", own=True, correction="kill")
    made = edition(Material(story("s1", (copied,), (kill,))))
    assert not list(made.stories())
    assert [notice.entry for notice in made.corrections] == ["e2"]


def test_story_of_several_survives_the_withdrawal_of_one() -> None:
    made = edition(Material(story("s1", (entry("e1", "Aurora"),), (entry("e2", "Borealis", correction="retraction"),))))
    assert [line.id for line in made.stories()] == ["s1"]
    assert [notice.entry for notice in made.corrections] == ["e2"]


def test_withdrawals_stand_before_corrections() -> None:
    made = edition(
        Material(story("s1", (entry("e1", "A", correction="correction", hours=9),))),
        Material(story("s2", (entry("e2", "A", correction="withdrawn", hours=2),))),
    )
    assert [notice.story for notice in made.corrections] == ["s2", "s1"]


def test_empty_edition_says_that_nothing_is_new() -> None:
    assert edition().nothing_new
    assert not edition(Material(two("s1"))).nothing_new


def test_edition_id_is_the_window_in_utc() -> None:
    assert edition_id(WINDOW) == "20260309T050000Z-20260310T050000Z"


def test_window_without_length_ranks_without_recency() -> None:
    point = Window(UNTIL, UNTIL)
    assert score_of(two("s1"), point) == 2.0


class TestQuote:
    def test_passes_over_a_repeated_headline_and_a_byline(self) -> None:
        sentences = [
            "Chiefs of defence meet by video link!",
            "By A. Writer.",
            "The chiefs met for two hours on Tuesday.",
        ]
        assert quote(sentences, "Chiefs of defence meet by video link") == "The chiefs met for two hours on Tuesday."

    def test_passes_over_the_note_on_a_corrected_dispatch(self) -> None:
        lede = "The chiefs met for two hours on Tuesday."
        assert quote(["(Corrects the number in the third paragraph.", lede], "") == lede
        assert quote(["(Corrects the number in the third paragraph.)", lede], "") == lede
        assert quote(["(CP) The chiefs met for two hours on Tuesday.", lede], "").startswith("(CP) The chiefs")

    def test_takes_a_second_sentence_only_where_it_follows_and_fits(self) -> None:
        first, second = "The chiefs met for two hours on Tuesday.", "They agreed on a plan for the spring."
        assert quote([first, second, "More."], "") == f"{first} {second}"
        assert quote([first, "Short.", second], "") == first
        assert quote([first, "word " * 80], "") == first

    def test_cuts_an_endless_sentence_between_words(self) -> None:
        cut = quote(["word " * 300], "")
        assert len(cut) < 500
        assert cut.endswith("word …")

    def test_keeps_scripts_without_spaces_together(self) -> None:
        assert quote(["参謀総長らが会議を開いた。", "安全の保証を協議した。"], "") == (
            "参謀総長らが会議を開いた。安全の保証を協議した。"
        )

    def test_is_empty_without_text(self) -> None:
        assert quote([], "Headline") == ""
        assert quote(["Headline"], "Headline") == ""


def test_recency_of_a_running_story_counts_from_its_last_entry() -> None:
    running = story("s1", (entry("e1", "A", hours=0),), (entry("e2", "B", hours=23),))
    assert score_of(running, WINDOW) > score_of(two("s2", hours=12), WINDOW)


def test_build_keeps_what_the_caller_counted() -> None:
    made = edition(Material(two("s1")))
    assert (made.counts.entries, made.health.failed, made.timezone) == (112, 1, "Europe/Warsaw")
    assert (made.since, made.until) == (SINCE, SINCE + timedelta(days=1))
    assert (
        build(WINDOW, [], counts=made.counts, health=made.health, settings=SETTINGS, previous=made).previous == made.id
    )


def test_what_is_new_repeats_neither_the_quotation_nor_itself() -> None:
    quoted = "Chiefs of defence met in Vaasa on Tuesday to settle the force."
    told = "Thirty thousand soldiers of the Northern Brigade would go, of whom 41 per cent are reserves."
    new = WhatIsNew(
        passages=(Passage("Officials and director ..."), Passage(quoted), Passage(told)),
        numbers=("41 per cent", "11", "1,900"),
        names=("First Northern Brigade", "Earth", "Ilse Maren", "Admiral Ilse Maren", "参謀総長"),
    )
    [line] = edition(
        Material(two("s1"), (quoted,), new=new), previous=edition(Material(two("s1", hours=0.5)))
    ).stories()
    assert line.quote == quoted
    assert line.new == WhatIsNew((Passage(told),), ("1,900",), ("Admiral Ilse Maren", "参謀総長"))


def test_sentence_that_the_feed_cut_off_goes_last_and_does_not_follow_a_whole_one() -> None:
    whole = "Three crews were found on the ice by a patrol of the coast guard."
    cut = "The blaze that drove them out had begun outside the engine room, close to the ..."
    assert quote((whole, cut), "Rescue") == whole
    assert quote((cut,), "Rescue") == cut
    new = WhatIsNew((Passage(cut), Passage(whole)))
    [line] = edition(Material(two("s1"), new=new), previous=edition(Material(two("s1", hours=0.5)))).stories()
    assert [one.text for one in line.new.passages] == [whole, cut]


def test_what_names_a_slot_of_the_day_is_folded_behind_the_rest() -> None:
    weather = Material(two("s1"), recurring=True, new=NEWS)
    alone = Material(story("s2", (entry("e2", "Aurora"),)))
    made = edition(weather, alone, previous=edition(Material(two("s1", hours=0.5))))
    assert shown(made, "top") == ["s2"]
    made = edition(weather, alone, Material(two("s3")))
    assert [shown(made, key) for key in ("top", "developing", "new", "rest")] == [["s3"], [], [], ["s2", "s1"]]


def test_stories_of_one_storyline_stand_together_behind_the_best_and_each_counts_for_itself() -> None:
    outlets = [entry(f"e{number}", f"Outlet {number}") for number in range(9)]
    line = StorylineMention("l1", "The strait", 2)
    stories = [story("s1", *((one,) for one in outlets[:4])), story("s2", *((one,) for one in outlets[4:7]))]
    last = story("s3", *((one,) for one in outlets[7:9]))
    tied = [replace(one, summary=replace(one.summary, storyline=line)) for one in (stories[0], last)]
    made = edition(*(Material(one) for one in (tied[0], stories[1], tied[1])))
    [top] = [section for section in made.sections if section.key == "top"]
    assert [one.id for one in top.stories] == ["s1", "s3", "s2"]
    assert [one.independent for one in top.stories] == [4, 2, 3]
    assert from_json(to_json(made)) == made
    for form in ("md", "html", "text"):
        assert render(made, form).count("The strait") == 1


# --- what the window brought ---------------------------------------------------------------------

NEXT = Window(UNTIL, UNTIL + timedelta(days=1))


def monday() -> tuple[Story, Edition]:
    """Make a story that eight outlets told in the window, and the edition of that window."""
    told = story("s1", *((entry(f"e{n}", f"Paper {n}", hours=2),) for n in range(8)))
    return told, edition(Material(told))


def with_more(told: Story, *reports: tuple[Entry, ...], copy: Entry | None = None) -> Story:
    """Return a story with further reports, and a copy in its first one."""
    members = [report.entries for report in told.reports]
    if copy is not None:
        members[0] = (*members[0], copy)
    return story("s1", *members, *reports)


def next_day(*materials: Material, previous: Edition) -> Edition:
    return build(NEXT, materials, counts=previous.counts, health=previous.health, settings=SETTINGS, previous=previous)


def test_a_story_that_is_only_printed_again_leads_nothing_and_is_not_updated() -> None:
    told, before = monday()
    again = Material(with_more(told, copy=entry("e9", "Village Paper", hours=26)))
    fresh = [Material(two(f"n{n}", hours=30, publisher=f"P{n}")) for n in range(3)]
    made = next_day(again, *fresh, previous=before)
    assert shown(made, "top") == ["n0", "n1", "n2"]
    [line] = [line for line in made.stories() if line.id == "s1"]
    assert Flag.UPDATED not in line.flags
    assert Flag.NEW not in line.flags
    assert (line.score, line.gained_entries) == (0.0, 1)
    alone = next_day(again, previous=before)
    assert shown(alone, "top") == ["s1"]  # there is nothing else


def test_stories_are_ranked_by_the_reports_that_came_and_then_by_new_facts() -> None:
    told, before = monday()
    one_more = Material(with_more(told, (entry("e9", "Village Paper", hours=30),)))
    three = Material(story("s2", *((entry(f"x{n}", f"Other {n}", hours=30),) for n in range(3))))
    made = next_day(one_more, three, previous=before)
    assert shown(made, "top") == ["s2", "s1"]
    grown = [line.flags for line in made.stories() if line.id == "s1"]
    assert grown == [(Flag.UPDATED,)]
    facts = replace(Material(two("s3", hours=-4, publisher="Aurora")), edited=(("es3a", UNTIL + timedelta(hours=3)),))
    made = next_day(replace(facts, new=NEWS), replace(facts, story=two("s4", hours=-4)), previous=before)
    assert [line.id for line in made.stories()] == ["s3", "s4"]
    assert [line.facts for line in made.stories()] == [len(NEWS.passages) + len(NEWS.numbers) + len(NEWS.names), 0]


@pytest.mark.parametrize("gain", ["report", "fact", "headline", "correction", None])
def test_updated_means_that_something_was_gained_since_the_last_edition(gain: str | None) -> None:
    """Two editions that overlap: the second is made five minutes after the first, over the same day."""
    told, before = monday()
    window = Window(SINCE + timedelta(minutes=5), UNTIL + timedelta(minutes=5))
    after = UNTIL + timedelta(minutes=2)
    material = Material(told)
    if gain == "report":
        material = Material(with_more(told, (entry("e9", "Village Paper", hours=24.03),)))
    elif gain == "fact":
        material = replace(material, new=NEWS)
    elif gain == "headline":
        material = replace(material, headlines=(Headline("Paper 1", "a", "b"),))
    elif gain == "correction":
        notice = Correction("s1", "e1", "correction", "Paper 1", "T", None, after)
        material = replace(material, corrections=(notice,))
    made = build(window, [material], counts=before.counts, health=before.health, settings=SETTINGS, previous=before)
    [line] = made.stories()
    assert (Flag.UPDATED in line.flags) == (gain is not None)
    assert Flag.NEW not in line.flags

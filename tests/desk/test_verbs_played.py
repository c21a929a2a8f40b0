"""Random verbs between random arrivals, edits, restarts, prunings and replays: no decision is ever broken."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.clustering.constraints import Constraint, ConstraintGroups, resolve
from aggregator.desk.maintenance import prune
from aggregator.exceptions import DecisionError, NotFoundError
from aggregator.ingest import moves
from aggregator.ingest.replay import cluster_anew
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings, StorySettings
from aggregator.storage.decisions import Decision, DecisionStore
from aggregator.storage.integrity import faults
from tests.examples import examples
from tests.ingest.arrivals import EVENTS, Newsroom, Telling

SOME = 24
MANY = int(os.environ.get("PLAYED_EXAMPLES", "200"))  # a run of a night sets more

TELLINGS = st.builds(
    lambda text, source, hours: Telling(text[0], text[1], source, hours),
    st.sampled_from([(event, number) for event, texts in EVENTS.items() for number in range(len(texts))]),
    st.sampled_from(["Ledger", "Times", "Post", "Echo"]),
    st.integers(0, 12),
)
PICK = st.integers(0, 40)


@dataclass(frozen=True)
class Step:
    """One thing that happens; the numbers pick among what there is."""

    kind: str
    tellings: tuple[Telling, ...] = ()
    picks: tuple[int, ...] = (0, 0, 0)


STEPS = st.one_of(
    st.builds(Step, st.just("arrive"), st.lists(TELLINGS, min_size=1, max_size=7).map(tuple)),
    st.builds(
        Step,
        st.sampled_from(["merge", "split", "move", "pin", "forbid", "forbid entries", "tie", "untie", "name"]),
        st.just(()),
        st.tuples(PICK, PICK, PICK),
    ),
    st.builds(
        Step, st.sampled_from(["undo", "edit", "look", "restart", "prune", "replay"]), st.just(()), st.tuples(PICK)
    ),
)
# A machine that joins whatever it may puts every decision to the test.
GREEDY = Settings(stories=StorySettings(threshold=0.02))
PLAYS = st.tuples(
    st.sampled_from([Settings(), GREEDY]),
    st.lists(TELLINGS, min_size=4, max_size=12),
    st.lists(STEPS, min_size=4, max_size=20),
)


class Play:
    """A newsroom, what was ever seen of it, and what stood before each verb."""

    def __init__(self, room: Newsroom) -> None:
        self.room = room
        self.seen: set[str] = set()  # story ids ever shown
        self.before: dict[int, dict[str, tuple[str, str]]] = {}  # decision -> where entries stood before it

    # --- steps -----------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        match step.kind:
            case "arrive":
                self.room.arrive(*{one.key: one for one in step.tellings}.values())
            case "edit":
                self.edit(step.picks[0])
            case "look":
                self.room.look_again()
            case "restart":
                self.room.restart()
            case "prune":
                self.room.now += timedelta(days=40)
                prune(self.room.store, self.room.settings, self.room.now)
            case "replay":
                self.replay()
            case "undo":
                self.undo()
            case _:
                self.verb(step)
        self.check()

    def verb(self, step: Step) -> None:
        number = DecisionStore(self.room.store).next_number()
        before = self.room.places()
        one, two, three = step.picks
        editor = self.room.editor()
        stories, entries = sorted(self.seen), sorted(before)
        lines = [line.summary.id for line in self.room.reader().list_storylines(None, None) if line.summary]
        first, second = stories[one % len(stories)], stories[two % len(stories)]
        inside = sorted(self.room.members(first))
        some = [entry for place, entry in enumerate(inside) if three >> place & 1]
        verbs = self.room.storyline_editor()
        third = [stories[three % len(stories)]] if three % 3 == 0 else []
        asked: dict[str, Callable[[], object]] = {
            "merge": lambda: editor.merge([first, second, *third]),
            "split": lambda: editor.split(first, some),
            "move": lambda: editor.move(entries[three % len(entries)], second),
            "pin": lambda: editor.pin(first, inside[three % len(inside)]),
            "forbid": lambda: editor.forbid(first, second),
            "forbid entries": lambda: editor.forbid(entries[two % len(entries)], entries[three % len(entries)]),
            "tie": lambda: verbs.tie([first, second]),
            "untie": lambda: verbs.untie(first),
            "name": lambda: verbs.name(lines[two % len(lines)] if lines else "l0", f"Affair {three}"),
        }
        try:
            asked[step.kind]()
        except (DecisionError, NotFoundError):
            assert self.room.places() == before
            assert DecisionStore(self.room.store).next_number() == number
        else:
            self.before[number] = before

    def undo(self) -> None:
        decisions = DecisionStore(self.room.store)
        last = decisions.last_active()
        if last is None:
            return
        now = self.room.places()
        assert self.room.editor().undo().id == last.id
        self.check_restored(last, self.before.pop(last.id), now)

    def edit(self, pick: int) -> None:
        """Let a publisher change an entry's text: it is sketched and weighed anew."""
        keys = [row[0] for row in self.room.store.connection.execute("SELECT key FROM entry ORDER BY id")]
        event, number, source = keys[pick % len(keys)].split("-")
        self.room.arrive(replace(Telling(event, int(number), source), edited=pick))

    def replay(self) -> None:
        room = self.room
        entries = sorted(room.reader().export(), key=lambda entry: (entry.time, entry.id))
        found = cluster_anew(room.store, room.settings, families(()), entries)
        check_decisions(found, DecisionStore(room.store).constraints())

    # --- what must hold --------------------------------------------------------------------------

    def check(self) -> None:
        places = self.room.places()
        stories = {entry: story for entry, (_, story) in places.items()}
        decisions = DecisionStore(self.room.store)
        check_decisions(stories, decisions.constraints())
        check_last_word(stories, decisions.last_active())
        self.check_tables(places)
        self.check_rows()
        self.check_storylines()
        self.seen.update(self.room.stories())
        for story in self.seen:
            assert self.room.story(story).summary.id in self.room.stories()

    def check_tables(self, places: dict[str, tuple[str, str]]) -> None:
        """Each entry is in one report of one story, and the memories of the machine agree."""
        db = self.room.store.connection
        reports = dict(db.execute("SELECT id, story_id FROM report"))
        assert dict(places.values()) == reports
        assert {story for _, story in places.values()} == set(self.room.stories())
        for (report,) in db.execute("SELECT report_id FROM report_vector WHERE vector IS NOT NULL"):
            assert report in reports
        for entry, report in db.execute("SELECT entry_id, report_id FROM sketch"):
            assert places[entry][0] == report
        assert faults(self.room.store.connection, self.room.store.path) == ()

    def check_rows(self) -> None:
        """Each story's row says what can be counted again."""
        db = self.room.store.connection
        pins = [one.arguments[1] for one in reversed(DecisionStore(self.room.store).active()) if one.kind == "pin"]
        for story, *told, canonical, pinned in db.execute(
            "SELECT id, entries, reports, publishers, first_seen, last_seen, canonical_entry, pinned_entry FROM story"
        ):
            members = [self.room.entry(entry) for entry in sorted(self.room.members(story))]
            summary = self.room.story(story).summary
            assert told[:3] == [
                len(members),
                len({entry.report_id for entry in members}),
                len({entry.publisher for entry in members}),
            ]
            assert summary.first_seen == min(entry.seen for entry in members)
            assert summary.last_seen == max(entry.seen for entry in members)
            ids = {entry.id for entry in members}
            assert canonical in ids
            assert pinned == next((entry for entry in pins if entry in ids), None)
            assert canonical == pinned or pinned is None

    def check_storylines(self) -> None:
        """Each storyline ties two stories or more, or an editor named it; editors' ties hold, its row says what can be counted again."""
        db = self.room.store.connection
        tied: dict[str, set[str]] = {}
        for story, line in db.execute("SELECT id, storyline_id FROM story WHERE storyline_id IS NOT NULL"):
            tied.setdefault(line, set()).add(story)
        lines = dict(db.execute("SELECT id, name FROM storyline"))
        assert lines.keys() == tied.keys()
        for line, name in lines.items():
            assert len(tied[line]) > 1 or name is not None
            summary = self.room.reader().storyline(line).summary
            assert summary is not None
            members = [entry for story in tied[line] for entry in map(self.room.entry, self.room.members(story))]
            assert (summary.stories, summary.entries, summary.reports, summary.publishers) == (
                len(tied[line]),
                len(members),
                len({entry.report_id for entry in members}),
                len({entry.publisher for entry in members}),
            )
        self.check_ties({story: line for line, stories in tied.items() for story in stories})

    def check_ties(self, line_of: dict[str, str]) -> None:
        decisions = DecisionStore(self.room.store)
        ties = resolve(decisions.ties())
        stories = {entry: story for entry, (_, story) in self.room.places().items()}
        named = [entry for group in ties.groups() for entry in group if entry in stories]
        for one in named:
            for other in named:
                if stories[one] == stories[other]:
                    continue  # one story: nothing to tie or to untie
                together = line_of.get(stories[one]) == line_of.get(stories[other]) is not None
                if other in ties.group(one):
                    assert together
                elif ties.barrier({one}, {other}) is not None and not self.bound(
                    stories, ties, stories[one], stories[other]
                ):
                    assert not together

    @staticmethod
    def bound(stories: dict[str, str], ties: ConstraintGroups, one: str, other: str) -> bool:
        """Tell whether ties bind two stories, by whatever stories between, that other words keep apart."""
        reached, waiting = {one}, [one]
        while waiting:
            story = waiting.pop()
            entries = [entry for entry, home in stories.items() if home == story]
            near = {stories[bound] for entry in entries for bound in ties.group(entry) if bound in stories} - reached
            reached |= near
            waiting += near
        return other in reached

    def check_restored(
        self, undone: Decision, before: dict[str, tuple[str, str]], after_verb: dict[str, tuple[str, str]]
    ) -> None:
        """All that stood in the stories which the verb changed stands there again."""
        places = self.room.places()
        changed = set(undone.before["opened"])  # type: ignore[call-overload]
        restored = {entry: place for entry, place in before.items() if place[1] in changed}
        assert {entry: places[entry] for entry in restored} == restored
        late = after_verb.keys() - restored.keys()
        assert late <= places.keys()
        if not changed:
            assert places == after_verb


def check_decisions(stories: dict[str, str], constraints: Sequence[Constraint]) -> None:
    """Every two entries that decisions in force bind stand together, every two that they part stand apart."""
    settlement = resolve(constraints)
    for one, story in stories.items():
        for other in settlement.group(one):
            assert stories[other] == story
    for constraint in constraints:
        if constraint.sign == "apart":
            for one in constraint.left:
                for other in constraint.right:
                    assert stories[one] != stories[other] or settlement.barrier({one}, {other}) is None


def check_last_word(stories: dict[str, str], last: Decision | None) -> None:
    """The newest verb on stories in force holds to the letter, whatever older ones say."""
    for constraint in last.constraints if last and last.kind not in ("tie", "untie") else ():
        found = {
            stories[one] == stories[other] for one in constraint.left for other in constraint.right if one != other
        }
        assert found <= {constraint.sign == "together"}


PLAYED: Counter[str] = Counter()


LENIENT = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(LENIENT, max_examples=examples(SOME))
@given(PLAYS)
def test_no_decision_is_ever_broken(play: tuple[Settings, list[Telling], list[Step]]) -> None:
    played(play)


@pytest.mark.costly
@pytest.mark.timeout(max(300, 3 * MANY))  # a thousand took half an hour on two busy cores
@settings(LENIENT, max_examples=MANY)
@given(PLAYS)
def test_in_many_plays_no_decision_is_ever_broken(play: tuple[Settings, list[Telling], list[Step]]) -> None:
    played(play)


@pytest.mark.costly
@settings(LENIENT, max_examples=examples(SOME))
@given(PLAYS)
def test_no_decision_is_broken_where_entries_follow_one_by_one(
    play: tuple[Settings, list[Telling], list[Step]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moves, "AT_ONCE", 1)
        patch.setattr(moves, "PAUSE", 0.0)
        played(play)


def played(play: tuple[Settings, list[Telling], list[Step]]) -> None:
    """Let everything of a play happen; the table checks after each step that every decision holds."""
    machine, first, steps = play
    with closing(Newsroom(settings=machine)) as room:
        table = Play(room)
        for step in (Step("arrive", tuple(first)), *steps):
            table.step(step)
            PLAYED[step.kind] += 1

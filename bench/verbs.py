"""An editor's verbs on the largest story of a desk, one after the other; at the end all but the last is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aggregator import Aggregator, StoryQuery
from aggregator.storage.entries import EntryStore


def verbs(desk: Aggregator) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what each verb is called, and the verb, to be called before the next is asked for."""
    story = desk.stories(StoryQuery(sort="entries"))[0].id
    entries = EntryStore(desk.store).ids_of_story(story)
    editor, made = desk.editor("bench"), list[str]()
    yield "pin", lambda: editor.pin(story, entries[3])
    yield "undo of it", editor.undo
    yield "split of ten", lambda: editor.split(story, entries[:20:2])
    yield "undo of it ", editor.undo
    yield "split of half", lambda: made.append(editor.split(story, entries[::2]))
    yield "move", lambda: editor.move(entries[1], made[0])
    yield "undo of move", editor.undo
    yield "merge", lambda: editor.merge([story, made[0]])
    yield "undo of merge", editor.undo
    yield "undo of split", editor.undo
    yield "forbid", lambda: editor.forbid(entries[0], entries[1])

"""The edition of the golden files, and their writer: ``python -m tests.digest.golden`` after a wanted change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aggregator.digest.render import FORMATS, SUFFIXES, render
from aggregator.digest.story import notices
from aggregator.digest.values import Edition, Headline, Material, Source
from aggregator.model import Story
from aggregator.settings import Format
from tests.digest.desk import NEWS, WINDOW, edition, entry, story, summit

FOLDER = Path(__file__).parents[1] / "golden" / "digest"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> [free](javascript:alert(1)) ![p](https://evil.example/p.png)"
    " `code` **bold** \x1b[31mred\x1b]0;title\x07 \u202egnp.exe &amp; \"quoted\" 'too' www.evil.example\n# heading"
)


def rest(
    name: str, category: str | None, *, title: str = "", link: str | None = "", publisher: str = "Aurora"
) -> Story:
    return story(name, (entry(f"e{name}", publisher, title=title, link=link),), category=category)


def golden_edition() -> Edition:
    """Make an edition that shows every part, with hostile texts in every place a feed can reach."""
    before = edition(Material(story("s0summit", (entry("e1", "Continental Press", hours=0.5),))))
    corrected = story(
        "s1",
        (entry("e31", "Continental Press", agency="CP", own=True, title="CORRECTED: Talks on Wednesday", hours=8),),
        (entry("e32", "Borealis", title="Talks announced", hours=2),),
    )
    notice = notices(
        Material(story("s1", (entry("e31", "Continental Press", title=HOSTILE, correction="correction", hours=8),))),
        WINDOW,
    )[0]
    stale = Source("e33", HOSTILE, "Talks on Tuesday", "javascript:alert(1)")
    arabic = story(
        "s2",
        (
            entry(
                "e41",
                "المنارة",
                title="رؤساء الأركان يجتمعون عبر الفيديو",
                language="ar",
                link="https://manara.example/1",
            ),
        ),
        (entry("e42", "朝の便り", title="参謀総長会議", language="ja", link="https://asa.example/1"),),
    )
    return edition(
        Material(
            summit(),
            (
                "By A. Writer",
                "Chiefs of defence met by video link on Tuesday to settle what each would bring to the force.",
                "They left the question of command open.",
            ),
            NEWS,
            headlines=(
                Headline(
                    "Aurora", "Generals argue about a plan", "Generals agree on a plan", "https://aurora.example/e2"
                ),
            ),
        ),
        Material(
            corrected,
            headlines=(Headline(HOSTILE, HOSTILE, f"1. {HOSTILE}", "javascript:alert(1)"),),
            corrections=(replace(notice, text=f"An earlier version gave the wrong day. {HOSTILE}", stale=(stale,)),),
        ),
        Material(arabic, ("参謀総長らが会議を開いた。", "安全の保証を協議した。")),
        Material(rest("s3", "world", title=HOSTILE, link="javascript:alert(1)", publisher=HOSTILE)),
        Material(rest("s4", "world", title="1. Nothing is #1", link='https://aurora.example/a(b)[c]?d="e"&f=<g>')),
        Material(rest("s5", None, title="\x1b[0m\u202e")),
        previous=before,
    )


def path(format: Format) -> Path:
    return FOLDER / f"edition{SUFFIXES[format]}"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in FORMATS:
        path(each).write_text(render(golden_edition(), each), encoding="utf-8")

"""The page in a headless Chromium: axe finds nothing, titles do nothing, keys and live updates work, and all works without script.

Left out of a common run: ``pytest -m browser``. Pictures are kept where BROWSER_PICTURES names a folder.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import Aggregator
from aggregator.model import Feed, StoryQuery
from aggregator.settings import Settings, WebSettings
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss
from tests.web.conftest import NOW

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
HOSTILE = Feed("https://hostile.example/feed", name="Hostile <img src=x onerror=document.title='owned'>")
TITLE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> Storm in Esbjerg"
TEXT = "<svg onload=document.title='owned'></svg>A storm closed the port of Esbjerg, said <script>document.title='owned'</script>the town."
# as markup, and as text that shows markup
HOSTILE_ITEMS = (
    Item("h1", TITLE, TEXT, NOW - timedelta(minutes=5)),
    Item("h2", escape(f"{TITLE} again"), escape(f"{TEXT} Ferries wait at Harwich."), NOW - timedelta(minutes=4)),
)
SIZES = {"desk": (1400, 950, False), "phone": (390, 844, True)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip("needs Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def served_at(database: Path) -> Iterator[str]:
    """Serve a newsroom in which somebody tries to run scripts."""
    from aggregator.web.server import served
    from aggregator.web.site import Access

    clock = Clock(NOW)
    fetcher = FakeFetcher({HOSTILE.url: rss(*HOSTILE_ITEMS, title="Hostile")})
    with open_desk(fetcher, clock, [HOSTILE], database=database) as app:
        app.fetch(everything=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings(web=WebSettings(address=f"127.0.0.1:{port}"))
    with served(lambda: Aggregator.open(Settings(), database, clock=clock), settings, Access("anna")):
        yield f"http://127.0.0.1:{port}"


def look(browser: Any, size: str, scheme: str, *, scripts: bool = True) -> None:
    width, height, mobile = SIZES[size]
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})


def waits(browser: Any, condition: Any) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20).until(condition)


@pytest.fixture
def story(desk: Aggregator, served_at: str) -> str:
    return desk.stories(StoryQuery(sort="publishers", limit=1))[0].id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_and_nothing_runs_over(
    browser: Any, served_at: str, story: str, size: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_core_python.selenium").Axe()
    look(browser, size, scheme)
    pictures = os.environ.get("BROWSER_PICTURES")
    pages = {
        "stories": "/",
        "story": f"/story/{story}",
        "search": "/search?q=force",
        "feeds": "/feeds",
        "decisions": "/decisions",
        "editions": "/editions",
        "login": "/login",
        "missing": "/nothing",
    }
    for name, path in pages.items():
        browser.get(f"{served_at}{path}")
        browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = axe.run(browser)["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], name
        assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0, name
        if pictures:
            browser.save_screenshot(str(Path(pictures) / f"{name}-{size}-{scheme}.png"))


def test_titles_and_texts_do_nothing(browser: Any, served_at: str, desk: Aggregator) -> None:
    look(browser, "desk", "light")
    browser.get_log("browser")
    hits = [one.entry for one in desk.search("Esbjerg") if one.entry.feed_url == HOSTILE.url]
    assert any("<script>" in one.data.title for one in hits)
    paths = [path for one in hits for path in (f"/story/{one.story_id}", f"/entry/{one.id}")]
    for path in ("/", *paths, "/search?q=Esbjerg", "/feeds"):
        browser.get(f"{served_at}{path}")
        assert browser.title != "owned"
        assert "Esbjerg" in browser.page_source or path == "/feeds"
        assert (
            browser.execute_script("return document.querySelectorAll('main script, main img, [onerror]').length") == 0
        )
    assert [one for one in browser.get_log("browser") if "favicon" not in one["message"]] == []


def test_keys_walk_through_the_list(browser: Any, served_at: str) -> None:
    look(browser, "desk", "light")
    browser.get(f"{served_at}/")
    body = browser.find_element("css selector", "body")
    body.send_keys("jj")
    second = browser.find_elements("css selector", "#stories h3 a")[1]
    assert browser.switch_to.active_element == second
    wanted = second.get_attribute("href")
    second.send_keys("\n")
    waits(browser, lambda page: page.current_url == wanted)
    browser.find_element("css selector", "body").send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "match"


def test_an_open_page_learns_of_what_changed(browser: Any, served_at: str, desk: Aggregator) -> None:
    look(browser, "desk", "light")
    browser.get(f"{served_at}/")
    before = browser.find_elements("css selector", "#stories li")
    first, second = (one.id for one in desk.stories(StoryQuery(sort="publishers", limit=2)))
    waits(
        browser,
        lambda page: page.execute_script(
            "return performance.getEntriesByType('resource').some((one) => one.name.endsWith('/desk.js'))"
        ),
    )
    desk.editor("ben").merge([first, second])
    waits(browser, lambda page: len(page.find_elements("css selector", "#stories li")) == len(before) - 1)
    assert browser.find_element("id", "news").text


def test_all_works_without_script(browser: Any, served_at: str, desk: Aggregator, story: str) -> None:
    look(browser, "phone", "light", scripts=False)
    try:
        browser.get(f"{served_at}/")
        browser.find_element("id", "match").send_keys("force")
        browser.find_element("css selector", ".find button").click()
        waits(browser, lambda page: "match=force" in page.current_url)
        browser.find_element("css selector", "#stories h3 a").click()
        waits(browser, lambda page: "/story/" in page.current_url)
        browser.get(f"{served_at}/story/{story}")
        box = browser.find_elements("css selector", "input[name=entry]")[-1]
        marked = box.get_attribute("value")
        for folded in browser.find_elements("css selector", ".copies > summary"):
            folded.click()
        box.click()
        browser.find_element("css selector", "button[formaction='/verb/pin']").click()
        waits(browser, lambda page: desk.decisions(1))
        assert desk.story(story).summary.canonical_entry == marked
        assert desk.decisions(1)[0].by == "anna"
        waits(browser, lambda page: page.find_elements("css selector", ".undo button"))
        browser.find_element("css selector", ".undo button").click()
        waits(browser, lambda page: desk.decisions(1)[0].undone_at)
    finally:
        look(browser, "desk", "light")

"""A page over a newsroom on disk, in this process: what was polled in the demonstration, or what a test wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from jinja2 import Environment
from starlette.testclient import TestClient

from aggregator.app import Aggregator
from aggregator.demo.content import OUTLETS, STAGES, document, feeds, moment
from aggregator.digest.labels import labels
from aggregator.settings import DigestSettings, Settings, WebSettings
from aggregator.web.site import Access, site
from tests.harness import Clock, FakeFetcher, open_desk

NOW = moment(STAGES[-1]) + timedelta(minutes=10)
BASE = "http://127.0.0.1:8765"
Opened = Callable[..., TestClient]
TEMPLATES: dict[str, Environment] = {}  # by language: compiled once, and not for each test


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database in which the demonstration was polled."""
    path = tmp_path_factory.mktemp("desk") / "desk.db"
    clock, fetcher = Clock(), FakeFetcher()
    with open_desk(fetcher, clock, list(feeds("https://demo.example")), database=path) as app:
        for stage in STAGES:
            clock.now = moment(stage)
            fetcher.answers = {f"https://demo.example/{one.file}": document(one.file, stage) for one in OUTLETS}
            app.fetch(everything=True)
        app.edition()
    return path


@pytest.fixture
def database(played: Path, tmp_path: Path) -> Path:
    """Return a copy of it that a test may change."""
    return Path(shutil.copyfile(played, tmp_path / "desk.db"))


@pytest.fixture
def desk(database: Path) -> Iterator[Aggregator]:
    """The newsroom itself, beside the page."""
    with Aggregator.open(Settings(), database, clock=Clock(NOW)) as app:
        yield app


@pytest.fixture
def opened(database: Path) -> Iterator[Opened]:
    """Return what opens the page under some settings, for one visitor."""
    with ExitStack() as stack:

        def visit(
            settings: WebSettings | None = None,
            access: Access | None = None,
            *,
            host: str = "127.0.0.1",
            base: str = BASE,
            clock: Callable[[], float] = lambda: 0.0,
            language: str = "en",
        ) -> TestClient:
            desk_settings = Settings(digest=DigestSettings(language=language))
            made = site(
                lambda: Aggregator.open(desk_settings, database, clock=Clock(NOW)),
                settings or WebSettings(),
                access or Access("anna"),
                host=host,
                title="Desk of tests",
                say=labels(language),
                clock=clock,
            )
            made.state.templates = TEMPLATES.setdefault(language, made.state.templates)
            return stack.enter_context(TestClient(made, base_url=base, follow_redirects=False))

        yield visit


@pytest.fixture
def page(opened: Opened) -> TestClient:
    """The page as it is by default: on this machine, without a login."""
    return opened()

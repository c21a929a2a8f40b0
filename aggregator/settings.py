"""Every setting with its default, as frozen values.

The file ``config/defaults.yaml`` gives the reason for each key; a test keeps the two equal.
Durations are timedeltas, sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How feeds are asked for, and how often."""

    allow_private_networks: bool | str = False  # True, False, or "10.0.0.1, 127.0.0.1:8765"
    timeout: float = 30.0  # seconds for one fetch, redirects and all
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    max_bytes: int = 10_000_000  # on the wire
    max_decoded_bytes: int = 50_000_000
    max_redirects: int = 5
    per_host: int = 1
    host_delay: float = 1.0  # seconds between two requests to one host
    workers: int = 32
    user_agent: str = ""  # empty: aggregator/VERSION (+contact; N subscribers)
    subscribers: int = 1  # desks that this one polls for
    ca_file: str = ""  # PEM file of certificate authorities trusted besides the public ones
    contact: str = "https://example.org/aggregator"
    min_interval: timedelta = timedelta(minutes=15)
    max_interval: timedelta = timedelta(hours=24)
    default_interval: timedelta = timedelta(minutes=30)
    jitter: float = 0.15
    gone_after: timedelta = timedelta(days=14)
    move_after: timedelta = timedelta(days=7)
    move_polls: int = 5


@dataclass(frozen=True, slots=True)
class ParseSettings:
    """Limits on what one document may cost and hold."""

    workers: int = 2
    deadline: float = 20.0  # seconds for one document
    memory: int = 1_000_000_000  # bytes of address space over the worker's own at start
    max_entries: int = 5_000
    max_title: int = 1_000
    max_summary: int = 20_000
    max_content: int = 500_000
    max_link: int = 2_048
    announce: int = 50  # entries of a first fetch that count as new


@dataclass(frozen=True, slots=True)
class CopySettings:
    """When two texts are one report."""

    jaccard: float = 0.5
    containment: float = 0.8
    min_words: int = 20  # below it a text is judged by its title
    max_compared: int = 200
    window: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class StorySettings:
    """When reports are one story."""

    enabled: bool = True
    window: timedelta = timedelta(days=7)
    threshold: float = 0.45


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """The daily digest."""

    time: time = time(6, 0)
    timezone: str = "UTC"
    formats: tuple[Literal["md", "html", "text", "json", "atom", "jsonfeed"], ...] = ("md", "html")
    directory: str = "digests"
    top: int = 12
    per_publisher: int = 4
    developing: int = 12
    new: int = 12
    rest: int = 15  # of one category, folded; mail programs cut messages over 100 kB
    title: str = "News digest"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where the digest is mailed; the password comes from the environment or a file."""

    server: str = ""
    port: int = 587
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    starttls: bool = True
    sender: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """When a watch tells again of a story, and how alerts are delivered."""

    more_publishers: int = 3  # independent ones since the last alert
    fact_sources: int = 2  # independent ones that tell a new number or name
    timeout: float = 10.0  # seconds for one delivery to a webhook
    first_retry: timedelta = timedelta(minutes=1)  # doubles with every failure
    longest_retry: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(days=1)
    secret_env: str = ""  # what signs the bodies that go to webhooks
    secret_file: str = ""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """What is thrown away, and when."""

    entries: timedelta = timedelta(days=365)
    backups: int = 7


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The daemon."""

    tick: float = 5.0  # seconds between two looks at what is due
    executor: Literal["processes", "threads", "dask"] = "processes"
    dask_address: str = ""
    metrics_port: int = 0  # 0: no Prometheus endpoint
    metrics_address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, one group a section of the settings file."""

    fetch: FetchSettings = field(default_factory=FetchSettings)
    parse: ParseSettings = field(default_factory=ParseSettings)
    copies: CopySettings = field(default_factory=CopySettings)
    stories: StorySettings = field(default_factory=StorySettings)
    digest: DigestSettings = field(default_factory=DigestSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    watches: WatchSettings = field(default_factory=WatchSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    run: RunSettings = field(default_factory=RunSettings)

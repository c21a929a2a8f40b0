"""Every setting with its default, as frozen values.

The file ``config/defaults.yaml`` gives the reason for each key; a test keeps the two equal.
Durations are timedeltas, sizes are bytes. Every number and duration has its range of legal values, which is checked when
settings are read from files, the environment and options. The ranges exclude values that cannot work, not unwise ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Annotated, Any, Literal


@dataclass(frozen=True, slots=True)
class Range:
    """The legal values of a number or a duration, both ends included; not-a-number is in no range."""

    low: float | timedelta
    high: float | timedelta

    def __contains__(self, value: Any) -> bool:
        return bool(self.low <= value <= self.high)


class SecretText(str):
    """A secret in a settings file: the secret itself, or ``env:NAME`` or ``file:PATH``, which name its place."""

    __slots__ = ()

    @property
    def is_written_out(self) -> bool:
        """Whether the secret itself is in the settings."""
        return bool(self) and not self.startswith(("env:", "file:"))


PROJECT_ADDRESS = "https://example.org/aggregator"

NONE = timedelta()
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=366)
CENTURY = timedelta(days=36_525)  # much longer, and now minus the duration is before the first possible date


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Settings of polling: limits of a request, pauses between requests, intervals."""

    allow_private_networks: bool | str = False  # True, False, or "10.0.0.1, 127.0.0.1:8765"
    timeout: Annotated[float, Range(0.1, 3_600)] = 30.0  # seconds for one fetch, redirects and all
    connect_timeout: Annotated[float, Range(0.1, 600)] = 10.0
    read_timeout: Annotated[float, Range(0.1, 3_600)] = 20.0
    max_bytes: Annotated[int, Range(1, 1_000_000_000)] = 10_000_000  # on the wire
    max_decoded_bytes: Annotated[int, Range(1, 4_000_000_000)] = 50_000_000
    max_redirects: Annotated[int, Range(0, 20)] = 5
    per_host: Annotated[int, Range(1, 100)] = 1
    host_delay: Annotated[float, Range(0, 3_600)] = 1.0  # seconds between two requests to one host
    workers: Annotated[int, Range(1, 512)] = 32
    user_agent: str = ""  # empty: aggregator/VERSION (+contact; N subscribers)
    subscribers: Annotated[int, Range(1, 1_000_000_000)] = 1  # desks that this one polls for
    ca_file: str = ""  # PEM file of certificate authorities trusted besides the public ones
    contact: str = PROJECT_ADDRESS
    min_interval: Annotated[timedelta, Range(SECOND, YEAR)] = timedelta(minutes=15)
    max_interval: Annotated[timedelta, Range(SECOND, YEAR)] = timedelta(hours=24)
    default_interval: Annotated[timedelta, Range(SECOND, YEAR)] = timedelta(minutes=30)
    jitter: Annotated[float, Range(0, 1)] = 0.15
    gone_after: Annotated[timedelta, Range(NONE, YEAR)] = timedelta(days=14)
    move_after: Annotated[timedelta, Range(NONE, YEAR)] = timedelta(days=7)
    move_polls: Annotated[int, Range(1, 1_000)] = 5


@dataclass(frozen=True, slots=True)
class ParseSettings:
    """Limits on the cost and the content of one document."""

    workers: Annotated[int, Range(1, 256)] = 2
    deadline: Annotated[float, Range(0.1, 3_600)] = 20.0  # seconds for one document
    # Bytes of address space over the worker's own at start.
    memory: Annotated[int, Range(10_000_000, 1_000_000_000_000)] = 1_000_000_000
    max_entries: Annotated[int, Range(1, 1_000_000)] = 5_000
    max_title: Annotated[int, Range(1, 1_000_000)] = 1_000
    max_summary: Annotated[int, Range(1, 10_000_000)] = 20_000
    max_content: Annotated[int, Range(1, 100_000_000)] = 500_000
    max_link: Annotated[int, Range(1, 1_000_000)] = 2_048
    announce: Annotated[int, Range(0, 1_000_000)] = 50  # entries of a first fetch that count as new


@dataclass(frozen=True, slots=True)
class CopySettings:
    """When two texts are one report."""

    jaccard: Annotated[float, Range(0, 1)] = 0.5
    containment: Annotated[float, Range(0, 1)] = 0.8
    min_words: Annotated[int, Range(1, 10_000)] = 20  # below it a text is judged by its title
    max_compared: Annotated[int, Range(1, 100_000)] = 200
    window: Annotated[timedelta, Range(MINUTE, CENTURY)] = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class StorySettings:
    """When reports are one story."""

    enabled: bool = True
    window: Annotated[timedelta, Range(MINUTE, CENTURY)] = timedelta(days=7)
    threshold: Annotated[float, Range(0, 1)] = 0.5
    # True needs the extra of that name; "auto" uses it where it is installed
    semantic: bool | Literal["auto"] = False


Format = Literal["md", "html", "text", "json", "atom", "jsonfeed"]


@dataclass(frozen=True, slots=True)
class EditionSettings:
    """A series of editions beside the daily one: its times, recipients and stories."""

    time: tuple[time, ...]
    title: str = ""  # empty: the digest's, with the name of the series
    formats: tuple[Format, ...] = ()  # none: those of the digest
    recipients: tuple[str, ...] = ()
    language: str = ""  # of the labels; empty: that of the digest
    match: str = ""  # what follows are the filters of `stories`
    min_publishers: Annotated[int, Range(1, 1_000)] = 1
    publisher: str = ""
    lang: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """The daily digest, and the series beside it."""

    time: time = time(6, 0)
    timezone: str = "UTC"
    formats: tuple[Format, ...] = ("md", "html")
    directory: str = "digests"
    top: Annotated[int, Range(1, 1_000)] = 12
    per_publisher: Annotated[int, Range(1, 1_000)] = 4
    developing: Annotated[int, Range(0, 1_000)] = 12
    new: Annotated[int, Range(0, 1_000)] = 12
    rest: Annotated[int, Range(0, 1_000)] = 15  # of one category, folded; mail programs cut messages over 100 kB
    title: str = "News digest"
    public_url: str = ""  # where a web server shows the folder; empty: links in it are relative
    language: str = "en"  # of the labels: en, de, fr, or one that the desk wrote into digest.templates
    templates: str = ""  # folder of templates and labels that go over those shipped
    editions: Mapping[str, EditionSettings] = field(default_factory=dict)  # by name
    daily: bool = True  # false: the daily one is not made, those of ``editions`` are


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where the digest is mailed; the password comes from the environment or a file."""

    server: str = ""
    port: Annotated[int, Range(1, 65_535)] = 587
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    starttls: bool = True
    sender: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """When a watch reports a story again, and how alerts are delivered."""

    more_publishers: Annotated[int, Range(1, 1_000)] = 3  # independent ones since the last alert
    fact_sources: Annotated[int, Range(1, 1_000)] = 2  # independent ones that report a new number or name
    timeout: Annotated[float, Range(0.1, 600)] = 10.0  # seconds for one delivery to a webhook
    first_retry: Annotated[timedelta, Range(SECOND, YEAR)] = timedelta(minutes=1)  # doubles with every failure
    longest_retry: Annotated[timedelta, Range(SECOND, YEAR)] = timedelta(hours=1)
    give_up: Annotated[timedelta, Range(SECOND, YEAR)] = timedelta(days=1)
    secret_env: str = ""  # what signs the bodies that go to webhooks
    secret_file: str = ""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """Settings of retention and backups."""

    entries: Annotated[timedelta, Range(MINUTE, CENTURY)] = timedelta(days=365)
    backups: Annotated[int, Range(0, 10_000)] = 7


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The daemon."""

    tick: Annotated[float, Range(0.05, 3_600)] = 5.0  # seconds between two looks at what is due
    executor: Literal["processes", "threads", "dask"] = "processes"
    dask_address: str = ""
    metrics_port: Annotated[int, Range(0, 65_535)] = 0  # 0: no Prometheus endpoint
    metrics_address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The desk's page: where it listens, and who may see it."""

    address: str = "127.0.0.1:8765"
    users: Mapping[str, SecretText] = field(default_factory=dict)  # name -> hash of the password
    allowed_hosts: tuple[str, ...] = ()  # names under which it may be asked for, beside its own address
    proxy_header: str = ""  # the header in which a proxy that asks for passwords names the user
    proxies: tuple[str, ...] = ()  # addresses of proxies whose X-Forwarded-Proto is believed
    token: SecretText = field(default_factory=SecretText)  # lets a wall screen or a feed reader look, and not rule
    session: Annotated[timedelta, Range(MINUTE, YEAR)] = timedelta(hours=12)  # after the last request, a login ends
    with_run: bool = False  # served by `run` as well


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
    web: WebSettings = field(default_factory=WebSettings)

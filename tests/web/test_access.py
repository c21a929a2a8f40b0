"""The door: who may come in, under which host, with which form; and what browsers are told."""

from __future__ import annotations

import asyncio

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from aggregator.app import Aggregator
from aggregator.config.listening import listening_at
from aggregator.exceptions import ConfigurationError, UsageError
from aggregator.model import StoryQuery
from aggregator.settings import SecretText, WebSettings
from aggregator.web import passwords, verbs
from aggregator.web.access import MOST_BYTES, host_names
from aggregator.web.passwords import hash_password, is_hash, verify
from aggregator.web.server import check
from aggregator.web.site import Access
from tests.web.conftest import BASE, Opened
from tests.web.reading import form_token, seen

WORD = "a long enough word"
HASHED = hash_password(WORD)
CHEAP = 2  # of memory that a guess costs, for logins that show something else
with pytest.MonkeyPatch.context() as patched:
    patched.setattr(passwords, "_N", CHEAP)
    USERS = Access("root", {"anna": hash_password(WORD)})
    TOKEN = Access("root", {"anna": hash_password(WORD)}, token="wall-screen-token")
SAME = {"sec-fetch-site": "same-origin"}
HTML = {"accept": "text/html"}
PAGES = (
    "/",
    "/search",
    "/feeds",
    "/decisions",
    "/editions",
    "/digest/latest",
    "/stories.atom",
    "/stories.json",
    "/metrics",
    "/changes",
)


def log_in(page: TestClient, name: str = "anna", password: str = "a long enough word") -> int:
    return page.post("/login", data={"name": name, "password": password, "next": "/feeds"}, headers=SAME).status_code


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_N", CHEAP)


# --- hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765", "localhost."])
def test_a_page_on_this_machine_has_its_names(page: TestClient, host: str) -> None:
    assert page.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8765", "", "10.0.0.1", "localhost@evil.example"],
)
def test_other_hosts_are_turned_away_before_anything_is_shown(page: TestClient, host: str) -> None:
    for path in ("/", "/health", "/static/desk.css", "/login", "/stories.json"):
        answer = page.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers


def test_allowed_hosts_are_taken_beside_the_own_one(opened: Opened) -> None:
    page = opened(WebSettings(allowed_hosts=("Desk.Example.org",)))
    assert page.get("/", headers={"host": "desk.example.org:443"}).status_code == 200
    assert page.get("/", headers={"host": "other.example.org"}).status_code == 421
    assert host_names("0.0.0.0", ()) >= {"127.0.0.1", "localhost"}
    assert "desk.lan" in host_names("desk.lan", ())


# --- forms ---------------------------------------------------------------------------------------


def verb(page: TestClient, desk: Aggregator, headers: dict[str, str], **fields: str) -> int:
    story = desk.stories(StoryQuery(sort="publishers", limit=1))[0]
    given = {"story": story.id, "entry": story.canonical_entry, **fields}
    return page.post("/verb/pin", data=given, headers=headers).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_verb_from_elsewhere_is_not_heard_even_with_the_right_token(
    page: TestClient, desk: Aggregator, headers: dict[str, str]
) -> None:
    assert verb(page, desk, headers, form_token=form_token(page, f"/story/{first(desk)}")) == 403
    assert desk.decisions() == []


def test_a_browser_that_sends_no_referrer_is_heard(page: TestClient, desk: Aggregator) -> None:
    token = form_token(page, f"/story/{first(desk)}")
    assert verb(page, desk, {**SAME, "origin": "null"}, form_token=token) == 303


def first(desk: Aggregator) -> str:
    return desk.stories(StoryQuery(limit=1))[0].id


@pytest.mark.parametrize("token", ["", "0" * 64, "é" * 64])
def test_a_verb_without_the_token_of_this_visit_is_not_heard(page: TestClient, desk: Aggregator, token: str) -> None:
    page.get("/")
    assert verb(page, desk, SAME, form_token=token) == 403
    assert desk.decisions() == []


def test_a_token_of_another_visit_does_not_serve(page: TestClient, desk: Aggregator) -> None:
    stolen = form_token(page, f"/story/{first(desk)}")
    page.cookies.clear()
    page.get("/")
    assert verb(page, desk, SAME, form_token=stolen) == 403
    assert verb(page, desk, SAME, form_token=form_token(page, f"/story/{first(desk)}")) == 303


def test_verbs_are_given_by_post_alone(page: TestClient, desk: Aggregator) -> None:
    token = form_token(page, f"/story/{first(desk)}")
    for name in ("merge", "split", "move", "pin", "forbid", "undo"):
        answer = page.get(f"/verb/{name}?form_token={token}&story={first(desk)}", headers=SAME)
        assert answer.status_code in (404, 405)
    assert page.put("/verb/pin").status_code == 405
    assert desk.decisions() == []


def test_a_form_is_no_longer_than_it_need_be(page: TestClient, desk: Aggregator) -> None:
    assert verb(page, desk, SAME, form_token="x" * MOST_BYTES) == 403
    streamed = page.post("/verb/pin", content=iter([b"a=b"]), headers=SAME)
    assert streamed.status_code == 403


# --- logins --------------------------------------------------------------------------------------


def test_where_people_log_in_nothing_is_shown_before(opened: Opened) -> None:
    page = opened(WebSettings(), USERS)
    for path in PAGES:
        assert page.get(path).status_code == 401, path
    answer = page.get("/?match=force", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F%3Fmatch%3Dforce")
    assert page.get("/login").status_code == 200
    assert page.get("/health").json() == {"status": "ok"}


def test_a_login_rules_under_its_name_until_it_logs_out(opened: Opened, desk: Aggregator) -> None:
    page = opened(WebSettings(), USERS)
    assert log_in(page, password="a wrong word") == 401
    assert log_in(page, name="root") == 401
    assert log_in(page) == 303
    story = first(desk)
    token = form_token(page, f"/story/{story}")
    assert verb(page, desk, SAME, form_token=token) == 303
    assert desk.decisions(1)[0].by == "anna"
    assert page.post("/logout", data={"form_token": token}, headers=SAME).status_code == 303
    assert page.get("/").status_code == 401


def test_a_login_begins_a_session_of_its_own(opened: Opened) -> None:
    page = opened(WebSettings(), USERS)
    page.cookies.set("aggregator_session", "chosen-by-somebody-else-chosen-by-somebody-else")
    log_in(page)
    cookies = [one for one in page.cookies.jar if one.name == "aggregator_session"]
    assert all("chosen" not in str(one.value) for one in cookies if one.domain != "")
    fresh = opened(WebSettings(), USERS)
    fresh.cookies.set("aggregator_session", "chosen-by-somebody-else-chosen-by-somebody-else")
    assert fresh.get("/").status_code == 401


def test_a_session_ends_when_nobody_asks(opened: Opened) -> None:
    now = [0.0]
    page = opened(WebSettings(), USERS, clock=lambda: now[0])
    log_in(page)
    now[0] = WebSettings().session.total_seconds() - 1
    assert page.get("/").status_code == 200
    now[0] += WebSettings().session.total_seconds() + 1
    assert page.get("/").status_code == 401


def test_guessing_has_to_wait(opened: Opened) -> None:
    now = [0.0]
    page = opened(WebSettings(), USERS, clock=lambda: now[0])
    assert [log_in(page, password="guess no. 1") for _ in range(6)] == [401] * 5 + [429]
    assert log_in(page) == 429
    now[0] = 301.0
    assert log_in(page) == 303


def test_a_session_cookie_is_kept_from_scripts_and_other_sites(opened: Opened) -> None:
    plain = opened().get("/").headers["set-cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Strict" in plain
    safe = opened(base=BASE.replace("http:", "https:")).get("/").headers.get_list("set-cookie")
    assert all("Secure" in one for one in safe)


# --- the proxy and the token -----------------------------------------------------------------------


def test_a_proxy_says_who_asks(opened: Opened, desk: Aggregator) -> None:
    page = opened(WebSettings(proxy_header="X-Forwarded-User"))
    assert page.get("/").status_code == 401
    page.headers["X-Forwarded-User"] = "carla\x1b[31m"
    token = form_token(page, f"/story/{first(desk)}")
    assert verb(page, desk, SAME, form_token=token) == 303
    assert desk.decisions(1)[0].by == "carla"


def test_a_token_looks_and_does_not_rule(opened: Opened, desk: Aggregator) -> None:
    page = opened(WebSettings(), TOKEN)
    assert page.get("/?token=wrong").status_code == 401
    answer = page.get("/?token=wall-screen-token&match=force")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?match=force")
    shown = seen(page.get(f"/story/{first(desk)}"))
    assert shown.all("input", name="form_token", type="hidden") == shown.all("input", name="form_token")[:1]
    assert not shown.all("input", name="entry")
    assert verb(page, desk, SAME, form_token=form_token(page, "/")) == 403
    assert desk.decisions() == []


@pytest.mark.parametrize("path", ["/stories.atom", "/stories.json", "/metrics", "/digest/latest"])
def test_programs_bring_the_token_along(opened: Opened, path: str) -> None:
    page = opened(WebSettings(), TOKEN)
    assert page.get(f"{path}?token=wall-screen-token").status_code == 200
    assert page.get(path, headers={"authorization": "Bearer wall-screen-token"}).status_code == 200
    assert page.get(path, headers={"authorization": "Bearer no"}).status_code == 401
    assert "wall-screen-token" not in page.get(f"{path}?token=wall-screen-token").text


# --- what browsers are told ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/login", "/nothing", "/static/desk.js", "/digest/latest", "/stories.json", "/health"]
)
def test_every_answer_forbids_what_the_page_does_not_need(page: TestClient, path: str) -> None:
    headers = page.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.replace(
        "style-src 'unsafe-inline'", "" if path == "/digest/latest" else "unsafe-inline"
    )
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/search?q=force", "/feeds", "/decisions", "/editions", "/login"])
def test_no_page_holds_a_script_or_a_style_inside(page: TestClient, path: str) -> None:
    for tag, given in seen(page.get(path)).tags:
        assert tag != "style"
        assert tag != "script" or given["src"] == "/static/desk.js"
        assert not [name for name in given if name.startswith("on") or name == "style"], (tag, given)


# --- settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["0.0.0.0:8765", "192.0.2.1:80", "[::]:8765", "desk.lan:8765"])
def test_nobody_listens_elsewhere_without_a_login(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"web\.users"):
        check(WebSettings(address=address), Access("root", token="t"))
    check(WebSettings(address=address), USERS)
    check(WebSettings(address=address, proxy_header="X-User"), Access("root"))


@pytest.mark.parametrize(
    "address", ["8765", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", ":8765", "a:b:c"]
)
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"web\.address"):
        listening_at(WebSettings(address=address))


def test_ipv6_is_an_address() -> None:
    assert listening_at(WebSettings(address="[::1]:80")) == ("::1", 80)


def test_a_password_is_no_hash() -> None:
    with pytest.raises(ConfigurationError, match="anna"):
        check(WebSettings(), Access("root", {"anna": "secret"}))


def test_passwords_are_hashed_and_verified_and_bad_hashes_refused() -> None:
    assert verify("a long enough word", HASHED)
    assert not verify("a long enough Word", HASHED)
    assert hash_password("a long enough word") != HASHED
    with pytest.raises(UsageError):
        hash_password("short")
    for bad in (
        "",
        "scrypt:1:1:1:a:b",
        f"{HASHED}:x",
        HASHED.replace("16384", "999999999"),
        HASHED.replace(":8:", ":-8:"),
        "scrypt:16384:8:1:é:é",
    ):
        assert not is_hash(bad)
        assert not verify("a long enough word", bad)


def test_a_secret_is_text_or_says_where_it_is() -> None:
    assert SecretText("env:NAME") == "env:NAME"


# --- a proxy with TLS -------------------------------------------------------------------------------

BY_TLS = {"x-forwarded-proto": "https"}


@pytest.mark.parametrize(
    ("settings", "headers", "secure"),
    [
        (WebSettings(proxies=("testclient",)), BY_TLS, True),
        (WebSettings(proxies=("testclient",)), {"x-forwarded-proto": "http, HTTPS"}, True),
        (WebSettings(proxies=("testclient",)), {"x-forwarded-proto": "https, http"}, False),
        (WebSettings(proxies=("testclient",)), {}, False),
        (WebSettings(proxies=("10.0.0.9",)), BY_TLS, False),
        (WebSettings(), BY_TLS, False),
    ],
)
def test_cookies_are_secure_where_a_known_proxy_says_tls(
    opened: Opened, settings: WebSettings, headers: dict[str, str], secure: bool
) -> None:
    answer = opened(settings, USERS).post(
        "/login", data={"name": "anna", "password": "a long enough word"}, headers={**SAME, **headers}
    )
    assert ("Secure" in answer.headers["set-cookie"]) is secure


def test_the_proxy_that_names_users_is_believed(opened: Opened) -> None:
    page = opened(WebSettings(proxy_header="X-Forwarded-User"))
    shown = page.get("/", headers={**BY_TLS, "x-forwarded-user": "anna"})
    assert "; secure" in shown.headers["set-cookie"].lower()
    assert 'href="https://' in page.get("/stories.atom", headers={**BY_TLS, "x-forwarded-user": "anna"}).text


@pytest.mark.parametrize("path", ["/login", "/logout", "/verb/undo"])
def test_a_form_that_does_not_arrive_is_answered(page: TestClient, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(verbs, "_ARRIVES_WITHIN", 0.01)
    told: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.append(message)

    kind = {"content-type": "application/x-www-form-urlencoded", "content-length": "10"}
    headers = [(name.encode(), value.encode()) for name, value in {"host": "localhost", **SAME, **kind}.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "scheme": "http", "headers": headers}

    async def ask() -> None:
        await page.app(scope, receive, send)

    asyncio.run(ask())
    assert told[0]["status"] == 408

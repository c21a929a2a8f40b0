from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from string import ascii_letters, ascii_lowercase, digits
from time import process_time
from uuid import UUID

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from aggregator.text.urls import absolute_url, canonical_url, mask_secrets, registrable_domain
from tests.examples import examples

ADDRESSES = Path(__file__).parents[2].parent / "shared" / "data" / "feed-addresses.json"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://WWW.Example.COM:443/A/?utm_source=x&b=1&fbclid=y#top", "https://www.example.com/A/?b=1"),
        ("https://a.example/x?at_medium=RSS&at_campaign=KARANGA", "https://a.example/x"),
        ("https://a.example/x?CMP=Share_iOSApp_Other", "https://a.example/x"),
        ("https://a.example/x?cmp=rss&ref=rss&from=rss", "https://a.example/x"),
        ("https://a.example/x?ref=1234&source=paper", "https://a.example/x?ref=1234&source=paper"),
        ("https://a.example/?id=2&id=1", "https://a.example/?id=2&id=1"),
        ("https://a.example/x;jsessionid=0A1F3B9C.node2?PHPSESSID=k3m9q2v7&id=2", "https://a.example/x?id=2"),
        ("https://a.example/(S(lit3py55t21z5v55vlm25s55))/x.aspx", "https://a.example/x.aspx"),
        ("https://a.example/?sid=9f86d081884c7d659a2feaa0c55ad015&p=1", "https://a.example/?p=1"),
        ("https://a.example/?sid=politics&session=12", "https://a.example/?sid=politics&session=12"),
        ("https://user:pass@a.example/x", "https://a.example/x"),
        ("http://a.example/%7euser/%c3%a9", "http://a.example/~user/%C3%A9"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example/#!/story/1", "https://a.example/#!/story/1"),
        ("https://m.example.com/x", "https://www.example.com/x"),
        ("https://en.m.wikipedia.org/wiki/X", "https://en.wikipedia.org/wiki/X"),
        ("https://q.cdn.ampproject.org/c/e.cdn.ampproject.org/c/s/quay.example/a.html", "https://quay.example/a.html"),
        ("https://amp.dev/about", "https://amp.dev/about"),
        ("https://m.example/x", "https://m.example/x"),
        ("https://a.example/2026/quay-closes/amp/", "https://a.example/2026/quay-closes"),
        ("https://a.example/guitars/amp", "https://a.example/guitars/amp"),
        ("https://a.example/quay.amp.html?amp=1", "https://a.example/quay.html"),
        ("https://www.google.com/amp/s/a.example.com/2026/quay-closes", "https://a.example.com/2026/quay-closes"),
        ("https://a-example-com.cdn.ampproject.org/c/s/a.example.com/quay", "https://a.example.com/quay"),
        (" https://a.example/a b ", "https://a.example/a%20b"),
        ("javascript:alert(1)", None),
        ("//a.example/x", None),
        ("/x", None),
        ("http://", None),
        ("ftp://a.example/", None),
        ("https://a.example/" + "x" * 10_000, None),
    ],
)
def test_an_address_has_its_canonical_form(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical


@settings(max_examples=examples(200))
@given(
    st.one_of(
        st.text(max_size=60),
        st.text("htps:/.?&=#%aA1~amp-m", max_size=40).map(lambda tail: "https://m.a.example/" + tail),
    )
)
def test_canonical_is_its_own_canonical_form(url: str) -> None:
    canonical = canonical_url(url)
    if canonical is not None:
        assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    ("url", "base", "absolute"),
    [
        ("x/1", "https://a.example/news/rss", "https://a.example/news/x/1"),
        ("//b.example/1", "https://a.example/", "https://b.example/1"),
        ("?p=1", "https://a.example/rss", "https://a.example/rss?p=1"),
        ("HTTP://b.example/1", "", "HTTP://b.example/1"),
        ("https://b.example/a b", "", "https://b.example/a%20b"),
        ("https://a.example/?a=1&amp;b=2", "", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&#038;b=2&#x26;c=3", "", "https://a.example/?a=1&b=2&c=3"),
        ("\u200bhttps://a.example/1\u200e", "", "https://a.example/1"),
        ("\\news\\1.html?a\\b", "https://a.example/x/", "https://a.example/news/1.html?a\\b"),
        ("www.b.example/1", "https://a.example/", "https://www.b.example/1"),
        ("www.b.example:8080/1", "http://a.example/", "http://www.b.example:8080/1"),
        ("a.example/1", "https://www.a.example/rss", "https://a.example/1"),
        ("b.example/1", "https://a.example/", "https://a.example/b.example/1"),
        ("www.html", "https://a.example/", "https://a.example/www.html"),
        ("http://https://b.example/1", "", "https://b.example/1"),
        ("http://http//b.example/1", "", "http://b.example/1"),
        ("https//b.example/1", "https://a.example/", "https://b.example/1"),
        ("<https://b.example/1>", "", "https://b.example/1"),
        ("https://b.example/https://c.example/", "", "https://b.example/https://c.example/"),
        ("?to=http://https://b.example/", "https://a.example/1", "https://a.example/1?to=http://https://b.example/"),
        ("<>", "https://a.example/", None),
        ("javascript:alert(1)", "https://a.example/", None),
        ("//javascript:alert(1)", "https://a.example/", None),
        ("java\nscript:alert(1)", "https://a.example/", None),
        ("data:text/html,x", "https://a.example/", None),
        ("", "https://a.example/", None),
        ("x", "", None),
        ("http://[::1", "", None),
        ("http://a.example/" + "x" * 3_000, "", None),
    ],
)
def test_an_address_is_resolved_against_its_base(url: str, base: str, absolute: str | None) -> None:
    assert absolute_url(url, base) == absolute


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://news.bbc.co.uk/x", "bbc.co.uk"),
        ("www.example.com", "example.com"),
        ("https://a.b.example.com.:8080/", "example.com"),
        ("http://127.0.0.1/", None),
        ("http://[::1]/", None),
        ("http://co.uk/", None),
        ("nonsense with blanks", None),
    ],
)
def test_a_host_has_its_registered_domain(url: str, domain: str | None) -> None:
    assert registrable_domain(url) == domain


@pytest.mark.parametrize(
    "secret",
    [
        "https://user:SESAME@a.example/x",
        "https://SESAME@a.example/x",
        "https://a.example/x?api_key=SESAME&b=1",
        "https://a.example/x?access_token=SESAME",
        "https://a.example/x?X-Amz-Signature=SESAME",
        "https://a.example/x?PASSWORD=SESAME#t",
        "https://a.example/x#token=SESAME",
        "could not reach ftp://u:SESAME@h/ (timeout)",
        "https://a.example/hooks/T1/B2/SESAMEaaaa0000bbbb1111cccc",
        "https://a.example/rss?x=SESAMEaaaa0000bbbb1111cccc",
        "https://a.example/rss?t=SESAME4x9b2",
    ],
)
def test_secrets_are_masked(secret: str) -> None:
    masked = mask_secrets(secret)
    assert "SESAME" not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/2026/11/24/quay-closes-in-may-after-ninety-years?id=17&page=2",
        "not an address",
        "",
        "https://a.example/?q=",
        "https://video.example/feeds.xml?channel_id=UCx7Kd93mZpQ4LwR2sTvB8nA",
        "https://video.example/feeds.xml?playlist_id=PLx7Kd93mZpQ4LwR2sTvB8nAkW3",
        "https://news.example/rss/topics/CAAx7Kd93mZpQ4LwR2sTvB8nAkW3fG?hl=en-US&ceid=US:en",
        "https://pod.example/shows/5ab17537-f11f-4532-8202-294d976b9d5c/feed.xml",
        "https://a.example/rss.php?code=press&user=assembly&access=open&sid=12&t=politics",
        "https://a.example/rss?section=covid-19-news-and-updates-of-2026&when=20261124T080000Z",
        "https://video.example/feeds.xml?user=HarbourTechTips",
        "https://video.example/feeds.xml?user=harbourbigtinyhouse",
        "https://a.example/HarbourNewsOfTheLatestBreaches",
        "https://a.example/rss?feed_id=5ab17537-f11f-4532-8202-294d976b9d5c&id=20261124001",
        "https://a.example/rss?nn=/nachrichten/wirtschaftsnachrichten-nordrheinwestfalen",
        "https://a.example/rss?k=%E6%97%A0%E5%AE%B6%E5%8F%AF%E5%BD%92",
        "https://a.example/rss?q=Harbour+strike+2026+G20+summit",
        "https://a.example/feeds/harbour-strike-2026-g7-g20-cop31-and-after.xml",
        "https://a.example/?target=https%3A%2F%2Fb.example%2Fx7Kd93mZpQ4LwR2sTvB8nA",
    ],
)
def test_what_is_no_secret_stays(url: str) -> None:
    assert mask_secrets(url) == url


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://a.example/private/5ab17537-f11f-4532-8202-294d976b9d5c/rss", "https://a.example/private/***/rss"),
        ("https://a.example/starred/0cc175b9c0f1b6a831c399e269772661.xml", "https://a.example/starred/***.xml"),
        ("https://a.example/r?feed=0cc175b9c0f1b6a831c399e269772661&user=n", "https://a.example/r?feed=***&user=n"),
        ("https://anna:geheim@a.example/rss", "https://***@a.example/rss"),
        ("https://a.example/rss?id=5ab17537-f11f-4532-8202-294d976b9d5c", "https://a.example/rss?id=***"),
        ("https://a.example/rss?v=xqkvbzwpfjgmhtdc", "https://a.example/rss?v=***"),
        ("https://a.example/rss?v=Ab-9_xK3-_q7Zp2w", "https://a.example/rss?v=***"),
        ("https://a.example/rss?token=***", "https://a.example/rss?token=***"),
    ],
)
def test_tokens_of_every_form_are_masked_and_nothing_around_them(url: str, masked: str) -> None:
    assert mask_secrets(url) == masked


@seed(1)  # one token in some thousands looks like words
@given(st.uuids(), st.binary(min_size=16, max_size=32))
def test_tokens_made_by_chance_are_masked(name: UUID, token: bytes) -> None:
    assert str(name) not in mask_secrets(f"https://a.example/feed/{name}/rss")
    text = b64encode(sha256(token).digest()).decode().strip("=").replace("/", "_").replace("+", "-")
    assert text not in mask_secrets(f"https://a.example/feed?k={text}")


TOKENS: dict[str, Callable[[Random], str]] = {
    "base64": lambda chance: urlsafe_b64encode(chance.randbytes(12)).decode(),
    "hexadecimal": lambda chance: chance.randbytes(8).hex(),
    "letters and digits": lambda chance: "".join(chance.choices(ascii_lowercase + digits, k=16)),
    "letters": lambda chance: "".join(chance.choices(ascii_letters, k=16)),
    "small letters": lambda chance: "".join(chance.choices(ascii_lowercase, k=16)),
}


@pytest.mark.parametrize(
    ("kind", "most"),
    [("base64", 0.02), ("hexadecimal", 0.05), ("letters and digits", 0.02), ("letters", 0.04), ("small letters", 0.15)],
)
def test_few_short_tokens_go_unmasked_under_a_name_that_says_nothing(kind: str, most: float) -> None:
    chance = Random(1)
    missed = sum("***" not in mask_secrets(f"https://a.example/rss?v={TOKENS[kind](chance)}") for _ in range(1_000))
    assert missed <= 1_000 * most


@pytest.mark.skipif(not ADDRESSES.exists(), reason="needs the addresses of public feeds beside the repository")
def test_hardly_any_address_of_a_public_feed_is_masked() -> None:
    public = {url for urls in json.loads(ADDRESSES.read_text(encoding="utf-8")).values() for url in urls}
    masked = {url for url in public if mask_secrets(url) != url}
    assert len(public) > 5_000
    assert len(masked) < len(public) / 200


def test_a_long_text_is_masked_in_time_by_its_length() -> None:
    began = process_time()
    mask_secrets("a." * 200_000)
    assert process_time() - began < 5

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text.urls import absolute_url, canonical_url, mask_secrets, registered_domain


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://WWW.Example.COM:443/A/?utm_source=x&b=1&fbclid=y#top", "https://www.example.com/A/?b=1"),
        ("https://a.example/x?at_medium=RSS&at_campaign=KARANGA", "https://a.example/x"),
        ("https://a.example/x?CMP=Share_iOSApp_Other", "https://a.example/x"),
        ("https://a.example/x?cmp=rss&ref=rss&from=rss", "https://a.example/x"),
        ("https://a.example/x?ref=1234&source=paper", "https://a.example/x?ref=1234&source=paper"),
        ("https://a.example/?id=2&id=1", "https://a.example/?id=2&id=1"),
        ("https://user:pass@a.example/x", "https://a.example/x"),
        ("http://a.example/%7euser/%c3%a9", "http://a.example/~user/%C3%A9"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example/#!/story/1", "https://a.example/#!/story/1"),
        ("https://m.example.com/x", "https://www.example.com/x"),
        ("https://en.m.wikipedia.org/wiki/X", "https://en.wikipedia.org/wiki/X"),
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
def test_canonical_url(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical


@settings(deadline=None, max_examples=200)
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
        ("javascript:alert(1)", "https://a.example/", None),
        ("java\nscript:alert(1)", "https://a.example/", None),
        ("data:text/html,x", "https://a.example/", None),
        ("", "https://a.example/", None),
        ("x", "", None),
        ("http://[::1", "", None),
        ("http://a.example/" + "x" * 3_000, "", None),
    ],
)
def test_absolute_url(url: str, base: str, absolute: str | None) -> None:
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
def test_registered_domain(url: str, domain: str | None) -> None:
    assert registered_domain(url) == domain


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
    ],
)
def test_57_secrets_are_masked(secret: str) -> None:
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
    ],
)
def test_57_what_is_no_secret_stays(url: str) -> None:
    assert mask_secrets(url) == url

from __future__ import annotations

import pytest

from aggregator.exceptions import NotAFeedError
from aggregator.parsing.bot_walls import wall_in_fields, wall_in_page
from tests.parsing.making import read

PAGE = "<!doctype html><html><head><title>{}</title></head><body><p>{}</p></body></html>"


@pytest.mark.parametrize(
    ("page", "product"),
    [
        (PAGE.format("Just a moment...", ""), "Cloudflare"),
        (PAGE.format("News", "<script src='/cdn-cgi/challenge-platform/h/b/orchestrate'></script>"), "Cloudflare"),
        (PAGE.format("Oh noes!", "<script id='anubis_challenge'>{}</script>"), "Anubis"),
        (PAGE.format("site", "<script src='https://ct.captcha-delivery.com/c.js'></script>"), "DataDome"),
        (PAGE.format("", "Request unsuccessful. Incapsula incident ID: 1"), "Imperva"),
        ("<html><head><meta http-equiv='refresh' content='0;/.well-known/sgcaptcha/?r=%2F'></head></html>", "SiteGround"),
        (PAGE.format("Making sure you&#39;re not a bot!", ""), "unknown make"),
        (PAGE.format("Prüfung", "Bitte bestätigen: Ich bin kein Roboter"), "unknown make"),
        (PAGE.format("Verify you are human", "x" * 20_000), "unknown make"),
    ],
)  # fmt: skip
def test_a_wall_is_told_by_its_marks(page: str, product: str) -> None:
    assert wall_in_page(page) == product
    with pytest.raises(NotAFeedError, match=r"bot check .*robots.*ask the site"):
        read(page, "text/html")


def test_a_page_of_news_is_no_wall() -> None:
    story = PAGE.format(
        "Morning paper", "<form>Solve the captcha to comment.</form>" + "<p>Rail strike ends.</p>" * 500
    )
    assert wall_in_page(story) is None
    with pytest.raises(NotAFeedError, match=r"^This is a web page, not a feed\.$"):
        read(story)


@pytest.mark.parametrize(
    ("field", "product"),
    [
        (("cf-mitigated", "challenge"), "Cloudflare"),
        (("x-amzn-waf-action", "captcha"), "AWS WAF"),
        (("server", "DDoS-Guard"), "DDoS-Guard"),
        (("x-vercel-mitigated", "challenge"), "Vercel"),
        (("server", "cloudflare"), None),  # it stands before ordinary sites too
        (("server", "nginx"), None),
    ],
)
def test_a_wall_is_told_by_a_header_field(field: tuple[str, str], product: str | None) -> None:
    assert wall_in_fields([("content-type", "text/html"), field]) == product


def test_a_servers_name_counts_only_where_it_refused() -> None:
    assert wall_in_fields([("server", "AkamaiGHost")]) == "Akamai"
    assert wall_in_fields([("server", "AkamaiGHost")], refused=False) is None


def test_a_hostile_page_is_looked_at_in_bounded_time() -> None:
    wall_in_page("<title>" * 100_000)
    wall_in_page("<h1 " * 100_000 + "are you " * 100_000)

"""Recognises pages of bot protection ("walls") by marks of the products that serve them. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

ADVICE = "ask the site to let feed readers through, by our User-Agent (fetch.user_agent), or look for another address of the feed"
_SEARCHED = 100_000  # characters of a page
_SHORT = 5_000  # characters; a page no longer than this consists of the wall alone
# Field, text that its value must contain, product.
_FIELDS = (
    ("cf-mitigated", "", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-vercel-mitigated", "", "Vercel"),
    ("x-vercel-challenge-token", "", "Vercel"),
    ("sg-captcha", "", "SiteGround"),
    ("x-datadome", "", "DataDome"),
    ("x-datadome-cid", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "datadome", "DataDome"),
    ("server", "ddos-guard", "DDoS-Guard"),
    ("server", "akamaighost", "Akamai"),
)
_MARKS = (
    ("Cloudflare", ("/cdn-cgi/challenge-platform/h/", "cf-chl-", "cf_chl_", "<title>just a moment...", "| cloudflare</title>")),
    ("Anubis", ("anubis_version", "/.within.website/x/", "anubis_challenge")),
    ("DataDome", ("captcha-delivery.com",)),
    ("HUMAN", ("px-captcha", "perimeterx.net", "_pxappid")),
    ("Imperva", ("_incapsula_resource", "incapsula incident", "pardon our interruption")),
    ("SiteGround", ("/.well-known/sgcaptcha", "robot challenge screen")),
    ("AWS WAF", ("awswafintegration", "awswafcookiedomainlist", "token.awswaf.com")),
    ("Akamai", ("bm-verify=", "sec-if-cpt-container", "errors.edgesuite.net")),
    ("Sucuri", ("sucuri_cloudproxy", "sucuri website firewall")),
    ("DDoS-Guard", ("<title>ddos-guard", "/.well-known/ddos-guard/")),
    ("Vercel", ("vercel security checkpoint",)),
    ("Imunify360", ("imunify360",)),
    ("Google", ("detected unusual traffic from your",)),
)  # fmt: skip
_WORDS = re.compile(
    r"not a (?:ro)?bot\b|(?:are|if) you(?:'re| are)? (?:a )?(?:human|robot)|\byou(?:'re| are) (?:a )?human\b|\b(?:ro)?bot (?:check|"
    r"verification|detection|protection|challenge)|\bcaptcha\b|human verification|security (?:check|verification|checkpoint)\b|"
    r"browser (?:check|verification)|(?:checking|verifying) (?:your|the) browser|just a moment\.\.\.|one moment, please|client challenge|"
    r"access to this page has been denied|automated (?:access|requests|queries|traffic)|kein (?:ro)?bot|pas un robot|no (?:soy|eres) un robot|"
    r"non (?:sono|sei) un robot|geen robot|не робот",
    re.IGNORECASE,
)
_HEADING = re.compile(r"<(title|h1)\b[^>]{0,500}>([^<]{0,500})", re.IGNORECASE)


def wall_in_fields(fields: Iterable[tuple[str, str]], *, refused: bool = True) -> str | None:
    """Return the bot protection product behind a response, by its header fields (lower-case names), or None.

    The Server field counts only if the server ``refused`` the request: it is the same when a page is merely missing.
    """
    known = {name: value.lower() for name, value in fields}
    for field, value, product in _FIELDS:
        if field in known and value in known[field] and (refused or not value):
            return product
    return None


def wall_in_page(page: str) -> str | None:
    """Return the bot protection product behind a page, ``unknown make`` if only its words show one; None for other pages."""
    page = page[:_SEARCHED]
    lower = page.lower()
    for product, marks in _MARKS:
        if any(mark in lower for mark in marks):
            return product
    visible = page if len(page) <= _SHORT else " ".join(match[2] for match in _HEADING.finditer(page))
    return "unknown make" if _WORDS.search(html.unescape(visible).replace("\u2019", "'")) else None


def named_wall(product: str) -> str:
    """Return a message about bot protection, with advice."""
    return f"blocked by bot check ({product}), which lets browsers through and no robots: {ADVICE}"

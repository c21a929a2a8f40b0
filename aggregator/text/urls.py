"""URLs as keys: canonical forms, registered domains, and masking of secrets.

The list of tracking parameters is our own: libraries with one either merge addresses of different content or keep
trackers that news publishers use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from aggregator.text.address import BLANKS, Address, address_of, address_of_site, domain_of_host, joined
from aggregator.text.randomness import looks_mixed, looks_random

_TRACKING_PREFIXES = (
    "utm_", "at_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "_hs", "oly_", "vero_", "ga_", "xtor", "mc_", "ns_",
    "wt.", "wt_",
    "stm_", "itm_", "fb_", "trk_", "guce_", "__twitter",
)  # fmt: skip
_TRACKING = frozenset(
    """
    fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ymclid twclid ttclid igshid igsh li_fat_id mkt_tok mkevt epik
    srsltid s_cid s_kwcid ncid nr_email_referer cmpid cmp ocid icid intcmp int_cmp smid smtyp smprod soc_src soc_trk
    ref_src ref_url rss feedtype feedname partner_id partnerid campaign_id campaignid emc xtor xts wtmc wt_zmc zanpid
    echobox traffic_source trk dmcid spm ftag linkid ito cvid sr_share sharetype share smclient linkcode __tn__ _ga _gl
    _openstat tblci taboola_click_id outbrain_click_id obOrigUrl ftcamp mbid taid socialnetwork guccounter chn
    """.lower().split()
)
# Parameters that name a channel at some sites and mean something else at others: removed only where the value is a channel.
_CHANNEL_PARAMETERS = frozenset(
    {
        "ref",
        "source",
        "src",
        "from",
        "feed",
        "format",
        "via",
        "output",
        "medium",
        "origin",
        "cid",
        "campaign",
        "sc",
        "partner",
    }
)
MAX_CHANNEL = 100  # characters
_CHANNELS = re.compile(
    r"(?:[a-z]*rss[a-z0-9._-]*|feed|feeds|atom|twitter|facebook|newsletter|social|share|email|googlenews|google_?news|flipboard)",
    re.IGNORECASE,
)
# Parameters that name a visit (a session): a server without cookies gives each reader, and each poll, another one.
_VISIT = ("phpsessid", "jsessionid", "aspsessionid", "cfid", "cftoken", "oscsid", "zenid")
# These may also name a section or a talk: the value decides.
_PERHAPS_VISIT = frozenset({"sid", "sessid", "sessionid", "session_id", "session"})
_VISIT_IN_PATH = re.compile(r";jsessionid=[^/;]*|(?<=/)\(S\([a-z0-9]{24}\)\)/", re.IGNORECASE)
_AMP_PARAMETERS = frozenset({"amp", "outputtype", "_amp", "amp_js_v", "usqp"})
_DEVICE_LABELS = frozenset({"m", "mobile", "amp"})
_AMP_CACHE = re.compile(
    r"^https?://(?:www\.google\.[a-z.]+/amp|[a-z0-9-]+\.cdn\.ampproject\.org/[cv])/(s/)?([^/?#]+\.[^?#]+.*)$"
)
_AMP_SUFFIX = re.compile(r"(?<=/)(?=[^/]*[\d-])(?P<slug>[^/]+)/amp(?:\.html)?/?$")
_AMPERSAND = re.compile(
    r"&(?:amp|#0{0,3}38|#x0{0,3}26);", re.IGNORECASE
)  # an address with such a reference was escaped twice
_USUAL_START = re.compile(r"https?://(?!https?:?//)|/", re.IGNORECASE)
_PATH_END = re.compile(r"[/?#]")
_DOUBLED_SCHEME = re.compile(r"\Ahttps?:?/{0,2}(?=https?:?//)", re.IGNORECASE)
_NO_COLON = re.compile(r"\A(https?)//", re.IGNORECASE)
_WWW = re.compile(r"www\.[^.]+\.")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@lru_cache(maxsize=4_096)
def canonical_url(url: str) -> str | None:
    """Return the form of an http(s) address under which two links to one page are equal, or None.

    Host in lower case and punycode, no default port, credentials, fragment or tracking parameters; AMP and mobile
    variants become the page they stand for where the address alone shows it. Scheme, ``www.``, trailing
    slash and the order of parameters are kept: sites exist where they matter.
    """
    address = address_of(url)
    if address is None:
        return None
    while cached := _AMP_CACHE.match(address.href):  # ends, because the address inside is shorter
        page = address_of(("https://" if cached[1] else "http://") + cached[2])
        if page is None:
            break
        address = page
    host = _page_host(address.host)
    port = "" if address.port is None else f":{address.port}"
    path = address.path
    if "%" in path:
        path = _ESCAPE.sub(_normal_escape, path)
    if ";" in path or "(" in path:
        path = _VISIT_IN_PATH.sub("", path)
    if path.endswith(("/amp", "/amp/", "/amp.html")):
        path = _AMP_SUFFIX.sub(r"\g<slug>", path)
    elif path.endswith(".amp.html"):
        path = path[:-9] + ".html"
    query = _kept_query(address.query)
    fragment = f"#{address.fragment}" if address.fragment.startswith("!") else ""
    found = f"{address.scheme}://{host}{port}{path}{'?' + query if query else ''}{fragment}"
    # the page of a variant may be a variant too; the recursion ends, because each is shorter, except for one "www."
    return found if host == address.host and len(path) == len(address.path) else canonical_url(found)


def absolute_url(url: str, base: str, limit: int = 2_048) -> str | None:
    """Return ``url`` resolved against ``base`` if it is an http(s) address of at most ``limit`` characters."""
    url = _AMPERSAND.sub("&", url.strip(BLANKS))
    if not _USUAL_START.match(url):
        url = _without_slips(url.strip("<>"), base)
    if not url:
        return None
    if not url[:8].lower().startswith(("http://", "https://")):
        if ":" in _PATH_END.split(url, maxsplit=1)[0]:
            return None if "http" not in url[:8].lower() else _parsed_form(url, limit)
        path, mark, query = url.partition("?")
        url = joined(base, path.replace("\\", "/") + mark + query) or ""
    if any(character in url for character in ' \t\r\n<>"\\`{}\0') or not url.isprintable():
        return _parsed_form(url, limit)
    return url if len(url) <= limit and address_of(url) is not None else None


def _without_slips(url: str, base: str) -> str:
    """Return an address with slips before its host mended: a scheme twice, one without its colon, or none.

    Without a scheme, only a name that begins with ``www.`` or is the host of ``base`` is a host: others are paths.
    """
    url = _NO_COLON.sub(r"\1://", _DOUBLED_SCHEME.sub("", url))
    name, colon, port = _PATH_END.split(url, maxsplit=1)[0].lower().partition(":")
    if "." not in name or (colon and not port.isdecimal()):
        return url
    here = address_of(base)
    own = here is not None and name.removeprefix("www.") == here.host.removeprefix("www.")
    return f"//{url}" if own or _WWW.match(name) else url


def request_url(url: str) -> str:
    """Return an address in the form that is equal for two that request the same document: no fragment, no default port.

    Other text than an http(s) address is returned unchanged.
    """
    address = address_of(url)
    if address is None:
        return url
    return address.request.replace("://", f"://{_credentials(address)}", 1)


def _credentials(address: Address) -> str:
    if not address.user and not address.password:
        return ""
    return f"{quote(address.user, safe='')}:{quote(address.password, safe='')}@"


def _parsed_form(url: str, limit: int) -> str | None:
    address = address_of(url)
    return address.href if address is not None and len(address.href) <= limit else None


def registrable_domain(url: str) -> str | None:
    """Return the registrable domain of an address or host name (``news.bbc.co.uk`` gives ``bbc.co.uk``), or None.

    Uses the Public Suffix List that ships with the library: no network. Addresses by number have none.
    """
    address = address_of_site(url)
    return address.domain if address is not None else None


def _page_host(host: str) -> str:
    label, _, rest = host.partition(".")
    if label not in _DEVICE_LABELS:
        # en.m.wikipedia.org: the device label is inside
        return host.replace(".m.", ".", 1) if ".m." in host and domain_of_host(host.split(".m.", 1)[1]) else host
    domain = domain_of_host(rest)
    if domain is None:
        return host
    return "www." + rest if rest == domain else rest


def _kept_query(query: str) -> str:
    return "&".join(part for part in query.split("&") if part and not _is_tracking(part))


def _is_tracking(part: str) -> bool:
    name, _, value = part.partition("=")
    name = name.lower()
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES) or name.startswith(_VISIT):
        return True
    if name in _PERHAPS_VISIT:
        return looks_random(value)
    if name in _AMP_PARAMETERS:
        return value.lower() in ("", "1", "true", "amp")
    return name in _CHANNEL_PARAMETERS and len(value) <= MAX_CHANNEL and _CHANNELS.fullmatch(value) is not None


def _normal_escape(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    return character if character in _UNRESERVED else match[0].upper()


# --- secrets -------------------------------------------------------------------------------------

# A parameter with such a name holds a secret, whatever its value looks like.
_SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:[a-z]*key|[a-z]*token|[a-z]*secret|pass|passwd|passphrase|password|pwd|pw|auth|authorization|bearer|"
    r"sig|signature|hmac|jwt|credential|credentials|email)$",
    re.IGNORECASE,
)
# A parameter with such a name holds a secret, or a plain word or number: the value decides, and need look only a little random.
_DOUBTFUL_NAME = re.compile(
    r"(?:^|[_.-])(?:code|access|hash|sid|[a-z]*sess(?:ion)?(?:_?id)?|ticket|license|licence|private|secure|user|username|login|[tkshux])$",
    re.IGNORECASE,
)
# A parameter with such a name says what is requested. Identifiers are as long and as mixed as tokens, but public.
_PUBLIC_NAME = re.compile(
    r"(?:(?:[a-z_.-]*(?:channel|playlist|topic|feed|show|podcast|series|story|article|section|category|page|list|collection|"
    r"author|program|programme|item|tag|term|region|place)[_-]?)?u?u?ids?|ceid|cid|gid|pid|nid|q|query|search|term|keywords?|tags?|url|uri|"
    r"topics?|section|category|categories|channel|playlist|list|lang|date|since|until|from|to|title|name|format|type|filter|sort)(?:\[\])?",
    re.IGNORECASE,
)
# A parameter with such a name may identify a public list or a person's own.
_BARE_ID = re.compile(r"(?:u|uu|gu|user_?|account_?|member_?|subscriber_?)?id", re.IGNORECASE)
# After such a part of a path comes the name of something that is published.
_PUBLIC_PART = re.compile(
    r"(?:topics?|articles?|stor(?:y|ies)|sections?|publications?|channels?|playlists?|shows?|podcasts?|episodes?|series|program(?:me)?s?|"
    r"tags?|categor(?:y|ies)|authors?|profile|public|search|news|blogs?|collections?|videos?)",
    re.IGNORECASE,
)
_FILE_ENDING = re.compile(r"\.(?:xml|rss|atom|json|rdf|php|html?|aspx?)$", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]{0,20}://)(?P<rest>[^\s<>\"']+)")
MASK = "***"


def mask_secrets(text: str) -> str:
    """Return an address, or a text that holds addresses, with credentials and tokens replaced by ``***``.

    User information, values of parameters with a secret's name, and values and path segments that look like tokens are
    masked. Identifiers under names such as ``channel_id`` stay, and so do identifiers after public parts of a path (``/topic/``).
    """
    return _URL.sub(lambda match: match["scheme"] + _masked(match["rest"], []), text)


def secret_parts(url: str) -> tuple[str, ...]:
    """Return the parts of an address that :func:`mask_secrets` hides, in order."""
    found: list[str] = []
    for match in _URL.finditer(url):
        _masked(match["rest"], found)
    return tuple(found)


def names_secret(name: str) -> bool:
    """Return whether a parameter or header of this name is a secret, whatever its value."""
    return _SECRET_NAME.search(name) is not None


def _masked(rest: str, found: list[str]) -> str:
    """Return what follows an address's scheme without its secrets, which are put into ``found``."""
    cut = min((position for position in (rest.find(mark) for mark in "/?#") if position >= 0), default=len(rest))
    authority, tail = rest[:cut], rest[cut:]
    user, at, host = authority.rpartition("@")
    if at:
        found.extend(part for part in user.split(":") if part)
        authority = f"{MASK}@{host}"
    tail, hash_mark, fragment = tail.partition("#")
    path, mark, query = tail.partition("?")
    query = "&".join(_masked_parameter(part, found) for part in query.split("&"))
    if fragment:
        fragment = "&".join(_masked_parameter(part, found) for part in fragment.split("&"))
    return authority + _masked_path(path, found) + mark + query + hash_mark + fragment


def _masked_path(path: str, found: list[str]) -> str:
    parts = path.split("/")
    public = False
    for place, part in enumerate(parts):
        ending = _FILE_ENDING.search(part)
        stem = part[: ending.start()] if ending else part
        # an identifier after a public one is public: https://host/playlist/ID/ID/podcast.rss
        public = _PUBLIC_PART.fullmatch(parts[place - 1]) is not None or (public and looks_random(parts[place - 1]))
        if not public and looks_random(stem):
            found.append(stem)
            parts[place] = MASK + part[len(stem) :]
    return "/".join(parts)


def _masked_parameter(part: str, found: list[str]) -> str:
    name, mark, value = part.partition("=")
    if not mark:
        name, value = "", part
    if value and value != MASK and _is_secret(name, value):
        found.append(value)
        return name + mark + MASK
    return part


def _is_secret(name: str, value: str) -> bool:
    if _SECRET_NAME.search(name):
        return True
    if _BARE_ID.fullmatch(name):
        return looks_random(value)
    if _PUBLIC_NAME.fullmatch(name):
        return False
    return looks_random(value) or (_DOUBTFUL_NAME.search(name) is not None and looks_mixed(value))

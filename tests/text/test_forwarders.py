"""Addresses that only lead on."""

from __future__ import annotations

import pytest

from aggregator.text.forwarders import page_behind

PAGE = "https://quay.example/dredger?id=7&x=1"
ESCAPED = "https%3A%2F%2Fquay.example%2Fdredger%3Fid%3D7%26x%3D1"


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={ESCAPED}&ct=ga&cd=CAIy&usg=AOvV",
        f"https://www.google.co.uk/url?q={ESCAPED}",
        f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=67CF&url={ESCAPED.lower()}&c=17&mkt=en-us",
        f"https://l.facebook.com/l.php?u={ESCAPED}&h=AT0",
        f"https://www.youtube.com/redirect?event=video&q={ESCAPED}",
        f"https://r.search.yahoo.com/_ylt=Awr/RV=2/RE=1773/RO=10/RU={ESCAPED}/RK=2/RS=x-",
        f"https://eur02.safelinks.protection.outlook.com/?url={ESCAPED}&data=05",
        f"https://duckduckgo.com/l/?uddg={ESCAPED}",
    ],
)
def test_the_page_behind_a_counter_of_clicks_is_found(address: str) -> None:
    assert page_behind(address) == PAGE


@pytest.mark.parametrize(
    "address",
    [
        PAGE,
        f"https://quay.example/url?url={ESCAPED}",  # another's redirect may be a page of its own
        f"https://www.google.com/search?q={ESCAPED}",
        f"https://www.google.com.quay.example/url?url={ESCAPED}",
        "https://www.google.com/url?url=javascript:alert(1)",
        "https://www.google.com/url?url=",
        "https://r.search.yahoo.com/_ylt=Awr/RU=ftp%3a%2f%2fquay.example/RK=2",
        "https://www.google.com/url?url=https://",
        "mailto:desk@quay.example?x=1",
        "",
    ],
)
def test_any_other_address_stays(address: str) -> None:
    assert page_behind(address) == address

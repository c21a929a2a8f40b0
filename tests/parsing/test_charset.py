"""Charsets beyond labels that are right: defaults of servers, larger sets, mixtures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parsing.charset import decode
from tests.parsing.making import read, titled

SENTENCES = {
    "windows-1251": "Мост через Орну закрыт до пятницы",
    "koi8-r": "Мост через Орну закрыт до пятницы",
    "windows-1250": "Příští týden začne stávka na dráze",
    "iso-8859-2": "Strażacy gaszą pożar składu w Łodzi",
    "iso-8859-7": "Απεργία στα λιμάνια από τη Δευτέρα",
    "windows-1255": "הגשר נסגר לתנועה עד יום שישי",
    "windows-1254": "Köprü cuma gününe kadar kapalı, yağış sürüyor",
    "shift_jis": "橋は金曜日まで通行止め",
    "euc-jp": "橋は金曜日まで通行止め",
    "gbk": "大桥封闭至星期五",
    "big5": "大橋封閉至星期五",
    "euc-kr": "다리는 금요일까지 통제된다",
}


def declared(label: str, data: bytes) -> bytes:
    return titled(data, f'<?xml version="1.0" encoding="{label}"?>'.encode())


@pytest.mark.parametrize("default", ["iso-8859-1", "ISO8859-1", "us-ascii", "windows-1252"])
@pytest.mark.parametrize(("label", "sentence"), SENTENCES.items())
def test_a_servers_default_yields_to_the_declaration(default: str, label: str, sentence: str) -> None:
    feed = read(declared(label, sentence.encode(label)), f"text/xml; charset={default}")
    assert feed.entries[0].title == sentence
    assert feed.ill_formed is None


def test_a_label_that_is_not_a_default_beats_the_declaration() -> None:
    body = declared("windows-1251", "Мост".encode("koi8-r"))
    assert read(body, "text/xml; charset=koi8-r").entries[0].title == "Мост"


@pytest.mark.parametrize("label", ["windows-1251", "koi8-r", "iso-8859-5", "ibm866"])
@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "iso-8859-5", "ibm866"])
def test_a_cyrillic_charset_is_told_from_its_siblings(label: str, charset: str) -> None:
    sentence = "Мост через Орну закрыт до пятницы, сообщила полиция города во вторник"
    body = declared("koi8-r", sentence.encode(charset))
    assert read(body, f"text/xml; charset={label}").entries[0].title == sentence


def test_capitals_throughout_and_languages_of_other_letters_are_read_as_labelled() -> None:
    for sentence in (
        "МОСТ ЧЕРЕЗ ОРНУ ЗАКРЫТ ДО ПЯТНИЦЫ, СООБЩИЛА ПОЛИЦИЯ",
        "Улсын Их Хурлын чуулганы нэгдсэн хуралдаан болж байна",
    ):
        body = declared("windows-1251", sentence.encode("windows-1251"))
        assert read(body).entries[0].title == sentence


@pytest.mark.parametrize("label", ["windows-1251", "koi8-r", "iso-8859-2", "gbk", "euc-jp"])
def test_utf8_beats_any_label_and_is_told(label: str) -> None:
    feed = read(declared(label, "Мост через Орну".encode()))
    assert feed.entries[0].title == "Мост через Орну"
    assert feed.ill_formed is not None
    assert "is utf-8" in feed.ill_formed


@pytest.mark.parametrize(
    ("label", "charset", "sentence"),
    [
        ("iso-8859-2", "cp1250", "„Rząd” przyjął budżet – żółć"),
        ("iso-8859-5", "cp1251", "«Порт» — закрыт"),
        ("iso-8859-7", "cp1253", "Η κυβέρνηση – «ναι»"),
    ],
)
def test_a_label_of_the_standard_on_a_document_of_windows_is_seen_through(
    label: str, charset: str, sentence: str
) -> None:
    declaration = f'<?xml version="1.0" encoding="{label}"?>'.encode()
    feed = read(titled(sentence.encode(charset), declaration))
    assert feed.entries[0].title == sentence
    assert charset in (feed.ill_formed or "")


def test_a_document_of_the_standard_stays_one() -> None:
    declaration = b'<?xml version="1.0" encoding="iso-8859-2"?>'
    feed = read(titled("Rząd przyjął budżet".encode("iso-8859-2"), declaration))
    assert (feed.entries[0].title, feed.ill_formed) == ("Rząd przyjął budżet", None)


@pytest.mark.parametrize(
    ("label", "charset", "sentence"),
    [
        ("win-1251", "cp1251", "Порт"),
        ("cp-1251", "cp1251", "Порт"),
        ("windows1250", "cp1250", "Přístav"),
        ("ansi-1253", "cp1253", "Λιμάνι"),
        ("gb-2312", "gbk", "港口"),
        ("sjis-win", "cp932", "①港"),
        ("utf8mb4", "utf-8", "港"),
    ],
)
def test_labels_are_read_however_they_are_spelt(label: str, charset: str, sentence: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{label}"?>'.encode()
    feed = read(titled(sentence.encode(charset), declaration))
    assert (feed.entries[0].title, feed.ill_formed) == (sentence, None)


def test_korean_without_a_label_is_recognised() -> None:
    sentence = "정부 예산안 승인, 총리가 월요일 결정을 발표했다"
    assert read(titled(sentence.encode("cp949"))).entries[0].title == sentence


def test_a_charset_of_letters_that_no_label_names_is_recognised() -> None:
    body = titled("Мост через Орну закрыт до пятницы".encode("cp1251"))
    assert read(body, "text/xml; charset=iso-8859-1").entries[0].title == "Мост через Орну закрыт до пятницы"
    french = titled("L'été, un élève a été relâché à Évreux".encode("latin-1"))
    assert read(french).entries[0].title == "L'été, un élève a été relâché à Évreux"


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("euc-jp", b"\xad\xa2\xb9\xe6\xad\xea", "②号㈱"),  # the row of NEC
        ("x-euc-jp", b"\xad\xe2\x8e\xb6", "№ｶ"),
        ("iso-2022-jp", b"\x1b$B\x2d\x22\x39\x66\x1b(B ok", "②号 ok"),
        ("windows-31j", b"\x87\x41\xfa\xb1", "②﨑"),
        ("gb2312", b"\x80 \x81\x30\x84\x36", "€ ¥"),
        ("ksc5601", "똠방각하".encode("cp949"), "똠방각하"),
        ("big5", b"\xf9\xd6", "碁"),
        ("koi8_r", "Мост".encode("koi8-r"), "Мост"),
        *(
            (label, "Київ, їжа".encode("koi8-u"), "Київ, їжа")
            for label in ("koi8-r", "koi8_r", "koi8", "koi", "cskoi8r")
        ),
        ("x-cp1251", "Мост".encode("cp1251"), "Мост"),
    ],
)
def test_east_asian_names_mean_the_larger_sets(label: str, data: bytes, text: str) -> None:
    found, fault = decode(titled(data), f"text/xml; charset={label}")
    assert text in found
    assert fault is None


def test_a_document_of_the_sibling_charset_is_recognised() -> None:
    feed = read(declared("shift_jis", "橋は金曜日まで通行止め".encode("euc-jp")))
    assert feed.entries[0].title == "橋は金曜日まで通行止め"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Caf\xe9 M\xfc\xdfig", "Café Müßig"),
        (b"\x93Quay\x94 \x96 shut\x85", "“Quay” – shut…"),
        ("Мост через Орну закрыт".encode("cp1251"), "Мост через Орну закрыт"),
        ("Straße ".encode() + b"\xe9t\xe9", "Straße été"),
        (b"a \xed\xa0\xbd\xed\xba\x82 b", "a 🚂 b"),  # UTF-16 encoded by halves
        (b"torn \xf0\x9f\x9a", "torn \ufffd"),
        (b"\xc3\xa9 \xff\xfe", "é \ufffd"),
    ],
)
def test_fields_in_another_encoding_are_read_each_for_itself(data: bytes, text: str) -> None:
    body = declared("utf-8", "Žluťoučký kůň 橋".encode() + b"</title><description>" + data + b"</description><title>")
    entry = read(body).entries[0]
    assert entry.title == "Žluťoučký kůň 橋"
    assert entry.summary.rstrip("\ufffd") == text.rstrip("\ufffd")


def test_a_legacy_document_may_hold_fields_of_utf8() -> None:
    both = "橋は金曜日まで".encode("euc-jp") + b"</title><description>" + "通行止め".encode() + b"</description><title>"
    entry = read(declared("euc-jp", both)).entries[0]
    assert (entry.title, entry.summary) == ("橋は金曜日まで", "通行止め")


@given(
    st.binary(max_size=300),
    st.sampled_from(["", *(f"text/xml; charset={name}" for name in SENTENCES), "charset=utf-8"]),
)
def test_any_bytes_become_text(body: bytes, content_type: str) -> None:
    text, _ = decode(body, content_type)
    text.encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50))
def test_utf8_is_never_mended(text: str) -> None:
    body = declared("utf-8", text.replace("<", "").replace(">", "").encode())
    assert decode(body, "text/xml; charset=iso-8859-1") == (body.decode(), None)

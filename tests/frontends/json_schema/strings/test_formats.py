"""Formats. The judges are the standard library and the texts of the official suite (tests/conformance)."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.errors import InvalidOptionError
from structgen.frontends.json_schema import json_schema
from structgen.frontends.json_schema.strings import KNOWN
from structgen.frontends.json_schema.strings.matching import is_of_format


@pytest.mark.parametrize(
    ("form", "inside", "outside"),
    [
        (
            "date",
            ["2024-02-29", "2000-02-29", "1999-12-31"],
            ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "0000-01-01", "24-01-01"],
        ),
        (
            "time",
            ["00:00:00Z", "23:59:59.123+05:30", "23:59:60Z"],
            ["24:00:00Z", "12:00:00", "12:60:00Z", "12:00:60Z", "1:00:00Z"],
        ),
        (
            "date-time",
            ["2024-02-29T12:00:00Z", "1990-12-31T15:59:59.5-08:00", "2024-01-01t00:00:00z"],
            ["2024-01-01 00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01"],
        ),
        (
            "duration",
            ["P1Y2M3D", "PT1H30M", "P2W", "P1DT12H", "PT5S"],
            ["P", "PT", "P1", "1Y", "P1WT1H", "P1D1Y", "PT1D"],
        ),
        (
            "email",
            ["a@b.de", "first.last+tag@sub.example.com", '"a b"@example.com', "x@[127.0.0.1]"],
            ["a", "a@", "@b.de", ".a@b.de", "a..b@c.de", "a@-b.de", "a b@c.de"],
        ),
        ("idn-email", ["δοκιμή@παράδειγμα.δοκιμή", "a@b.de"], ["a", "@b.de"]),
        (
            "hostname",
            ["localhost", "www.example.com", "a-b.c1", "a" * 63],
            ["-a", "a-", "a..b", "a_b", "a" * 64, "ab--cd", ""],
        ),
        ("idn-hostname", ["실례.테스트", "straße.de", "localhost"], ["-실례", "a..b", "A\u0301"]),
        (
            "ipv4",
            ["127.0.0.1", "255.255.255.255", "0.0.0.0"],
            ["256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4"],
        ),
        (
            "ipv6",
            ["::", "::1", "2001:db8::8a2e:370:7334", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"],
            [":::", "1:2:3:4:5:6:7", "12345::", "1::2::3", "::g", "fe80::1%eth0"],
        ),
        (
            "uri",
            [
                "http://example.com/a?b=c#d",
                "urn:isbn:0451450523",
                "mailto:a@b.de",
                "file:///etc/x",
                "http://[::1]:80/",
            ],
            ["//example.com", "/a/b", "a b:c", "http://a b", "http://ex<>"],
        ),
        (
            "uri-reference",
            ["/a/b", "//example.com", "?q", "#f", "", "a:b", "a/b:c"],
            ["\\a", "a b", "http://[::1"],
        ),
        ("iri", ["http://ƒøø.ßår/?∂éœ=πîx#πîüx"], ["/ƒøø", "http://a b"]),
        ("iri-reference", ["/ƒøø", "#ƒ"], ["\\ƒ", "a b"]),
        (
            "uuid",
            ["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"],
            ["2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380"],
        ),
        ("uri-template", ["http://example.com/{term:1}/{term}", "/{?a,b*}", ""], ["{", "a}b", "{a b}", "{}"]),
        ("json-pointer", ["", "/a/b", "/a~0b~1c", "/"], ["a", "/~", "/a~2"]),
        ("relative-json-pointer", ["0", "1/a", "2#"], ["/a", "-1", "01", "#"]),
        (
            "regex",
            ["^a(b|c)*$", "[a-z]{2,}", "\\d+\\.\\w", "", "a/b{2,10}?", "c{0,0}"],
            ["(", "a)", "[", "*a", "a**", "a{3,2}", "a{9,8}"],
        ),
    ],
)
def test_formats(form: str, inside: list[str], outside: list[str]) -> None:
    for text in inside:
        assert is_of_format(form, text), text
    for text in outside:
        assert not is_of_format(form, text), text


def test_all_formats_of_the_specifications_are_there() -> None:
    defined = (
        "date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri "
        "iri-reference uuid uri-template json-pointer relative-json-pointer regex"
    )
    assert set(defined.split()) == KNOWN


def test_unknown_formats_are_annotations() -> None:
    for form in ("colour", "int32", "style", ""):
        assert json_schema({"type": "string", "format": form})._compiled.accepts('"x"')


def test_formats_combine_with_the_other_keywords() -> None:
    constraint = json_schema({"type": "string", "format": "date", "pattern": "^20", "maxLength": 10})
    assert constraint._compiled.accepts('"2024-02-29"')
    assert not constraint._compiled.accepts('"1999-12-31"')
    assert json_schema({"format": "date"})._compiled.accepts("1")


def test_formats_may_be_annotations() -> None:
    assert json_schema({"type": "string", "format": "date"}, formats="annotate").validate('"x"') == "x"
    with pytest.raises(InvalidOptionError, match="formats"):
        json_schema({}, formats="check")  # type: ignore[arg-type]


@settings(deadline=None)
@given(
    st.dates(min_value=datetime.date(1, 1, 1))
    | st.dates(datetime.date(1896, 1, 1), datetime.date(1908, 1, 1))
)
def test_every_date_is_one(date: datetime.date) -> None:
    assert is_of_format("date", date.isoformat())


@settings(deadline=None)
@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_dates_are_those_of_the_calendar(year: int, month: int, day: int) -> None:
    text = f"{year:04}-{month:02}-{day:02}"
    try:
        datetime.date.fromisoformat(text)
        expected = True
    except ValueError:
        expected = False
    assert is_of_format("date", text) == expected


@settings(deadline=None)
@given(
    st.ip_addresses(v=6) | st.ip_addresses(v=4),
    st.sampled_from([":", "", "0", ".", "g", "::"]),
    st.integers(0, 40),
)
def test_addresses_are_those_of_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, extra: str, place: int
) -> None:
    for text in (str(address), address.exploded, str(address)[:place] + extra + str(address)[place:]):
        for form, kind in (("ipv4", ipaddress.IPv4Address), ("ipv6", ipaddress.IPv6Address)):
            try:
                kind(text)
                expected = True
            except ValueError:
                expected = False
            assert is_of_format(form, text) == expected


@settings(deadline=None)
@given(st.uuids())
def test_every_uuid_is_one(value: uuid.UUID) -> None:
    assert is_of_format("uuid", str(value))
    assert not is_of_format("uuid", value.hex)


@settings(deadline=None)
@given(st.text(r"ab()[]*+?|^$.\d{}1,-", max_size=6))
def test_every_regex_compiles(text: str) -> None:
    if is_of_format("regex", text):
        re.compile(text)


@pytest.mark.parametrize(
    ("form", "text", "valid"),
    [
        ("time", "23:59:60Z", True),
        ("time", "15:59:60-08:00", True),
        ("time", "15:59:60Z", False),
        ("time", "01:29:60.5+01:30", True),
        ("date-time", "1985-04-12T23:20:50.123456789012Z", True),
        ("date-time", "1985-02-30T23:20:50Z", False),
        ("duration", "P12345678901D", True),
        ("duration", "P1X", False),
        ("hostname", "xn--ihqwcrb4cv8a8dqg056pqjye", True),
    ],
)
def test_validate_has_formats_where_the_mask_is_narrower(form: str, text: str, valid: bool) -> None:
    constraint = json_schema({"format": form})
    assert constraint.is_valid(json.dumps(text)) == valid

"""Types of the standard library that JSON carries as texts or numbers: dates, UUIDs, decimals, paths, addresses.

For each the schema of what is written, and how the value is read. Formats are those of RFC 3339 and of ISO 8601 for
durations, narrowed to what Python's type can hold: a year from 1, seconds below 60, microseconds.
"""

from __future__ import annotations

import datetime
import decimal
import ipaddress
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

_DATE = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_DURATION = (
    r"-?P(?:[0-9]{1,6}D|(?:[0-9]{1,6}D)?T(?:[0-9]{1,4}H)?(?:[0-9]{1,4}M)?[0-9]{1,5}(?:\.[0-9]{1,6})?S)"
)
_DURATION_PARTS = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)


class StandardType(NamedTuple):
    """How JSON carries a type.

    Attributes:
        schema: of the values in JSON.
        read: makes the value; raises `ValueError` or `TypeError` if it can't.
    """

    schema: dict[str, Any]
    read: Callable[[Any], Any]


def _text(read: Callable[[str], Any], **keywords: Any) -> StandardType:
    def checked(value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is not a text")
        return read(value)

    return StandardType({"type": "string", **keywords}, checked)


def _moment(text: str) -> datetime.datetime:
    # Python 3.10 reads no Z, and three or six digits after the point only.
    text = re.sub(r"\.(\d+)", lambda found: "." + found[1].ljust(6, "0")[:6], text)
    return datetime.datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))


def _time(text: str) -> datetime.time:
    return datetime.time.fromisoformat(
        re.sub(r"\.(\d+)", lambda found: "." + found[1].ljust(6, "0")[:6], text)
    )


def _duration(text: str) -> datetime.timedelta:
    found = _DURATION_PARTS.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        raise ValueError(f"{text!r} is not a duration")
    sign, days, hours, minutes, seconds = found.groups()
    whole, _, fraction = (seconds or "0").partition(".")
    delta = datetime.timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(whole),
        microseconds=int(fraction.ljust(6, "0")[:6] or 0),
    )
    return -delta if sign else delta


def _decimal(value: Any) -> decimal.Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"{value!r} is not a number")
    try:
        return decimal.Decimal(value if isinstance(value, (int, str)) else repr(value))
    except decimal.InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None


STANDARD_TYPES: dict[Any, StandardType] = {
    datetime.datetime: _text(_moment, format="date-time", pattern=f"^{_DATE}T{_TIME}{_OFFSET}$"),
    datetime.date: _text(datetime.date.fromisoformat, format="date", pattern=f"^{_DATE}$"),
    datetime.time: _text(_time, pattern=f"^{_TIME}$"),
    datetime.timedelta: _text(_duration, pattern=f"^{_DURATION}$"),
    uuid.UUID: _text(uuid.UUID, format="uuid"),
    decimal.Decimal: StandardType({"type": "number"}, _decimal),
    pathlib.Path: _text(pathlib.Path, minLength=1),
    pathlib.PurePath: _text(pathlib.PurePath, minLength=1),
    pathlib.PurePosixPath: _text(pathlib.PurePosixPath, minLength=1),
    pathlib.PureWindowsPath: _text(pathlib.PureWindowsPath, minLength=1),
    ipaddress.IPv4Address: _text(ipaddress.IPv4Address, format="ipv4"),
    ipaddress.IPv6Address: _text(ipaddress.IPv6Address, format="ipv6"),
    re.Pattern: _text(re.compile, format="regex"),
}
"""By the type itself."""

r"""Formats: each name of the specifications as an expression over the characters meant.

    date-time date time            RFC 3339, 5.6, with the days that each month has
    duration                       RFC 3339, appendix A
    email idn-email                RFC 5321, 4.1.2; RFC 6531, 3.3
    hostname idn-hostname          RFC 1123, 2.1; RFC 5890, 2.3.2.3
    ipv4 ipv6                      RFC 2673, 3.2; RFC 4291, 2.2
    uri uri-reference iri iri-ref. RFC 3986; RFC 3987
    uri-template                   RFC 6570
    uuid                           RFC 4122, 3
    json-pointer relative-...      RFC 6901, 5; Relative JSON Pointers, 3
    regex                          ECMA-262

Where the definition is not regular, or has no end, the expression is narrower and never wider: seconds have at most
nine decimals, leap seconds stand only at 23:59:60Z, there is no year 0, labels of host names have no hyphens in places
3 and 4 (`xn--...`), internationalized labels have letters of some scripts only, and regular expressions nest two deep.

Patterns are in ECMA-262's dialect and match the whole text. Any other name is an annotation.
"""

from __future__ import annotations

from functools import lru_cache

from structgen.grammar.expressions import ANY_CHAR, Expression, Intersection, repeat
from structgen.patterns import parse_regex

_YEAR = r"(?:\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DATE = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_HOURS, _SIXTY = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_TIME = (
    rf"(?:{_HOURS}:{_SIXTY}:{_SIXTY}(?:\.\d{{1,9}})?(?:[Zz]|[+\-]{_HOURS}:{_SIXTY})"
    r"|23:59:60(?:\.\d{1,9})?(?:[Zz]|[+\-]00:00))"
)
_N = r"\d{1,9}"
_DURATION_TIME = rf"T(?:{_N}H(?:{_N}M(?:{_N}S)?)?|{_N}M(?:{_N}S)?|{_N}S)"
_DURATION_DATE = rf"(?:{_N}D|{_N}M(?:{_N}D)?|{_N}Y(?:{_N}M(?:{_N}D)?)?)"

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_H16 = r"[0-9A-Fa-f]{1,4}"
_LS32 = rf"(?:{_H16}:{_H16}|{_IPV4})"
_IPV6 = (
    "(?:"
    + "|".join(
        [
            rf"(?:{_H16}:){{6}}{_LS32}",
            rf"::(?:{_H16}:){{5}}{_LS32}",
            rf"(?:{_H16})?::(?:{_H16}:){{4}}{_LS32}",
            rf"(?:(?:{_H16}:){{0,1}}{_H16})?::(?:{_H16}:){{3}}{_LS32}",
            rf"(?:(?:{_H16}:){{0,2}}{_H16})?::(?:{_H16}:){{2}}{_LS32}",
            rf"(?:(?:{_H16}:){{0,3}}{_H16})?::{_H16}:{_LS32}",
            rf"(?:(?:{_H16}:){{0,4}}{_H16})?::{_LS32}",
            rf"(?:(?:{_H16}:){{0,5}}{_H16})?::{_H16}",
            rf"(?:(?:{_H16}:){{0,6}}{_H16})?::",
        ]
    )
    + ")"
)


def _label(char: str, most: int) -> str:
    """A label of a host name: no hyphen at either end, nor in both places 3 and 4.

    Not by lookahead: that takes 20 ms.
    """
    any_char = f"[{char}-]"
    char = f"[{char}]"
    return (
        f"{char}(?:{char}|{any_char}{char}(?:{any_char}{{0,{most - 4}}}{char})?"
        f"|{any_char}-{char}(?:{any_char}{{0,{most - 5}}}{char})?)?"
    )


_LABEL = _label("A-Za-z0-9", 63)
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
# Letters that need no context and no mapping (IDNA 2008): Latin, Greek, Cyrillic, Kana, Han, Hangul.
_LETTERS = (
    "\u00df-\u00f6\u00f8-\u00ff\u03ac-\u03ce\u0430-\u044f\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
_IDN_LABEL = _label(f"a-z0-9{_LETTERS}", 20)
_IDN_HOST = rf"{_IDN_LABEL}(?:[.]{_IDN_LABEL})*"

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?\^_`{|}~\-"
_QTEXT = r"(?:[ !#-\[\]-~]|\\[ -~])"
_UTF8 = "\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
_LITERAL = rf"\[(?:{_IPV4}|IPv6:{_IPV6})\]"
_EMAIL = rf'(?:[{_ATEXT}]+(?:\.[{_ATEXT}]+)*|"{_QTEXT}*")@(?:{_HOST}|{_LITERAL})'
_IDN_EMAIL = (
    rf'(?:[{_ATEXT}{_UTF8}]+(?:\.[{_ATEXT}{_UTF8}]+)*|"{_QTEXT}*")@(?:{_HOST}|{_IDN_HOST}|{_LITERAL})'
)


def _uri(extra: str, private: str, *, reference: bool) -> str:
    """A URI (RFC 3986, appendix A), or an IRI with more characters (RFC 3987, 2.2)."""
    escaped = r"%[0-9A-Fa-f]{2}"
    unreserved = rf"A-Za-z0-9\-._~{extra}"
    delimiters = r"!$&'()*+,;="
    char = rf"(?:[{unreserved}{delimiters}:@]|{escaped})"
    no_colon = rf"(?:[{unreserved}{delimiters}@]|{escaped})"
    user = rf"(?:[{unreserved}{delimiters}:]|{escaped})*"
    future = rf"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~{delimiters}:]+"
    host = rf"(?:\[(?:{_IPV6}|{future})\]|(?:[{unreserved}{delimiters}]|{escaped})*)"
    authority = rf"(?:{user}@)?{host}(?::\d*)?"
    path = rf"(?:/{char}*)*"
    rootless = rf"{char}+{path}"
    tail = rf"(?:\?(?:{char}|[/?{private}])*)?(?:#(?:{char}|[/?])*)?"
    absolute = rf"[A-Za-z][A-Za-z0-9+\-.]*:(?://{authority}{path}|/(?:{rootless})?|{rootless}|){tail}"
    if not reference:
        return absolute
    return rf"(?:{absolute}|(?://{authority}{path}|/(?:{rootless})?|{no_colon}+{path}|){tail})"


_UCS = (
    "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd"
)
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd"
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"

_TEMPLATE_NAME = r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*"
_TEMPLATE_VARIABLE = rf"{_TEMPLATE_NAME}(?::[1-9]\d{{0,3}}|\*)?"
_TEMPLATE = (
    rf"(?:[!#$&-;=?-\[\]_a-z~{_UCS}{_PRIVATE}]|%[0-9A-Fa-f]{{2}}"
    rf"|\{{[+#./;?&=,!@|]?{_TEMPLATE_VARIABLE}(?:,{_TEMPLATE_VARIABLE})*\}})*"
)


# Two bounds of a repetition, the first below 10: no number is larger than the one after it.
_BOUNDS = "|".join(rf"{low},(?:[{low}-9]|[1-9]\d)" for low in range(10))


def _regex(depth: int) -> str:
    """Regular expressions that Python and ECMA-262 both read."""
    quantifier = rf"(?:[*+?]\??|\{{(?:\d{{1,2}},?|{_BOUNDS})\}}\??)?"
    escape = r"\\(?:[dDwWsSnrtfv]|[\^$\\.*+?()\[\]{}|/])"
    char = r"[^\x00-\x1f\^$\\.*+?()\[\]{}|]"
    inside = rf"(?:a-z|A-Z|0-9|[^\x00-\x1f\\\[\]\^\-&~|]|{escape})"
    atom = rf"(?:{char}|\.|{escape}|\[\^?{inside}+\])"
    if depth:
        atom = rf"(?:{atom}|\((?:\?:)?{_regex(depth - 1)}\))"
    term = rf"(?:{atom}{quantifier}|[\^$]|\\[bB])"
    return rf"(?:{term})*(?:\|(?:{term})*)*"


_PATTERNS = {
    "date": _DATE,
    "time": _TIME,
    "date-time": rf"{_DATE}[Tt]{_TIME}",
    "duration": rf"P(?:{_DURATION_DATE}(?:{_DURATION_TIME})?|{_DURATION_TIME}|{_N}W)",
    "email": _EMAIL,
    "idn-email": _IDN_EMAIL,
    "hostname": _HOST,
    "idn-hostname": rf"(?:{_HOST}|{_IDN_HOST})",
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "uri": _uri("", "", reference=False),
    "uri-reference": _uri("", "", reference=True),
    "iri": _uri(_UCS, _PRIVATE, reference=False),
    "iri-reference": _uri(_UCS, _PRIVATE, reference=True),
    "uuid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "uri-template": _TEMPLATE,
    "json-pointer": _POINTER,
    "relative-json-pointer": rf"(?:0|[1-9]\d{{0,9}})(?:#|{_POINTER})",
    "regex": _regex(2),
}
KNOWN = frozenset(_PATTERNS)
_LONGEST = {"hostname": 253, "idn-hostname": 253}


@lru_cache(maxsize=64)
def format_texts(form: str) -> Expression:
    """The texts of a format."""
    found = parse_regex(_PATTERNS[form], dialect="ecma")
    if form in _LONGEST:
        found = Intersection((repeat(ANY_CHAR, 1, _LONGEST[form]), found))
    return found

r"""Unicode properties, `\p{...}`: general categories, scripts, and the binary ones that Python can answer.

Names are those of ECMA-262 (22.2.1, tables 67 to 69), as exact as there. Categories follow the Unicode version of
`unicodedata`, scripts that of `scripts.py`.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from structgen.grammar.expressions import ANY_CHAR, CharSet, charset
from structgen.patterns.characters import joined, outside

# Each general category, and the groups of them, under its names (PropertyValueAliases.txt, gc).
_CATEGORIES = {
    "Lu": ("Uppercase_Letter",),
    "Ll": ("Lowercase_Letter",),
    "Lt": ("Titlecase_Letter",),
    "Lm": ("Modifier_Letter",),
    "Lo": ("Other_Letter",),
    "Mn": ("Nonspacing_Mark",),
    "Mc": ("Spacing_Mark",),
    "Me": ("Enclosing_Mark",),
    "Nd": ("Decimal_Number", "digit"),
    "Nl": ("Letter_Number",),
    "No": ("Other_Number",),
    "Pc": ("Connector_Punctuation",),
    "Pd": ("Dash_Punctuation",),
    "Ps": ("Open_Punctuation",),
    "Pe": ("Close_Punctuation",),
    "Pi": ("Initial_Punctuation",),
    "Pf": ("Final_Punctuation",),
    "Po": ("Other_Punctuation",),
    "Sm": ("Math_Symbol",),
    "Sc": ("Currency_Symbol",),
    "Sk": ("Modifier_Symbol",),
    "So": ("Other_Symbol",),
    "Zs": ("Space_Separator",),
    "Zl": ("Line_Separator",),
    "Zp": ("Paragraph_Separator",),
    "Cc": ("Control", "cntrl"),
    "Cf": ("Format",),
    "Cs": ("Surrogate",),
    "Co": ("Private_Use",),
    "Cn": ("Unassigned",),
}
_GROUPS = {
    "L": ("Letter",),
    "M": ("Mark", "Combining_Mark"),
    "N": ("Number",),
    "P": ("Punctuation", "punct"),
    "S": ("Symbol",),
    "Z": ("Separator",),
    "C": ("Other",),
    "LC": ("Cased_Letter",),
}
_SHORT = {name: short for short, names in (_CATEGORIES | _GROUPS).items() for name in (short, *names)}


@lru_cache(maxsize=1024)
def find_property(kind: str, name: str) -> CharSet | None:
    r"""`\p{kind=name}`, or `\p{name}` with an empty kind; None if it is not known."""
    if kind in ("Script", "sc"):
        return _scripts().get(name)
    if name in _SHORT and kind in ("", "General_Category", "gc"):
        return category(_SHORT[name])
    return _binary(name) if not kind else None


def category(name: str) -> CharSet:
    """A general category or group of them, by its short name."""
    by_category = _by_category()
    if name in by_category:
        return by_category[name]
    members = (
        ("Lu", "Ll", "Lt") if name == "LC" else tuple(short for short in _CATEGORIES if short[0] == name)
    )
    return joined(*[by_category[member] for member in members])


@cache
def _by_category() -> dict[str, CharSet]:
    runs: dict[str, list[tuple[int, int]]] = {name: [] for name in _CATEGORIES}
    start, current = 0, "Cc"
    for code, name in enumerate(map(unicodedata.category, map(chr, range(0x110000)))):
        if name != current:
            runs[current].append((start, code - 1))
            start, current = code, name
    runs[current].append((start, 0x10FFFF))
    return {name: CharSet(tuple(ranges)) for name, ranges in runs.items()}


@cache
def _scripts() -> dict[str, CharSet]:
    from structgen.patterns.scripts import TABLE  # 17 KB that hardly any pattern needs

    found: dict[str, CharSet] = {}
    for line in TABLE.strip().replace("\n  ", " ").split("\n"):
        names, ranges = line.split(":")
        pairs = [part.partition("-") for part in ranges.split()]
        chars = charset(*[(int(first, 16), int(last or first, 16)) for first, _, last in pairs])
        found.update((name, chars) for name in names.split())
    found["Unknown"] = found["Zzzz"] = outside(joined(*dict.fromkeys(found.values())))
    return found


def _binary(name: str) -> CharSet | None:
    if name == "Any":
        return ANY_CHAR
    if name == "ASCII":
        return charset((0, 0x7F))
    if name in ("ASCII_Hex_Digit", "AHex"):
        return charset("0123456789abcdefABCDEF")
    if name == "Assigned":
        return outside(category("Cn"))
    if name in ("White_Space", "space"):
        return charset(
            (0x09, 0x0D), 0x20, 0x85, 0xA0, 0x1680, (0x2000, 0x200A), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000
        )
    if name in ("Uppercase", "Upper"):
        return charset("".join(filter(str.isupper, map(chr, range(0x110000)))))
    if name in ("Lowercase", "Lower"):
        return charset("".join(filter(str.islower, map(chr, range(0x110000)))))
    return None

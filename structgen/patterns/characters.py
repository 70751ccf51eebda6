r"""Sets of characters that regular expressions mean: `\w`, `.`, "this letter, whatever its case".

Python's answers depend on its version (each has its own Unicode), so they are asked of `re` and `unicodedata`
themselves, once per process and only when a pattern needs them. The sets of ECMA-262 that matter every day
are constants. A set is made once: two patterns with `\w` hold the same object.

Knows no syntax.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from functools import cache, lru_cache

from structgen.grammar.expressions import CharSet, charset, invert, merge_ranges

ASCII_DIGITS = charset((0x30, 0x39))
ASCII_SPACE = charset((0x09, 0x0D), 0x20)
ASCII_WORD = charset((0x30, 0x39), (0x41, 0x5A), 0x5F, (0x61, 0x7A))
NO_NEWLINE = invert(charset("\n"))

# ECMA-262, 12.2 and 12.3: WhiteSpace (with the characters of category Zs) and LineTerminator.
ECMA_SPACE = charset(
    (0x09, 0x0D), 0x20, 0xA0, 0x1680, (0x2000, 0x200A), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF
)
ECMA_NO_NEWLINE = invert(charset("\n\r\u2028\u2029"))
# ECMA-262, 22.2.2.7.3: with the flags u and i, the word characters are closed under case.
ECMA_WORD_IGNORE_CASE = charset((0x30, 0x39), (0x41, 0x5A), 0x5F, (0x61, 0x7A), 0x17F, 0x212A)

# Planes 4 to 16 hold no digits, letters or spaces, and planes 2 and 3 no letters with case. Looking at the
# rest only takes a quarter of the time; a test looks at all of Unicode.
_CATEGORISED = 0x40000
_CASED = 0x20000


def _text_of(stop: int) -> str:
    """Every code point below `stop`, in order: the index of a character is its code point."""
    return array("I", range(stop)).tobytes().decode("utf-32", "surrogatepass")


@cache
def _unicode_classes() -> dict[str, CharSet]:
    text = _text_of(_CATEGORISED)
    return {
        kind: CharSet(tuple((found.start(), found.end() - 1) for found in re.finditer(rf"\{kind}+", text)))
        for kind in "dsw"
    }


@cache
def python_class(kind: str, ascii_only: bool) -> CharSet:
    r"""`\d`, `\s`, `\w` and their complements as `re` defines them for str patterns; `kind` is the letter."""
    if kind.isupper():
        return invert(python_class(kind.lower(), ascii_only))
    if ascii_only:
        return {"d": ASCII_DIGITS, "s": ASCII_SPACE, "w": ASCII_WORD}[kind]
    return _unicode_classes()[kind]


_ECMA_CLASSES = {"d": ASCII_DIGITS, "s": ECMA_SPACE, "w": ASCII_WORD}


@cache
def ecma_class(kind: str, ignore_case: bool = False) -> CharSet:
    r"""`\d`, `\s`, `\w` and their complements as ECMA-262 defines them; `kind` is the letter."""
    if kind.isupper():
        return invert(ecma_class(kind.lower(), ignore_case))
    if ignore_case and kind == "w":
        return ECMA_WORD_IGNORE_CASE
    return _ECMA_CLASSES[kind]


def singles(text: Iterable[str]) -> CharSet:
    """The characters of a text, in any order."""
    return CharSet(merge_ranges((ord(char), ord(char)) for char in text))


def contains(chars: CharSet, code: int) -> bool:
    """Returns True if `chars` has the code point; by bisection."""
    ranges = chars.ranges
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        first, last = ranges[middle]
        if code < first:
            high = middle
        elif code > last:
            low = middle + 1
        else:
            return True
    return False


@lru_cache(maxsize=4096)  # \w has some 770 ranges, and assertions ask for the same few sets again and again
def common(left: CharSet, right: CharSet) -> CharSet:
    """The code points in both."""
    found: list[tuple[int, int]] = []
    i = j = 0
    a, b = left.ranges, right.ranges
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            found.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return CharSet(tuple(found))


@lru_cache(maxsize=4096)
def joined(*sets: CharSet) -> CharSet:
    """The code points in any of them."""
    return (
        sets[0] if len(sets) == 1 else CharSet(merge_ranges(pair for chars in sets for pair in chars.ranges))
    )


outside = lru_cache(maxsize=4096)(invert)
"""The code points not in a set."""


# Case.


@cache
def cased() -> tuple[str, CharSet]:
    """Every character that another one equals but for case, as a text and as a set."""
    text = "".join([char for char in _text_of(_CASED) if char.lower() != char or char.upper() != char])
    return text, singles(text)


@cache
def python_any_case(char: str, ascii_only: bool) -> CharSet | None:
    """What the literal `char` matches under IGNORECASE; None: only itself."""
    text, among = cased()
    if not contains(among, ord(char)):
        return None
    found = re.findall(re.escape(char), text, re.IGNORECASE | (re.ASCII if ascii_only else 0))
    return None if found == [char] else singles(found)


@lru_cache(maxsize=4096)
def python_repeats(char: str, ascii_only: bool) -> CharSet:
    """What a reference to a group that matched `char` matches under IGNORECASE, as `re` says for each character.

    It differs from what the literal matches: a reference compares lower cases only.
    """
    text, among = cased()
    if not contains(among, ord(char)):
        return charset(char)
    same = re.compile(r"(.)\1", re.IGNORECASE | re.DOTALL | (re.ASCII if ascii_only else 0)).fullmatch
    return singles([char, *(other for other in text if same(char + other))])


@lru_cache(maxsize=1024)
def python_set_any_case(items: tuple[tuple[int, int] | str, ...], negated: bool, ascii_only: bool) -> CharSet:
    r"""What a set matches under IGNORECASE. Items are ranges, and the letters of `\d`, `\s`, `\w` ...

    `re` decides character by character: folding, and where it is applied, differ between its versions.
    """
    text, among = cased()
    source = "".join(
        rf"\{item}" if isinstance(item, str) else rf"\U{item[0]:08x}-\U{item[1]:08x}" for item in items
    )
    flags = re.IGNORECASE | (re.ASCII if ascii_only else 0)
    plain = python_set(items, negated, ascii_only)
    found = re.findall(f"[{'^' if negated else ''}{source}]", text, flags)
    return CharSet(merge_ranges((*common(plain, invert(among)).ranges, *singles(found).ranges)))


def python_set(items: Iterable[tuple[int, int] | str], negated: bool, ascii_only: bool) -> CharSet:
    r"""What a set matches. Items are ranges, and the letters of `\d`, `\s`, `\w` ..."""
    ranges: list[tuple[int, int]] = []
    for item in items:
        if isinstance(item, str):
            ranges.extend(python_class(item, ascii_only).ranges)
        else:
            ranges.append(item)
    found = CharSet(merge_ranges(ranges))
    return invert(found) if negated else found


# Simple foldings that Unicode 15.1 added, whatever the version of this Python.
_LATER_FOLDS = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0", "\ufb05": "\ufb06"}


def _simple_fold(char: str) -> str:
    """Simple case folding (CaseFolding.txt, status C and S); `str.casefold` is the full one."""
    if char in _LATER_FOLDS:
        return _LATER_FOLDS[char]
    folded = char.casefold()
    if len(folded) > 1:
        folded = char.lower()
    return folded if len(folded) == 1 else char


@cache
def _ecma_orbits() -> dict[str, str]:
    """For each character with case, all that fold as it does."""
    groups: dict[str, list[str]] = {}
    for char in cased()[0]:
        groups.setdefault(_simple_fold(char), []).append(char)
    return {char: "".join(group) for group in groups.values() if len(group) > 1 for char in group}


@lru_cache(maxsize=1024)
def ecma_any_case(chars: CharSet) -> CharSet:
    """`chars`, and all that equal one of them under the flags u and i (ECMA-262, 22.2.2.7.3)."""
    orbits = _ecma_orbits()
    if sum(last - first for first, last in chars.ranges) < 1000:
        codes = [code for first, last in chars.ranges for code in range(first, last + 1)]
        found = [orbits.get(chr(code), "") for code in codes]
    else:
        found = [orbit for char, orbit in orbits.items() if contains(chars, ord(char))]
    return joined(chars, singles("".join(found)))

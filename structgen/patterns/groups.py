"""The groups of a pattern that is being read, and what refers to them."""

from __future__ import annotations

import re

from structgen.patterns.escapes import Source
from structgen.patterns.tree import Reference, Width

# Two digits at most, and no octal escape, which has three (re._parser._escape); no leading zero.
_REFERENCE = re.compile(r"\\((?![0-3][0-7]{2}|[4-7][0-7]{2})[1-9][0-9]?)").match
_ECMA_REFERENCE = re.compile(r"\\([1-9][0-9]*)|\\k<([^>]*)>").match
_NAMED_REFERENCE = re.compile(r"\(\?P=([^()]*)\)").match
_CONDITION = re.compile(r"\((\w+)\)").match


class GroupTable:
    """Numbers, names and widths of groups.

    Args:
        source: the reader of the pattern.
        ecma: whether the dialect is ECMA-262's.
        is_referred_to: whether references are read; else they are left to others, who refuse them.

    Attributes:
        is_referred_to: the same.
    """

    def __init__(self, source: Source, *, ecma: bool, is_referred_to: bool) -> None:
        self.is_referred_to = is_referred_to
        self._source = source
        self._ecma = ecma
        self._names: dict[str, int] = {}
        self._widths: list[Width | None] = []  # of groups in their order; None: it is open
        self._later: list[tuple[int, int]] = []  # groups that may come later, and where they are referred to

    def open(self) -> int:
        """A group begins. Returns its number."""
        self._widths.append(None)
        return len(self._widths)

    def close(self, number: int, width: Width) -> None:
        """A group ends."""
        self._widths[number - 1] = width

    def name(self, name: str) -> bool:
        """Name the group that begins next. Returns False if another one has the name."""
        is_new = name not in self._names
        self._names[name] = len(self._widths) + 1 if is_new else 0
        return is_new

    def check(self) -> None:
        """See that all groups that were referred to are there.

        Raises:
            InvalidRegexError: One is not.
        """
        for number, position in self._later:
            if number > len(self._widths):
                raise self._source.error(f"there is no group {number}", position)

    def reference(self, flags: int) -> Reference | None:
        r"""Read `\1`, `\k<n>` or `(?P=n)`, if one begins here."""
        if not self.is_referred_to:
            return None
        source = self._source
        found = (_ECMA_REFERENCE if self._ecma else _REFERENCE)(source.pattern, source.position)
        if found is None:
            return None
        return self._referring(found, flags)

    def named_reference(self, flags: int, start: int) -> Reference | None:
        """Read `(?P=n)`, if it begins at `start`."""
        if not self.is_referred_to or self._ecma:
            return None
        found = _NAMED_REFERENCE(self._source.pattern, start)
        return None if found is None else self._referring(found, flags)

    def condition(self, start: int) -> int | None:
        """Read `(1)` of `(?(1)`, if it begins here. Returns the number of the group, or None.

        Raises:
            InvalidRegexError: There is no such group, or it is open.
        """
        source = self._source
        found = (
            _CONDITION(source.pattern, source.position) if self.is_referred_to and not self._ecma else None
        )
        if found is None:
            return None
        group = found.group(1)
        number = self._number(group)
        if not number:
            raise source.error(f"there is no group {group} before this condition", start)
        if number <= len(self._widths) and self._widths[number - 1] is None:
            # `re` does not undo the answer when it goes back.
            raise source.error("a condition cannot ask for the group that it stands in", start)
        self._later.append((number, start))
        source.position = found.end()
        return number

    def _number(self, group: str) -> int:
        return int(group) if group.isdigit() else self._names.get(group, 0)

    def _referring(self, found: re.Match[str], flags: int) -> Reference:
        start = found.start()
        group = found.group(found.lastindex or 1)
        number = self._number(group)
        if not number or (number > len(self._widths) and not self._ecma):
            raise self._source.error(f"there is no group {group} before this backreference", start)
        if number > len(self._widths):  # in ECMA-262 it is empty until then
            self._later.append((number, start))
        width = self._widths[number - 1] if number <= len(self._widths) else (0, 0)
        if width is None and not self._ecma:
            raise self._source.error("a backreference cannot refer to the group that it stands in", start)
        self._source.position = found.end()
        ignore_case, ascii_only = bool(flags & re.IGNORECASE), bool(flags & re.ASCII)
        return Reference(number, ignore_case, ascii_only, width or (0, None), start)

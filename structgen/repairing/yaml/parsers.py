"""Parsers of YAML 1.2: libyaml (through PyYAML) where it is installed, and ruamel.yaml for what that refuses.

libyaml is some five times as fast. Both refuse a few texts that the specification allows, and misread others; those
are written otherwise before (`_Written`), in the same meaning. Checked by yaml-test-suite.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

PLAIN = "plain"
"""The tag of plain scalars that have none."""
TEXT = "\ue021"
"""In place of a lone `!`, which says that a plain scalar is text: libyaml and ruamel.yaml do not see it."""
_QUESTION = "\ue03f"
"""In place of a question mark that begins a text: libyaml and ruamel.yaml take it for the mark of a key."""

_ANCHOR_WITH_COLON = re.compile(r"[&*][^\s,\[\]{}:]*:\S")
_QUESTION_TEXT = re.compile(r"(?<=[\[{,])(\s*)\?(?=[^\s,\[\]{}])")
_VERSION = re.compile(r"\A%YAML 1\.(?:[013-9])(?=[ \t]*(?:#[^\n]*)?\n)")
_TAB_AFTER_DASH = re.compile(r"(?m)^([ ]*(?:[-?:][ ]+)*[-?:])\t+(?=[^\s-])")
_TAB_BEFORE_TEXT = re.compile(r"(?m)^([ ]*)(\t[ \t]*)(?=[\[\]{}\w]|\Z|\n)(?![^\n]*:[ \t\n])")
_SPACES_AT_END = re.compile(r"\n[ ]+\Z")
_FLOW = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[\[\]{}]|[ \t]*(?:#[^\n]*)?\n\s*|[^\s\"'\[\]{}#]+|[ \t]+|#[^\n]*|.",
    re.DOTALL,
)
_TAB_IN_BLOCK = re.compile(
    r"(?m)^(?P<outer>[ ]*)(?:-|[\w.-]+:)[ ]+(?P<sign>[|>][+-]?)[ ]*\n(?:[ ]*\n)*(?P<indent>[ ]+)\t"
)
_NO_TAG = re.compile(r"(?:(?<=[-:?,] )|(?<=[\[{,]))!(?=[ ]+[\w.+-])")
_TEXT_MARK = re.compile(f"\\A{TEXT}[ ]+")
_FLOWS = re.compile(r"[\[{]")
_BREAK = re.compile(r"\s*\n\s*")


class Composed:
    """The documents of a text, as nodes of a parser.

    Attributes:
        documents: the root nodes.
        restored: gives the text of a scalar, as it was before a mark was written otherwise.
        place: gives the place in the text of a place that a node names.
    """

    def __init__(
        self,
        documents: list[Any],
        restored: Callable[[str], str] = str,
        place: Callable[[int], int] = int,
    ) -> None:
        self.documents = documents
        self.restored = restored
        self.place = place


def is_installed() -> bool:
    """Returns True if there is a parser."""
    return (
        find_spec("ruamel") is not None and find_spec("ruamel.yaml") is not None
    ) or _libyaml() is not None


def composed(text: str) -> Composed | None:
    """Returns the documents of a text; None if all parsers refuse it, or none is installed."""
    for parse in (_by_libyaml, _by_ruamel):
        documents = parse(text)
        if documents is not None:
            return Composed(documents)
    if not is_installed() or len(text) > _LONGEST_REWRITTEN:
        return None
    return _rewritten(text)


_LONGEST_REWRITTEN = 100_000
"""A longer text that no parser accepts is not written otherwise: it is damaged."""


def _by_libyaml(text: str) -> list[Any] | None:
    loader = _libyaml()
    if loader is None or _ANCHOR_WITH_COLON.search(text) or _is_misread(text):
        return None
    import yaml

    try:
        return list(yaml.compose_all(text, Loader=loader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _is_misread(text: str) -> bool:
    """Returns True if both parsers give another value than the specification."""
    return (
        ("?" in text and _QUESTION_TEXT.search(text) is not None)
        or ("!" in text and _NO_TAG.search(text) is not None)
        or _ends_in_spaces(text)
    )


def _ends_in_spaces(text: str) -> bool:
    return _SPACES_AT_END.search(text, max(0, len(text) - 200)) is not None


@cache
def _libyaml() -> Any:
    """The loader of libyaml, with no types but those that a text names; None if it is not installed."""
    try:
        from yaml.cyaml import CParser
    except ImportError:
        return None

    class Loader(CParser):  # type: ignore[misc]  # it has no types
        """Composes nodes."""

        def __init__(self, stream: Any) -> None:
            CParser.__init__(self, stream)

        def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
            """The tag of a node that has none."""
            is_plain = value is not None and implicit[0]
            return PLAIN if is_plain else "tag:yaml.org,2002:str"

        def descend_resolver(self, node: Any, index: Any) -> None:
            """Nothing is resolved by its place."""

        def ascend_resolver(self) -> None:
            """Nothing is resolved by its place."""

    return Loader


def _by_ruamel(text: str) -> list[Any] | None:
    try:
        import ruamel.yaml
        from ruamel.yaml.error import YAMLError
    except ImportError:
        return None
    if "\t" in text[:1] or _is_misread(text):
        return None
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False  # an anchor may be defined again (YAML 1.2.2, 7.1)
    try:
        return list(reader.compose_all(text))
    except (YAMLError, *_BROKEN):
        return None


_BROKEN = (
    RecursionError,
    ValueError,
    OverflowError,
    AttributeError,
    IndexError,
    AssertionError,
    TypeError,
)
"""What ruamel.yaml raises for texts that it was not written for."""


# Texts that are written otherwise


def _rewritten(text: str) -> Composed | None:
    """The documents of a text that the specification allows, though the parsers do not."""
    marked = text + "\n" if _ends_in_spaces(text) else text
    marked = _QUESTION_TEXT.sub(rf"\1{_QUESTION}", _VERSION.sub("%YAML 1.2", marked))
    marked = _NO_TAG.sub(lambda found: TEXT + found.group()[1:], marked)
    untabbed = _TAB_AFTER_DASH.sub(lambda found: found.group().replace("\t", " "), marked)
    untabbed = _TAB_BEFORE_TEXT.sub(lambda found: " " * len(found.group()), untabbed)
    for other in dict.fromkeys((marked, untabbed)):
        documents = _by_libyaml(other) if other != text else None
        if documents is not None:
            return Composed(documents, _restored)
    for shifted in (_Shifted(_in_one_line(untabbed)), _Shifted(_with_indicators(marked))):
        documents = _by_libyaml(shifted.text) if shifted.places else None
        if documents is not None:
            return Composed(documents, _restored, shifted.place)
    return None


def _restored(text: str) -> str:
    return _TEXT_MARK.sub("", text.replace(_QUESTION, "?"))


class _Shifted:
    """A text that was shortened or lengthened in some places.

    Args:
        parts: pairs of what stands in the text, and of what shall stand there.

    Attributes:
        text: the text.
        places: where each part that was changed ends in it.
        shifts: by how much places from there on lay farther on before.
    """

    def __init__(self, parts: Iterator[tuple[str, str]]) -> None:
        made: list[str] = []
        self.places: list[int] = []
        self.shifts: list[int] = []
        length = shift = 0
        for before, after in parts:
            made.append(after)
            length += len(after)
            if before != after:
                shift += len(before) - len(after)
                self.places.append(length)
                self.shifts.append(shift)
        self.text = "".join(made)

    def place(self, at: int) -> int:
        """Returns where a place was before."""
        index = bisect_right(self.places, at) - 1
        return at if index < 0 else at + self.shifts[index]


def _in_one_line(text: str) -> Iterator[tuple[str, str]]:
    """Each flow collection in one line, so that keys may go over several."""
    first = _FLOWS.search(text)
    begin = len(text) if first is None else first.start()
    yield text[:begin], text[:begin]
    depth = 0
    for found in _FLOW.finditer(text, begin):
        part = plain = found.group()
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part, 0)
        if depth > 0 and "\n" in part:
            plain = _BREAK.sub(" ", part) if part[0] in "\"'" else " "
        yield part, plain


def _with_indicators(text: str) -> Iterator[tuple[str, str]]:
    """Blocks whose first line has a tab after its indentation say how far they are indented."""
    at = 0
    for found in _TAB_IN_BLOCK.finditer(text):
        end = found.end("sign")
        indent = len(found["indent"]) - len(found["outer"])
        yield text[at:end], text[at:end] + (str(indent) if 0 < indent < 10 else "")
        at = end
    yield text[at:], text[at:]

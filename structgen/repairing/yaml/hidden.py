"""What the strict parser of YAML took for something else, and may be text: then it is not believed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.tree import Node

_MARK = re.compile(
    r"[^\s\"'#][^\n\"'#]*[ \t]#[^\s#!]|[^\s\"'#]#|:[ \t]+[&!*]\w"
    r"|:[ \t]+#+[ \t]*$",
    re.MULTILINE,
)
"""A comment, an anchor, an alias or a tag, to a strict parser."""
_PERHAPS = re.compile(r"^[ \t]*(?:- +)*[^\W\d][\w.-]*:[^\s/:]|^ +- |[ \t][|>][\d+-]*[ \t]*$", re.MULTILINE)
_ITEM = re.compile(r"\n[ \t]*-[ \t]+\S")


def hides_something(text: str, start: int, end: int, tree: Node, view: SchemaView) -> bool:
    """Returns True if something in the text may be meant otherwise than the strict parser reads it."""
    return _has_marks(text, start, end, tree) or (
        _PERHAPS.search(text, start, end) is not None and _hides_member(text, end, tree, view)
    )


def is_prose(tree: Node, view: SchemaView | None) -> bool:
    """Returns True if the first property is rather a sentence before the payload."""
    if tree.kind != "{" or len(tree.value) < 2:
        return False
    key, value = tree.value[0]
    if len(key[3].split()) < 3 or (view is not None and view.declares(key[3])):
        return False
    if value.kind == "{":  # what was indented below a sentence, and is what the schema wants
        return view is not None and all(name[3] in view.properties for name, _ in value.value)
    return value.kind == "y" and not value.value


def _has_marks(text: str, start: int, end: int, tree: Node) -> bool:
    """Returns True if a `#`, `&`, `!` or `*` outside of all quotes and blocks was not text."""
    marks = [found.end() - 1 for found in _MARK.finditer(text, start, end)]
    if not marks:
        return False
    quoted = sorted(_quoted(text, tree))
    for mark in marks:
        before = bisect_right(quoted, (mark, end)) - 1
        if before < 0 or quoted[before][1] <= mark:
            return True
    return False


def _quoted(text: str, tree: Node) -> Iterator[tuple[int, int]]:
    """Yields the spans of all quoted keys and values, and of blocks."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.kind == "{":
            for key, value in node.value:
                waiting.append(value)
                if text[key[1] : key[1] + 1] in ("'", '"'):
                    yield key[1], key[2]
        elif node.kind == "[":
            waiting += node.value
        elif node.kind == "s":
            yield node.start, node.end


def _hides_member(text: str, end: int, tree: Node, view: SchemaView) -> bool:
    """Returns True if a plain text hides a property or an item, or a block is but its sign."""
    waiting: list[tuple[Node, SchemaView, bool]] = [(tree, view, False)]
    last = text.rstrip().rfind("\n", 0, end)  # where the last line begins
    while waiting:
        node, here, is_item = waiting.pop()
        if node.kind == "{":
            waiting += [(value, here.property(key[3]), False) for key, value in node.value]
        elif node.kind == "[":
            waiting += [(item, here.item(index), True) for index, item in enumerate(node.value)]
        elif not node.value:
            if text[node.start : node.start + 1] in ("|", ">") and node.start < last:
                return True
        elif node.kind == "y" and (_is_member(node, here) or (is_item and _is_two_items(text, node))):
            return True
    return False


def _is_member(node: Node, view: SchemaView) -> bool:
    """Returns True if a text begins with the name of a property, where the schema also has an object with it."""
    if "object" not in view.types or view.is_open:
        return False
    name, colon, rest = node.value.partition(":")
    return bool(colon) and rest[:1] not in ("", "/", ":") and name in view.properties


def _is_two_items(text: str, node: Node) -> bool:
    """Returns True if a text goes on in a line that begins with a dash."""
    return " - " in node.value and _ITEM.search(text, node.start, node.end) is not None

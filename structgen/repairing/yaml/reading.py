"""Reading YAML: strictly where that can be believed, else line by line, guided by the schema.

A strict parser (ruamel.yaml, YAML 1.2, if it is installed) says what valid text means; its nodes keep the spelling of
plain scalars, so a schema that wants a string gets `no` or `1.10` as they were written. It is believed if the value
is valid and no text was taken for a comment (hidden.py). Otherwise lines.py reads on. Both give trees as the reader of
JSON does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.edits import Edit
from structgen.repairing.tree import Node
from structgen.repairing.yaml.hidden import hides_something, is_prose
from structgen.repairing.yaml.lines import read_lines
from structgen.repairing.yaml.marks import has_commas, is_list, tidied, without_surroundings
from structgen.repairing.yaml.state import YamlState
from structgen.repairing.yaml.strict import strictly

_FENCE = re.compile(
    r"^[ \t]*(?:```+|~~~+)[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*(?:```+|~~~+)[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_KEY_LINE = re.compile(
    r"[ \t]*(?:- +)?[\"']?([^\s\"'#:{}\[\]][^\n\"':{}\[\]]{0,60}?)[\"']?[ \t]*:(?=[ \t\n]|\Z|\S)",
    re.MULTILINE,
)
_FIRST = re.compile(
    r"(?:[A-Z][^\n:{\[]{0,200}:[ \t]*\n[ \t]*\n)?(?:[ \t]*\n|%YAML[^\n]*\n)*(?:---(?:\s|\Z)|- +\S|-\n"
    r"|(?:[A-Za-z_][\w.-]*:[^\s/:][^\n]*\n)?[A-Za-z_][\w.-]*:(?:[ \t\n]|\Z))"
)
_ITEM = re.compile(r"\n[ \t]*-[ \t]+\S")
_ITEM_LINE = re.compile(r"^[ \t]*- ?\S", re.MULTILINE)
_ENTRY_LINE = re.compile(r"^[ \t]*(?:- |[\w. -]+:[ \t]+\S)", re.MULTILINE)
_OPENER = re.compile(r"^[ \t]*[{\[]|\{[ \t\n]*[\"'}]", re.MULTILINE)
_QUOTED_KEY = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'):(?:[ \n]|\Z)""")
_NEXT_MEMBER = re.compile(r"""[^\n]{0,400}?,[ \t]*\n?[ \t]*"[^"\n]{1,100}"[ \t]*:""")
_HEAD = 4000
"""How much of a text is searched for keys of the schema."""


@dataclass(frozen=True, slots=True)
class YamlCandidate:
    """A value that a text may hold.

    Attributes:
        node: the tree.
        edits: what was changed to read it.
        start: where it begins.
        end: where it ends.
        cut: True if the text breaks off in it.
        is_strict: True if it comes from the strict parser, and is believed only as it stands: valid without any
            coercion, and without a guess.
    """

    node: Node
    edits: list[Edit]
    start: int
    end: int
    cut: bool = False
    is_strict: bool = False


def looks_like_yaml(text: str, view: SchemaView | None) -> bool:
    """Returns True if a text is YAML rather than JSON: by the language of a fence, or by its first lines."""
    fence = _FENCE.search(text) if "```" in text or "~~~" in text else None
    body = text
    if fence is not None and fence.group(2).strip():
        if fence.group(1).lower() in ("yaml", "yml"):
            return True
        body = fence.group(2)
    head = body.lstrip("\ufeff \t\r\n")[:1]
    if head in ('"', "'"):
        return _begins_with_quoted_key(body.strip())
    if head in ("{", "["):
        return False
    opener = _OPENER.search(body)
    before = body if opener is None else body[: opener.start()]
    if view is not None and view.properties:
        return _has_declared_key(before[:_HEAD], view)
    if _FIRST.match(body) is None:
        return False
    return opener is None or len(_ENTRY_LINE.findall(before)) > 1


def _begins_with_quoted_key(body: str) -> bool:
    """Returns True for a key in quotes; False for an object of JSON whose bracket is missing."""
    return (
        _QUOTED_KEY.match(body) is not None
        and body[-1] not in ("}", "]", ",")
        and (_NEXT_MEMBER.match(body) is None or _ITEM.search(body) is not None)
    )


def _has_declared_key(head: str, view: SchemaView) -> bool:
    if any(view.declares(found.group(1)) for found in _KEY_LINE.finditer(head)):
        return True
    return "array" in view.types and _ITEM_LINE.search(head) is not None


def read(text: str, view: SchemaView | None) -> Iterator[YamlCandidate]:
    """Yields the values that a text may hold, the likeliest first."""
    start, end = payload(text)
    tree = strictly(text[start:end], start)
    is_other = tree is not None and _is_other_notation(tree, text[start:end])
    if tree is not None and not is_other and _is_believable(text, start, end, tree, view):
        yield YamlCandidate(tree, [], start, end, is_strict=True)
    if tree is None or is_other or view is not None:
        tidy, edits = tidied(text, start, end, guided=view is not None)
        if edits:
            yield from _tidy(tidy, edits, start, end, view)
    state = YamlState(text, start, end, view)
    read_lines(state)
    if state.root is not None:
        yield YamlCandidate(state.root, state.edits, state.first, state.last, state.cut)
    if tree is not None:
        yield YamlCandidate(tree, [], start, end)


def _is_other_notation(tree: Node, text: str) -> bool:
    """Returns True if YAML allows a text, but takes it for one plain text, or for texts that end in commas."""
    return (tree.kind == "y" and is_list(text)) or (tree.kind == "{" and has_commas(text))


def _tidy(
    text: str, edits: list[Edit], start: int, end: int, view: SchemaView | None
) -> Iterator[YamlCandidate]:
    """Yields the values of a text whose marks were those of another notation."""
    tree = strictly(text[start:end], start)
    if tree is not None and tree.kind != "y" and _is_believable(text, start, end, tree, view):
        yield YamlCandidate(tree, edits, start, end)
    state = YamlState(text, start, end, view)
    read_lines(state)
    if state.root is not None:
        yield YamlCandidate(state.root, [*edits, *state.edits], state.first, state.last, state.cut)


def payload(text: str) -> tuple[int, int]:
    """The content of the last fence with YAML, else of the first one, else the whole text."""
    start, end = without_surroundings(text)
    fenced = False
    for found in _FENCE.finditer(text) if "```" in text or "~~~" in text else ():
        if found.group(1).lower() in ("yaml", "yml") or not fenced:
            start, end, fenced = found.start(2), found.end(2), True
    return start, end


def _is_believable(text: str, start: int, end: int, tree: Node, view: SchemaView | None) -> bool:
    if is_prose(tree, view):
        return False
    return view is None or not hides_something(text, start, end, tree, view)

"""Reading YAML: strictly where that can be believed, and else line by line, with the keys of the schema in hand.

A strict parser (ruamel.yaml, YAML 1.2, if it is installed) says what valid text means; its nodes keep the spelling of
plain scalars, so a schema that asks for a string gets `no` or `1.10` as they were written. It is believed if the value
is what the schema says and no text fell prey to a `#`.

Otherwise lines.py reads on. Both give trees as the reader of JSON does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from structgen.repairing.edits import Edit
from structgen.repairing.guide import Guide
from structgen.repairing.tree import Node
from structgen.repairing.yaml_lines import read_lines
from structgen.repairing.yaml_strict import strictly

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
_HIDDEN = re.compile(
    r"[^\s\"'#][^\n\"'#]*[ \t]#[^\s#!]|[^\s\"'#]#|:[ \t]+[&!*]\w"
    r"|:[ \t]+#+[ \t]*$",
    re.MULTILINE,
)
"""What a strict parser takes for a comment, an anchor or a tag: it may be text."""
_PERHAPS = re.compile(r"^[ \t]*(?:- +)*[^\W\d][\w.-]*:[^\s/:]|^ +- |[ \t][|>][\d+-]*[ \t]*$", re.MULTILINE)
_ITEM = re.compile(r"\n[ \t]*-[ \t]+\S")
_QUOTED_KEY = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'):(?:[ \n]|\Z)""")
_NEXT_MEMBER = re.compile(r"""[^\n]{0,400}?,[ \t]*\n?[ \t]*"[^"\n]{1,100}"[ \t]*:""")


def looks_like_yaml(text: str, guide: Guide | None) -> bool:
    """Whether a text is YAML rather than JSON: by the language of a fence, or by its first lines."""
    fence = _FENCE.search(text) if "```" in text or "~~~" in text else None
    body = text
    if fence is not None and fence.group(2).strip():
        if fence.group(1).lower() in ("yaml", "yml"):
            return True
        body = fence.group(2)
    head = body.lstrip("\ufeff \t\r\n")[:1]
    if head in ('"', "'"):  # a key in quotes, and no object whose bracket is missing
        body = body.strip()
        return (
            _QUOTED_KEY.match(body) is not None
            and body[-1] not in ("}", "]", ",")
            and (_NEXT_MEMBER.match(body) is None or _ITEM.search(body) is not None)
        )
    if head in ("{", "["):
        return False
    opener = re.search(r"^[ \t]*[{\[]|\{[ \t\n]*[\"'}]", body, re.MULTILINE)
    before = body if opener is None else body[: opener.start()]
    if guide is not None and guide.names:
        return any(guide.declares(found.group(1)) for found in _KEY_LINE.finditer(before[:4000])) or (
            "array" in guide.kinds and re.search(r"^[ \t]*- ?\S", before[:4000], re.MULTILINE) is not None
        )
    if _FIRST.match(body) is None:
        return False
    return opener is None or len(re.findall(r"^[ \t]*(?:- |[\w. -]+:[ \t]+\S)", before, re.MULTILINE)) > 1


@dataclass(slots=True)
class Reading:
    """What a text may mean.

    Attributes:
        node: the tree.
        edits: what was changed to read it.
        start: where it begins.
        end: where it ends.
        cut: whether the text breaks off in it.
        efforts: of fitting it to a schema (`Fitter`), those that may be made.
        is_sure: whether it is the answer only if nothing has to be guessed, as another one follows.
    """

    node: Node
    edits: list[Edit]
    start: int
    end: int
    cut: bool = False
    efforts: tuple[int, ...] = (0, 1, 2)
    is_sure: bool = False


def read(text: str, guide: Guide | None) -> Iterator[Reading]:
    """What a text may mean, the likeliest first."""
    start, end, fenced = 0, len(text), False
    for found in _FENCE.finditer(text) if "```" in text or "~~~" in text else ():
        if found.group(1).lower() in ("yaml", "yml") or not fenced:
            start, end, fenced = found.start(2), found.end(2), True
    tree = None if "\t" in text[:1] else strictly(text[start:end], start)
    if tree is not None and not (
        _is_prose(tree, guide)
        or (guide is not None and _has_marks(text, start, end, tree))
        or (guide is not None and _PERHAPS.search(text, start, end) and _hides(text, end, tree, guide))
    ):
        yield Reading(tree, [], start, end, efforts=(0,), is_sure=True)
    for node, edits, first, last, cut in read_lines(text, start, end, guide):
        yield Reading(node, edits, first, last, cut)
    if tree is not None:
        yield Reading(tree, [], start, end)


def _is_prose(tree: Node, guide: Guide | None) -> bool:
    """Whether what looks like the first member is a sentence before the payload."""
    if tree.kind != "{" or len(tree.value) < 2:
        return False
    key, value = tree.value[0]
    if len(key[3].split()) < 3 or (guide is not None and guide.declares(key[3])):
        return False
    if value.kind == "{":  # what was indented below a sentence, and is what the schema asks for
        return guide is not None and all(name[3] in guide.names for name, _ in value.value)
    return value.kind == "y" and not value.value


def _has_marks(text: str, start: int, end: int, tree: Node) -> bool:
    """Whether a `#`, `&`, `!` or `*` outside of all quotes and blocks was no text to the strict parser."""
    marks = [found.end() - 1 for found in _HIDDEN.finditer(text, start, end)]
    if not marks:
        return False
    quoted: list[tuple[int, int]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node.kind == "{":
            quoted += [(key[1], key[2]) for key, _ in node.value if text[key[1] : key[1] + 1] in ("'", '"')]
            waiting += [value for _, value in node.value]
        elif node.kind == "[":
            waiting += node.value
        elif node.kind == "s":
            quoted.append((node.start, node.end))
    quoted.sort()
    for mark in marks:
        before = bisect_right(quoted, (mark, end)) - 1
        if before < 0 or quoted[before][1] <= mark:
            return True
    return False


def _hides(text: str, end: int, tree: Node, guide: Guide) -> bool:
    """Whether a plain text hides a member or an item.

    It begins with the name of a member, where the schema also has an object that declares it; or it is an item, and
    goes on in a line that begins with a dash. Or whether it is hidden: a block without lines is but its sign.
    """
    waiting: list[tuple[Node, Guide, bool]] = [(tree, guide, False)]
    last = text.rstrip().rfind("\n", 0, end)  # where the last line begins
    while waiting:
        node, here, is_item = waiting.pop()
        if node.kind == "{":
            waiting += [(value, here.member(key[3]), False) for key, value in node.value]
        elif node.kind == "[":
            waiting += [(item, here.item(index), True) for index, item in enumerate(node.value)]
        elif not node.value:
            if text[node.start : node.start + 1] in ("|", ">") and node.start < last:
                return True
        elif node.kind == "y":
            if "object" in here.kinds and not here.is_open:
                name, colon, rest = node.value.partition(":")
                if colon and rest[:1] not in ("", "/", ":") and name in here.names:
                    return True
            if is_item and " - " in node.value and _ITEM.search(text, node.start, node.end):
                return True
    return False

"""Fitting: a tree becomes a value, and where a schema asks for something else, what it asks for, if that loses nothing.

Types are changed only where text means the same in both; names and enum values only where they have no rival. Nothing
is invented: a required member that is missing stays missing, unless defaults are asked for. Every change is an edit.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from structgen.frontends.json_schema.view import SchemaView, types_of
from structgen.repairing import scalars
from structgen.repairing.edits import Edit, Grade
from structgen.repairing.scalars import MISSING
from structgen.repairing.tree import Node

_DEPTH = 150
"""Below this depth values are taken as they are: schemas do not reach there, and Python's stack neither."""
_TRIALS = 20_000
"""Nodes that may be read again to choose between alternatives of a schema."""

_WRAPPERS = 4
"""Objects of one member that are looked through."""
ASKED = "the schema asks for a string here"
_UNSAID = 0.6
"""What it costs that an alternative does not declare a member, where others do."""

Embedded = Callable[[str, "SchemaView | None"], "Node | None"]
"""Reads JSON that stands in a string."""


class Fitter:
    """Makes values of trees.

    Args:
        embedded: reads JSON in strings.
        effort: 0: words and numbers are read as what the schema asks for, and nothing is changed that was said clearly;
            1: types, spelling and wrappers are changed too; 2: and undeclared members are dropped.
        defaults: fill in the defaults of required members.
        merged: choose between no alternatives of the schema: take what all of them say together.

    Attributes:
        edits: what was changed.
        cost: how badly the values fit what the guide asks for.
        doubtful: plain scalars of YAML that are something else if they have lost their quotes: numbers where text may
            stand, text with blanks at its end.
        has_chosen: whether an alternative was chosen anywhere.
    """

    def __init__(
        self, embedded: Embedded, *, effort: int = 2, defaults: bool = False, merged: bool = False
    ) -> None:
        self.edits: list[Edit] = []
        self.cost = 0.0
        self.doubtful: list[Node] = []
        self._places: dict[int, tuple[Node, dict[Any, list[int]]]] = {}  # of repeated keys, by their object
        self.has_chosen = False
        self._merged = merged
        self._embedded = embedded
        self._effort = effort
        self._defaults = defaults
        self._trials = [_TRIALS]

    def fit(self, node: Node, guide: SchemaView | None, depth: int = 0) -> Any:
        """The value of a node."""
        if guide is None or guide.is_open or depth > _DEPTH:
            return self._plain(node)
        if guide.alternatives and not self._merged:
            self.has_chosen = True
            guide = self._branch(node, guide, depth)
        if node.kind == "v":
            node = from_value(node)
        if node.kind == "{":
            return self._object(node, guide, depth)
        if node.kind == "[":
            return self._array(node, guide, depth)
        return self._scalar(node, guide, depth)

    def _edit(self, kind: str, node: Node, grade: Grade, reason: str, cost: float = 1.0) -> None:
        self.edits.append(Edit(kind, node.start, node.end, grade, reason))
        self.cost += cost

    # Alternatives

    def _branch(self, node: Node, guide: SchemaView, depth: int) -> SchemaView:
        """The alternative that fits best; the merged guide if the schema says something beside its alternatives."""
        if guide.has_own_parts:
            return guide
        best, least = guide, float("inf")
        members = {key[3] for key, _ in node.value} if node.kind == "{" else set()
        for branch in guide.alternatives:
            if self._trials[0] <= 0:
                break
            self._trials[0] -= 1
            trial = Fitter(self._embedded, effort=self._effort)
            trial._trials = self._trials
            value = trial.fit(node, branch, depth + 1)
            cost = (
                trial.cost
                + (0 if set(types_of(value)) & branch.types else 10)
                + (20 if branch.is_never else 0)
            )
            if members:  # a branch that says nothing of members that another one has is no better fit
                cost += _UNSAID * sum(
                    name in guide.properties and not branch.declares(name) for name in members
                )
            if cost < least:
                best, least = branch, cost
            if cost == 0:
                break
        while best.alternatives and best is not guide and best.types and not best.has_own_properties:
            return self._branch(node, best, depth + 1) if depth < _DEPTH else best
        return best

    # Scalars

    def _scalar(self, node: Node, guide: SchemaView, depth: int) -> Any:
        kinds, text = guide.types, str(node.value)
        if node.kind == "s":
            if "string" in kinds:
                return self._value_of_enum(node, text, guide)
        elif node.kind == "y":
            text = self._without_blanks(node, text, guide)
            value = scalars.of_yaml(text)
            if set(types_of(value)) & kinds:
                if "string" in kinds and text and not isinstance(value, str):
                    self.doubtful.append(node)
                return self._value_of_enum(node, value, guide)
            if "string" in kinds:  # as it was written: `no`, `1.10`, a date
                if not isinstance(value, str):
                    grade: Grade = "lossless" if text else "guessed"
                    self._edit("quote", node, grade, ASKED, 0.5)
                return self._value_of_enum(node, text, guide)
        else:
            value = scalars.strict(text)
            if value is not MISSING and set(types_of(value)) & kinds:
                return self._value_of_enum(node, value, guide)
            if value is MISSING:
                meant = scalars.bare(text)
                if meant is not None and meant[1] != "dropped" and set(types_of(meant[0])) & kinds:
                    self._edit("literal", node, meant[1], meant[2], 0.1)
                    return self._value_of_enum(node, meant[0], guide)
            if "string" in kinds:
                cost = 0.5 if value is MISSING else 1.0
                # null may well say that there is no text.
                self._edit("quote", node, "guessed" if value is None else "lossless", ASKED, cost)
                return self._value_of_enum(node, text, guide)
        if not self._effort:
            self.cost += 10
            return self._plain(node)
        if {"array", "object"} & kinds and text.lstrip()[:1] in ("{", "["):
            inner = self._embedded(text, guide)
            if inner is not None:
                self._edit("string", node, "lossless", "JSON inside a string")
                inner.start, inner.end = node.start, node.end
                return self.fit(inner, guide, depth + 1)
        found = scalars.converted(text, kinds)
        if found is not None:
            value, grade, reason = found
            self._edit("type", node, grade, reason)
            return self._value_of_enum(node, value, guide)
        if "array" in kinds:
            single = Fitter(self._embedded, effort=self._effort)
            single._trials = self._trials
            item = single.fit(node, guide.item(0), depth + 1)
            self.edits += single.edits
            self.cost += single.cost
            self._edit("type", node, "lossless", "a single value where an array is asked for")
            return [item]
        self.cost += 10
        return self._plain(node)

    def _without_blanks(self, node: Node, raw: str, guide: SchemaView) -> str:
        """A plain text without the blanks at its end, unless only with them it is what the schema asks for."""
        text = raw.rstrip(" \t")
        if text == raw or "string" not in guide.types:
            return text
        if guide.allows(raw) and not guide.allows(text):
            self._edit("quote", node, "guessed", "blanks at the end are part of the text")
            return raw
        self.doubtful.append(node)
        return text

    def _value_of_enum(self, node: Node, value: Any, guide: SchemaView) -> Any:
        values = guide.values
        if values is None or any(
            value == other and isinstance(value, bool) == isinstance(other, bool) for other in values
        ):
            return value
        if isinstance(value, str) and self._effort:
            meant = scalars.spelled_alike(value, [other for other in values if isinstance(other, str)])
            if meant is not None:
                self._edit("enum", node, meant[1], f"{value!r} is spelled {meant[0]!r}")
                return meant[0]
        self.cost += 10
        return value

    # Containers

    def _array(self, node: Node, guide: SchemaView, depth: int) -> Any:
        kinds = guide.types
        if "array" not in kinds and len(node.value) == 1 and self._effort:
            self._edit("type", node, "lossless", "an array of one item where the item is asked for")
            return self.fit(node.value[0], guide, depth + 1)
        if "array" not in kinds:
            self.cost += 10
        items = (one for item in node.value for one in (_leaves(item) if item.kind == "r" else (item,)))
        return [self.fit(item, guide.item(index), depth + 1) for index, item in enumerate(items)]

    def _object(self, node: Node, guide: SchemaView, depth: int) -> Any:
        kinds, names = guide.types, guide.properties
        members = node.value
        if "object" not in kinds and not self._effort:
            self.cost += 10
            return self._plain(node)
        if "object" not in kinds:
            inner = [value for _, value in members if value.kind == "["]
            if "array" in kinds and len(inner) == 1 and len(members) == 1:
                self._edit(
                    "wrapper", node, "guessed", f"the object around {members[0][0][3]!r} was not asked for"
                )
                return self.fit(inner[0], guide, depth + 1)
            if "array" in kinds:
                self._edit("type", node, "lossless", "a single value where an array is asked for")
                return [self.fit(node, guide.item(0), depth + 1)]
            self.cost += 10
            return self._plain(node)
        present = {key[3] for key, _ in members}
        unwrapped = self._unwrapped(node, guide) if self._effort else None
        if unwrapped is not None:
            self._edit(
                "wrapper", node, "guessed", f"the object around {members[0][0][3]!r} was not asked for"
            )
            return self.fit(unwrapped, guide, depth + 1)
        value: dict[str, Any] = {}
        missing = [name for name in names if name not in present]
        for index, (key, member) in enumerate(members):
            name = key[3]
            place = Node("s", key[1], key[2], name)
            if missing and self._effort and not guide.declares(name):
                meant = scalars.spelled_alike(name, missing)
                if meant is not None and (
                    meant[1] == "lossless" or guide.is_closed or meant[0] in guide.required
                ):
                    self._edit("key", place, meant[1], f"{name!r} is spelled {meant[0]!r}")
                    missing.remove(meant[0])
                    name = meant[0]
            if guide.is_closed and not guide.declares(name) and self._effort > 1:
                self._edit(
                    "key",
                    Node("{", key[1], member.end, None),
                    "dropped",
                    f"the schema has no member {name!r}",
                    4,
                )
                continue
            if guide.is_closed and not guide.declares(name):
                self.cost += 4
            self._put(value, name, self.fit(member, guide.property(name), depth + 1), place, node, index)
        for name in guide.required:
            if name not in value:
                default = guide.property(name).default if self._defaults else None
                if default is not None:
                    value[name] = default[0]
                    self._edit(
                        "default", Node("s", node.end, node.end, name), "guessed", f"the default of {name!r}"
                    )
                else:
                    self.cost += 5
        return value

    def _unwrapped(self, node: Node, guide: SchemaView) -> Node | None:
        """What stands inside an object of one undeclared member, or several of those, if it has what is asked for."""
        wanted = set(guide.required) or set(guide.properties)
        for _ in range(_WRAPPERS):
            if len(node.value) != 1 or not wanted:
                return None
            key, held = node.value[0]
            inner: Node = from_value(held) if held.kind == "v" else held
            if guide.declares(key[3]) or inner.kind != "{":
                return None
            if scalars.spelled_alike(key[3], list(guide.properties)):
                return None
            inside = {name[3] for name, _ in inner.value}
            if wanted & inside and (wanted <= inside or guide.is_closed):
                return inner
            node = inner
        return None

    def _put(
        self, value: dict[str, Any], name: str, member: Any, place: Node, node: Node, index: int
    ) -> None:
        if name in value:
            same = _equal(value[name], member)
            if not same:
                place = self._earlier(node, index) or place
            self._edit(
                "duplicate",
                place,
                "lossless" if same else "dropped",
                f"the key {name!r} comes again" + ("" if same else ": the last value counts"),
            )
            del value[name]
        value[name] = member

    def _earlier(self, node: Node, index: int) -> Node | None:
        """The place of the member before this one that has the same key: what is lost. Looks at an object once."""
        known = self._places.get(id(node))
        if known is None or known[0] is not node:
            places: dict[Any, list[int]] = {}
            for number, (key, _) in enumerate(node.value):
                places.setdefault(key[3], []).append(number)
            known = self._places[id(node)] = (node, places)
        same = known[1].get(node.value[index][0][3], [])
        before = bisect_left(same, index) - 1
        if before < 0:
            return None
        key, member = node.value[same[before]]
        return Node("s", key[1], max(key[2], member.end), key[3])

    # Without a schema

    def _plain(self, node: Node) -> Any:
        """The value as the text has it. Without recursion: there is no schema to bound its depth."""
        if node.kind not in "{[":
            return self._plain_scalar(node)
        result: list[Any] = []
        stack: list[tuple[Node, Any, int]] = [(node, {} if node.kind == "{" else result, 0)]
        top = stack[0][1]
        while stack:
            current, made, index = stack.pop()
            members = current.value
            while index < len(members):
                key, member = members[index] if current.kind == "{" else (None, members[index])
                index += 1
                if member.kind == "r":
                    made.extend(member.value)
                    continue
                if member.kind in "{[":
                    inner: Any = {} if member.kind == "{" else []
                    self._place(made, key, inner, current, index - 1)
                    stack.append((current, made, index))
                    stack.append((member, inner, 0))
                    break
                self._place(made, key, self._plain_scalar(member), current, index - 1)
        return top

    def _place(self, made: Any, key: Any, value: Any, node: Node, index: int) -> None:
        if key is None:
            made.append(value)
        else:
            self._put(made, key[3], value, Node("s", key[1], key[2], key[3]), node, index)

    def _plain_scalar(self, node: Node) -> Any:
        if node.kind == "y":
            value = scalars.of_yaml(node.value.rstrip(" \t"))
            if node.value and (not isinstance(value, str) or value != node.value):
                self.doubtful.append(node)
            return value
        if node.kind != "b":
            return node.value
        value = scalars.strict(node.value)
        if value is not MISSING:
            return value
        meant = scalars.bare(node.value)
        if meant is not None:
            self._edit(
                "literal"
                if not isinstance(meant[0], (int, float)) or isinstance(meant[0], bool)
                else "number",
                node,
                meant[1],
                meant[2],
            )
            return meant[0]
        self._edit(
            "quote",
            node,
            "lossless" if node.value.isidentifier() else "guessed",
            "text without quotes is a string",
        )
        return node.value


def from_value(node: Node) -> Node:
    """A tree of what the strict parser read, one level deep; all of it has the span of the whole."""
    return _tree(node.value, node.start, node.end)


def _tree(value: Any, start: int, end: int) -> Node:
    if isinstance(value, dict):
        return Node(
            "{",
            start,
            end,
            [(("s", start, end, key), _leaf(inner, start, end)) for key, inner in value.items()],
        )
    if isinstance(value, list):
        return Node("[", start, end, [_leaf(inner, start, end) for inner in value])
    return _leaf(value, start, end)


def _leaves(node: Node) -> list[Node]:
    return [_leaf(value, node.start, node.end) for value in node.value]


def _leaf(value: Any, start: int, end: int) -> Node:
    if isinstance(value, (dict, list)):
        return Node("v", start, end, value)
    if isinstance(value, str):
        return Node("s", start, end, value)
    return Node("b", start, end, json.dumps(value))


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) and type(a) is type(b)
    except RecursionError:
        return False

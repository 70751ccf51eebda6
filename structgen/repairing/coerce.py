"""Coercion: from a tree to a value that has the types, names and values of a schema, if nothing is lost by that.

Types are changed only where text means the same in both; names and enum values only where they have no rival. Nothing
is invented: a required property that is missing stays missing, unless defaults may be filled in. Every change is an
edit. Without a schema plain_values.py makes the value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from structgen.frontends.json_schema.view import SchemaView, types_of
from structgen.repairing import costs, scalars
from structgen.repairing.edits import Grade
from structgen.repairing.plain_values import Log, plain_value, put
from structgen.repairing.scalars import MISSING
from structgen.repairing.tree import Node, from_value, leaves

_DEPTH = 150
"""Below this depth values are taken as they are: schemas do not reach there, and Python's stack does not either."""
_TRIALS = 20_000
"""How many alternatives of a schema may be tried."""
_WRAPPERS = 4
"""Objects of one property that may stand around the value."""

QUOTED = "the schema wants a string here"

Embedded = Callable[[str, "SchemaView | None"], "Node | None"]
"""Reads JSON that stands in a string."""


class Coercion:
    """What coercing one tree may do, and what it did.

    Args:
        embedded: reads JSON in strings.
        effort: 0: words and numbers are read as the type that the schema wants, and nothing is changed that was said
            clearly; 1: types, spelling and wrappers are changed too; 2: and undeclared properties are dropped.
        defaults: fill in the defaults of required properties.
        merged: choose between no alternatives of the schema: take what all of them say together.

    Attributes:
        log: the changes, and how badly the values fit the schema.
        has_chosen: True if an alternative was chosen anywhere.
        trials: how many alternatives may still be tried; shared with trials.
    """

    def __init__(
        self, embedded: Embedded, *, effort: int = 2, defaults: bool = False, merged: bool = False
    ) -> None:
        self.embedded = embedded
        self.effort = effort
        self.defaults = defaults
        self.merged = merged
        self.log = Log()
        self.has_chosen = False
        self.trials = [_TRIALS]

    def edit(self, kind: str, node: Node, grade: Grade, reason: str, cost: float = costs.CHANGED) -> None:
        """Note a change and its cost."""
        self.log.edit(kind, node, grade, reason, cost)

    def trial(self) -> Coercion:
        """Returns a coercion that may do the same; its edits are its own."""
        other = Coercion(self.embedded, effort=self.effort)
        other.trials = self.trials
        return other


def coerce(state: Coercion, node: Node, view: SchemaView | None, depth: int = 0) -> Any:
    """Returns the value of a node.

    Args:
        state: what may be done, and was done.
        node: the tree.
        view: what the schema says of the value.
        depth: how deep it stands.
    """
    if view is None or view.is_open or depth > _DEPTH:
        return plain_value(state.log, node)
    if view.alternatives and not state.merged:
        state.has_chosen = True
        view = _best_alternative(state, node, view, depth)
    if node.kind == "v":
        node = from_value(node)
    if node.kind == "{":
        return _object(state, node, view, depth)
    if node.kind == "[":
        return _array(state, node, view, depth)
    return _scalar(state, node, view, depth)


def _wrong(state: Coercion, node: Node) -> Any:
    """A value that stays wrong, as it is."""
    state.log.cost += costs.WRONG
    return plain_value(state.log, node)


# Alternatives


def _cheapest(state: Coercion, node: Node, view: SchemaView, depth: int) -> SchemaView:
    """The alternative that costs least, of those that there is time to try."""
    best, least = view, float("inf")
    for one in view.alternatives:
        if state.trials[0] <= 0 or least == 0:
            break
        state.trials[0] -= 1
        cost = _cost_of(state, node, view, one, depth)
        if cost < least:
            best, least = one, cost
    return best


def _best_alternative(state: Coercion, node: Node, view: SchemaView, depth: int) -> SchemaView:
    """The alternative that fits best; the merged view if the schema has more than alternatives."""
    if view.has_own_parts:
        return view
    best = _cheapest(state, node, view, depth)
    has_inner = best.alternatives and best.types and not best.has_own_properties
    if best is not view and has_inner and depth < _DEPTH:
        return _best_alternative(state, node, best, depth + 1)
    return best


def _cost_of(state: Coercion, node: Node, view: SchemaView, one: SchemaView, depth: int) -> float:
    """How badly a value fits one alternative."""
    trial = state.trial()
    value = coerce(trial, node, one, depth + 1)
    cost = trial.log.cost
    if not set(types_of(value)) & one.types:
        cost += costs.WRONG
    if one.is_never:
        cost += costs.NEVER
    if node.kind == "{":  # one that says nothing of properties that another one has is no better fit
        names = {key[3] for key, _ in node.value}
        cost += costs.UNDECLARED * sum(name in view.properties and not one.declares(name) for name in names)
    return cost


# Scalars


def _scalar(state: Coercion, node: Node, view: SchemaView, depth: int) -> Any:
    value = _READ.get(node.kind, _bare)(state, node, view)
    if value is not MISSING:
        return _of_enum(state, node, value, view)
    if not state.effort:
        return _wrong(state, node)
    text = str(node.value)
    if {"array", "object"} & view.types and text.lstrip()[:1] in ("{", "["):
        inner = state.embedded(text, view)
        if inner is not None:
            state.edit("string", node, "lossless", "JSON inside a string")
            inner.start, inner.end = node.start, node.end
            return coerce(state, inner, view, depth + 1)
    found = scalars.converted(text, view.types)
    if found is not None:
        state.edit("type", node, found[1], found[2])
        return _of_enum(state, node, found[0], view)
    if "array" in view.types:
        return [_single(state, node, view, depth)]
    return _wrong(state, node)


def _single(state: Coercion, node: Node, view: SchemaView, depth: int) -> Any:
    """A scalar as the only item of an array."""
    single = state.trial()
    item = coerce(single, node, view.item(0), depth + 1)
    state.log.edits += single.log.edits
    state.log.cost += single.log.cost
    state.edit("type", node, "lossless", "a single value where the schema wants an array")
    return item


def _fits(value: Any, view: SchemaView) -> bool:
    return bool(set(types_of(value)) & view.types)


def _quoted(state: Coercion, node: Node, view: SchemaView) -> Any:
    """A string in quotes, if one is wanted."""
    return str(node.value) if "string" in view.types else MISSING


def _plain_yaml(state: Coercion, node: Node, view: SchemaView) -> Any:
    """A plain scalar of YAML: by its own type, else as it was written, if a string is wanted: `no`, `1.10`, a date."""
    text = _without_blanks(state, node, str(node.value), view)
    value, may_be_text = scalars.of_yaml(text), "string" in view.types
    if _fits(value, view):
        if may_be_text and text and not isinstance(value, str):
            state.log.doubtful.append(node)
        return value
    if not may_be_text:
        return MISSING
    if not isinstance(value, str):
        state.edit("quote", node, "lossless" if text else "guessed", QUOTED, costs.QUOTED)
    return text


def _without_blanks(state: Coercion, node: Node, raw: str, view: SchemaView) -> str:
    """A plain text without the spaces at its end, unless only with them it is what the schema wants."""
    text = raw.rstrip(" \t")
    if text == raw or "string" not in view.types:
        return text
    if view.allows(raw) and not view.allows(text):
        state.edit("quote", node, "guessed", "spaces at the end are part of the text")
        return raw
    state.log.doubtful.append(node)
    return text


def _bare(state: Coercion, node: Node, view: SchemaView) -> Any:
    """A word or number of JSON: by its own type, else as it was written, if a string is wanted."""
    text = str(node.value)
    value = scalars.strict(text)
    if value is not MISSING and _fits(value, view):
        return value
    meant = scalars.bare(text) if value is MISSING else None
    if meant is not None and meant[1] != "dropped" and _fits(meant[0], view):
        state.edit("literal", node, meant[1], meant[2], costs.SPELLED)
        return meant[0]
    if "string" not in view.types:
        return MISSING
    cost = costs.QUOTED if value is MISSING else costs.CHANGED
    # null may well say that there is no text.
    state.edit("quote", node, "guessed" if value is None else "lossless", QUOTED, cost)
    return text


_READ: dict[str, Callable[[Coercion, Node, SchemaView], Any]] = {"s": _quoted, "y": _plain_yaml}


def _of_enum(state: Coercion, node: Node, value: Any, view: SchemaView) -> Any:
    """The value of an enum that is meant."""
    values = view.values
    if values is None or any(
        value == other and isinstance(value, bool) == isinstance(other, bool) for other in values
    ):
        return value
    if isinstance(value, str) and state.effort:
        texts = [other for other in values if isinstance(other, str)]
        meant = scalars.spelled_alike(value, texts)
        named = scalars.named_in(value, texts) if meant is None else None
        if named is not None:
            state.edit("enum", node, "guessed", f"{value[:80]!r} names {named!r}")
            return named
        if meant is not None:
            state.edit("enum", node, meant[1], f"{value!r} is spelled {meant[0]!r}")
            return meant[0]
    state.log.cost += costs.WRONG
    return value


# Arrays


def _array(state: Coercion, node: Node, view: SchemaView, depth: int) -> Any:
    if "array" not in view.types:
        if len(node.value) == 1 and state.effort:
            state.edit("type", node, "lossless", "an array of one item where the schema wants the item")
            return coerce(state, node.value[0], view, depth + 1)
        together = _together(node) if state.effort and "object" in view.types else None
        if together is not None:
            state.edit("type", node, "guessed", "objects in a row are one object")
            return coerce(state, together, view, depth + 1)
        state.log.cost += costs.WRONG
    items = (one for item in node.value for one in (leaves(item) if item.kind == "r" else (item,)))
    return [coerce(state, item, view.item(index), depth + 1) for index, item in enumerate(items)]


def _together(node: Node) -> Node | None:
    """All objects of an array as one object; None if there is anything else in it, or a name comes again."""
    items = [from_value(item) if item.kind == "v" else item for item in node.value]
    members = [member for item in items if item.kind == "{" for member in item.value]
    names = {key[3] for key, _ in members}
    if len(items) < 2 or len(names) < len(members) or any(item.kind != "{" for item in items):
        return None
    return Node("{", node.start, node.end, members)


# Objects


def _is_dropped(state: Coercion, place: Node, name: str, value: Node) -> bool:
    """Returns True if a property that the schema does not have is left out; it costs as much if it is not."""
    if state.effort <= 1:
        state.log.cost += costs.PROPERTY_LOST
        return False
    place.end = value.end
    state.edit("key", place, "dropped", f"the schema has no property {name!r}", costs.PROPERTY_LOST)
    return True


def _object(state: Coercion, node: Node, view: SchemaView, depth: int) -> Any:
    if "object" not in view.types:
        return _unwanted_object(state, node, view, depth)
    inner = _unwrapped(node, view) if state.effort else None
    if inner is not None:
        _note_wrapper(state, node)
        return coerce(state, inner, view, depth + 1)
    value: dict[str, Any] = {}
    present = {key[3] for key, _ in node.value}
    missing = [name for name in view.properties if name not in present]
    for index, (key, member) in enumerate(node.value):
        place = Node("s", key[1], key[2], key[3])
        name = _meant_name(state, place, view, missing)
        if view.is_closed and not view.declares(name) and _is_dropped(state, place, name, member):
            continue
        put(state.log, value, name, coerce(state, member, view.property(name), depth + 1), place, node, index)
    _fill_in(state, node, view, value)
    return value


def _meant_name(state: Coercion, place: Node, view: SchemaView, missing: list[str]) -> str:
    """The name of a property, or the missing one that it must mean."""
    name: str = place.value
    if not missing or not state.effort or view.declares(name):
        return name
    meant = scalars.spelled_alike(name, missing)
    if meant is None or (meant[1] != "lossless" and not view.is_closed and meant[0] not in view.required):
        return name
    state.edit("key", place, meant[1], f"{name!r} is spelled {meant[0]!r}")
    missing.remove(meant[0])
    return meant[0]


def _fill_in(state: Coercion, node: Node, view: SchemaView, value: dict[str, Any]) -> None:
    """Give required properties that are missing their defaults, if that is allowed."""
    for name in view.required:
        if name in value:
            continue
        default = view.property(name).default if state.defaults else None
        if default is None:
            state.log.cost += costs.PROPERTY_MISSING
        else:
            value[name] = default[0]
            place = Node("s", node.end, node.end, name)
            state.edit("default", place, "guessed", f"the default of {name!r}")


def _unwanted_object(state: Coercion, node: Node, view: SchemaView, depth: int) -> Any:
    """An object where none may be: the only item of an array, or a wrapper around an array."""
    if not state.effort or "array" not in view.types:
        return _wrong(state, node)
    if len(node.value) == 1 and node.value[0][1].kind == "[":
        _note_wrapper(state, node)
        return coerce(state, node.value[0][1], view, depth + 1)
    state.edit("type", node, "lossless", "a single value where the schema wants an array")
    return [coerce(state, node, view.item(0), depth + 1)]


def _note_wrapper(state: Coercion, node: Node) -> None:
    state.edit("wrapper", node, "guessed", f"the object around {node.value[0][0][3]!r} is not in the schema")


def _unwrapped(node: Node, view: SchemaView) -> Node | None:
    """The object inside an object of one undeclared property, or several of those, if it has what is wanted."""
    wanted = set(view.required) or set(view.properties)
    for _ in range(_WRAPPERS):
        if len(node.value) != 1 or not wanted:
            return None
        key, held = node.value[0]
        inner: Node = from_value(held) if held.kind == "v" else held
        if inner.kind != "{" or view.declares(key[3]) or scalars.spelled_alike(key[3], list(view.properties)):
            return None
        inside = {name[3] for name, _ in inner.value}
        if wanted & inside and (wanted <= inside or view.is_closed):
            return inner
        node = inner
    return None

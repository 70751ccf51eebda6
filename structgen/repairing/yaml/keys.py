"""Which lines begin with a key, and which with an item; else their colon or dash is a part of a text."""

from __future__ import annotations

import re

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Token
from structgen.repairing.yaml.blocks import ODD_ESCAPES
from structgen.repairing.yaml.marks import is_list
from structgen.repairing.yaml.scalars import (
    ITEM,
    KEY,
    TEXT_ONLY,
    first_group,
    has_odd_escapes,
    unescaped,
)
from structgen.repairing.yaml.state import Line, YamlState

_TIGHT_ITEM = re.compile(r"[-*•](?=[^\s-])|[*•][ \t]+(?=\S)")
_TIGHT_KEY = re.compile(r"([^\W\d][\w.-]{0,200}):(?=[^\s/:])")
_WORD = re.compile(r"\S*[^\s,](?: \S*[^\s,]){0,3}\Z")
_LONGEST = 80
"""How long a key may be that is none of the schema's, and is more than some words."""
_CONTAINERS = frozenset(("object", "array"))


# Items


def match_item(state: YamlState, content: str, indent: int, *, opened: bool) -> re.Match[str] | None:
    """Returns the dash with which a line begins, if it is one of an item."""
    item = ITEM.match(content)
    if item is None and not opened:
        item = _match_tight_item(state, content, indent)
    return item if item is not None and _takes_items(state, indent, opened=opened) else None


def note_tight_item(state: YamlState, item: re.Match[str], start: int) -> None:
    """Note what is odd about a dash."""
    if item.re is _TIGHT_ITEM:
        end = start + item.end()
        missing = "a space after the dash is missing"
        reason = missing if item.end() == 1 else "another sign stands for the dash"
        state.edit("blank", end, end, "lossless", reason)


def _is_array(view: SchemaView | None) -> bool:
    """Returns True if a schema wants an array, and no object."""
    return view is not None and "array" in view.types and "object" not in view.types


def _match_tight_item(state: YamlState, content: str, indent: int) -> re.Match[str] | None:
    """A dash without a space: an item, where items are expected and it is no number."""
    found = _TIGHT_ITEM.match(content)
    if found is None:
        return None
    if not state.levels:
        is_wanted = _is_array(state.view) or (state.view is None and is_list(state.text))
        return found if state.root is None and is_wanted else None
    is_expected = state.levels[-1].pending is not None and _expects_items(state, content, indent)
    is_inside = any(not level.is_mapping for level in state.levels.at(indent))
    return found if is_expected or is_inside else None


def _expects_items(state: YamlState, content: str, indent: int) -> bool:
    view = state.view_here
    if view is None:
        return content[1].isalpha() and indent >= state.levels[-1].pending_indent
    return "array" in view.types


def _takes_items(state: YamlState, indent: int, *, opened: bool) -> bool:
    """Returns True if an item can stand here; else its dash is text (a list inside a string)."""
    if not state.levels:
        return True
    view, level = state.view_here, state.levels[-1]
    wants_text = view is not None and view.types == TEXT_ONLY
    if opened:
        return not wants_text
    if level.pending is not None:
        return not (wants_text and indent > level.pending_indent)
    text = state.open_text
    is_in_text = text is not None and text.view is not None and text.view.types == TEXT_ONLY
    return not (is_in_text and not state.levels.sequences and indent > level.indent)


# Keys


def read_key(
    state: YamlState, content: str, indent: int, start: int, number: int, *, opened: bool
) -> tuple[Token, int] | None:
    """Read the key with which a line begins.

    Args:
        state: what was read so far.
        content: the line, or what follows a key or a dash in it.
        indent: how far it is indented.
        start: where it begins.
        number: the number of the next line.
        opened: True if a key or a dash stands before it in its line.

    Returns:
        The key, and how many characters it takes together with its colon; None if there is none.
    """
    found = KEY.match(content)
    is_tight = found is None
    if found is None:
        found = _TIGHT_KEY.match(content)
        if found is None or not _takes_tight_key(state, found.group(1), indent, number, opened=opened):
            return None
        name = found.group(1)
    else:
        name = _name_of(state, found, content)
    if not _is_key(
        state, name, indent, opened=opened, quoted=content[0] in "\"'", alone=found.end() == len(content)
    ):
        return None
    if not is_tight and found.group(1) is not None and has_odd_escapes(found.group(1)):
        state.edit("escape", start, start + found.end(1) + 1, "guessed", ODD_ESCAPES)
    if is_tight:
        _note_tight_key(state, start + found.end(), opened=opened)
    return ("s", start, start + found.end(), name), found.end()


def _name_of(state: YamlState, found: re.Match[str], content: str) -> str:
    """The name that `KEY` has found: unescaped, or only what comes before the first colon, if that is declared."""
    name = first_group(found)
    if found.group(1) is not None:
        name = unescaped(name)
    elif found.group(2) is not None:
        name = name.replace("''", "'")
    if (
        content[0] not in "\"'"
        and "://" not in name
        and ": " in content[: found.end()]
        and not state.is_declared(name)
    ):
        first = content.split(":")[0]
        return first if state.is_declared(first) else name
    return name


def _note_tight_key(state: YamlState, end: int, *, opened: bool) -> None:
    view = state.view_here if opened or state.awaits_value else None
    grade: Grade = "guessed" if view is not None and "string" in view.types else "lossless"
    state.edit("blank", end, end, grade, "a space after the colon is missing")


def _takes_tight_key(state: YamlState, name: str, indent: int, number: int, *, opened: bool) -> bool:
    """Returns True if a word with a colon, but no space after it, is a key."""
    return (
        (state.is_declared(name) and _accepts_members(state, opened=opened))
        or _is_at_keys(state, indent, opened=opened)
        or _is_above_keys(state, indent, number, opened=opened or state.root is None)
        or _wants_members(state)
    )


def _is_at_keys(state: YamlState, indent: int, *, opened: bool) -> bool:
    """Returns True if a mapping has its properties at this very indentation, so the line cannot continue a text."""
    return not opened and any(level.is_mapping and level.node.value for level in state.levels.at(indent))


def _is_above_keys(state: YamlState, indent: int, number: int, *, opened: bool) -> bool:
    """Returns True if a value is awaited, and the next line is a property at the same indentation."""
    below = state.line_at(number)
    return (
        (opened or state.awaits_value)
        and _accepts_members(state, opened=opened)
        and below is not None
        and below.indent == indent
        and (KEY.match(below.content) or (state.view is None and _TIGHT_KEY.match(below.content))) is not None
    )


def _accepts_members(state: YamlState, *, opened: bool) -> bool:
    """Returns True if the value that is awaited may be a mapping, or none is awaited."""
    if not (opened or state.awaits_value):
        return True
    view = state.view_here
    return view is None or bool(view.types & _CONTAINERS)


def _wants_members(state: YamlState) -> bool:
    """Returns True if a mapping can stand here, and no text."""
    view = state.view_here
    is_awaited = state.root is None or state.awaits_value
    return is_awaited and view is not None and "object" in view.types and "string" not in view.types


def _is_key(state: YamlState, name: str, indent: int, *, opened: bool, quoted: bool, alone: bool) -> bool:
    """Returns True if a name before a colon is a key, and no text."""
    if state.is_declared(name) and (quoted or not opened or _accepts_members(state, opened=opened)):
        return True
    is_word = quoted or _WORD.match(name) is not None
    if state.root is None:
        return is_word and _may_be_first(state.view, name, quoted=quoted)
    if opened or state.awaits_value:
        return _may_begin_value(state.view_here) and (is_word or _wants_members(state))
    if not quoted and _continues_text(state, name, indent, alone=alone):
        return False
    return is_word or (state.view is None and len(name) < _LONGEST)


def _may_be_first(view: SchemaView | None, name: str, *, quoted: bool) -> bool:
    """Returns True if an undeclared name may be the first key of all."""
    if view is None or not view.properties:
        return True
    return not view.is_closed and (quoted or len(name.split()) == 1)


def _may_begin_value(view: SchemaView | None) -> bool:
    """Returns True if an undeclared name may be the first key of a value."""
    if view is None:
        return True
    return view.types != TEXT_ONLY and (view.is_open or bool(view.types & _CONTAINERS))


def _continues_text(state: YamlState, name: str, indent: int, *, alone: bool) -> bool:
    """Returns True if a line with a colon rather continues the text before it."""
    text = state.open_text
    if text is None or text.view is None or "string" not in text.view.types:
        return False
    level = next((known for known in reversed(state.levels) if known.is_mapping), None)
    if level is None or level.view is None or not level.view.properties:
        return False
    is_at_margin = alone and any(known.is_mapping for known in state.levels.at(indent))
    return indent > level.indent + 1 or (len(name.split()) > 1 and not is_at_margin)


# Lines that are no property


def begins_a_key(state: YamlState, content: str) -> bool:
    """Returns True if an open mapping declares a name that begins like this."""
    views = [level.view for level in state.levels.near() if level.is_mapping and level.view is not None]
    return any(name.startswith(content) for view in views for name in view.properties)


def is_prose(state: YamlState, name: str, indent: int, below: Line | None) -> bool:
    """Returns True if a sentence with a colon, before all properties, is not the first of them.

    It is not if the schema does not know it, or it has no value.
    """
    if not state.is_declared(name):
        return True
    if state.view is not None and name in state.view.properties:
        return False
    if below is None or not below.content:
        return True
    return below.indent <= indent and not ITEM.match(below.content)


def is_after_payload(state: YamlState, content: str, indent: int) -> bool:
    """Returns True if a line after a space one is farther left than the whole payload, and no declared property."""
    if not state.levels or indent > state.levels[0].indent - 2:
        return False
    found = KEY.match(content)
    return not state.is_declared(first_group(found) if found else "")

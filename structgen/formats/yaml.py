"""YAML: values in blocks. The reader is ruamel.yaml, as YAML 1.2.

A context-free rule does not know how deep its lines are indented, so each rule is made for each column at which it is
needed:

    at       a value that begins at a column: after `- `, or at the start of the text
    under    the value of a pair whose name stands at a column, with what leads to it: a space, or a line break
    inside   what is inside a container, with a line break instead of each separator
    deep     a value that may contain itself, from some column on: a container is in flow style
    flow     a value in YAML's flow style, which is JSON, or a part of one

A block is never empty, so what may be empty is `{}` or `[]`, or has something inside (`structure.Filled`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Path
from typing import Any

from structgen.errors import Problem, StructgenError, UnsupportedSchemaError, install_hint
from structgen.formats.format import DuplicateName, check_value
from structgen.formats.json import json_format
from structgen.formats.structure import (
    NOTHING,
    SEPARATOR,
    Array,
    Container,
    Filled,
    Item,
    Object,
    Pair,
    Structured,
    changed,
    recursive,
)
from structgen.formats.yaml_scalars import (
    MAX_NAME,
    YAML,
    YAML_ASCII,
    YamlSpelling,
    exponent_signed,
    in_block,
    in_flow,
    is_plain,
    name_in_block,
    name_in_flow,
)
from structgen.grammar.expressions import Literal, Union
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)

DEEPEST = 20
"""The column from which on values that may contain themselves are written in flow style: ten levels."""

_DEEPEST_WRITTEN = 100
_STEP = 2
_BLANK = Terminal('" "', Literal(" "))
_DASH = Terminal('"- "', Literal("- "))
_END = Terminal("the end of the last line", Literal("\n"))
_OPEN_OBJECT, _CLOSE_OBJECT = Terminal('"{"', Literal("{")), Terminal('"}"', Literal("}"))
_OPEN_ARRAY, _CLOSE_ARRAY = Terminal('"["', Literal("[")), Terminal('"]"', Literal("]"))
_COMMA, _COLON = Terminal('", "', Literal(", ")), Terminal('": "', Literal(": "))
_EMPTY_OBJECT, _EMPTY_ARRAY = Terminal('"{}"', Literal("{}")), Terminal('"[]"', Literal("[]"))
_LINES = [Terminal(f"a line, indented by {column}", Literal("\n" + " " * column)) for column in range(64)]


class Yaml(Structured):
    """YAML in blocks, in one layout."""

    title = "YAML"
    spelling: YamlSpelling
    records_names = False  # a string may be plain or quoted

    def __init__(self, spelling: YamlSpelling) -> None:
        self.spelling = spelling

    def grammar(self, start: RuleExpression, rules: dict[str, RuleExpression]) -> Grammar:
        """The rules, laid out in blocks; one line break may end the text."""
        return _Blocks(rules).grammar(start)

    def parse(self, text: str, *, distinct: bool = True) -> Any:
        """The value of a text; what JSON has no value for, such as a date, is an error."""
        reader = _reader()
        from ruamel.yaml.constructor import DuplicateKeyError
        from ruamel.yaml.error import YAMLError

        if not distinct:

            class LastCounts(reader.Constructor):  # type: ignore[misc, name-defined]
                def check_mapping_key(self, *arguments: Any) -> bool:
                    return True

            reader.Constructor = LastCounts
        try:
            value = reader.load(text)
        except DuplicateKeyError as error:
            raise DuplicateName(str(error.problem)) from None
        except YAMLError as error:
            raise ValueError(str(error)) from None
        except (AttributeError, IndexError, KeyError, TypeError) as error:  # its own ways with damaged text
            raise ValueError(f"it cannot be read ({error})") from None
        check_value(value)
        return value

    def span_of(self, text: str, path: Path[str | int]) -> tuple[int, int]:
        """Where the value stands that a path leads to."""
        node = _reader().compose(text)
        if node is None:  # nothing but spaces and comments: null
            return 0, len(text)
        for step in path:
            if isinstance(step, int):
                node = node.value[step]
            else:
                node = [value for name, value in node.value if name.value == step][-1]
        return node.start_mark.index, node.end_mark.index

    def write(self, value: Any) -> str:
        """YAML of a value in blocks; what is nested very deeply is in flow style."""
        out: list[str] = []
        self._write(value, 0, out)
        return "".join([*out, "\n"])

    def _write(self, value: Any, column: int, out: list[str]) -> None:
        if not _is_block(value, column):
            out.append(self._on_a_line(value))
            return
        for name, one in _entries(value):
            if out:
                out.append(_lead(out[-1], column))
            if name is None:
                out.append("- ")
                self._write(one, column + _STEP, out)
                continue
            out.append(f"{self._on_a_line(name)}:")
            inner = column if isinstance(one, list) else column + _STEP
            if _is_block(one, inner):
                self._write(one, inner, out)
            else:
                out.append(f" {self._on_a_line(one)}")

    def _on_a_line(self, value: Any) -> str:
        if isinstance(value, str):
            return value if is_plain(value) else f'"{self.spelling.literal(value).text}"'
        written = _JSON.write(value)
        return exponent_signed(written) if isinstance(value, float) else written


_YAML, _YAML_ASCII = Yaml(YAML), Yaml(YAML_ASCII)
_JSON = json_format()


def yaml_format(ensure_ascii: bool = False) -> Yaml:
    """YAML; with `ensure_ascii`, what is not ASCII is escaped."""
    return _YAML_ASCII if ensure_ascii else _YAML


def _is_block(value: Any, column: int) -> bool:
    return isinstance(value, (dict, list)) and bool(value) and column <= _DEEPEST_WRITTEN


def _entries(container: Any) -> Iterable[tuple[str | None, Any]]:
    return container.items() if isinstance(container, dict) else ((None, item) for item in container)


def _lead(before: str, column: int) -> str:
    """What stands before an entry: nothing right after a dash, else a line break."""
    return "" if before == "- " else "\n" + " " * column


def _reader() -> Any:
    """A reader that gives plain values.

    Raises:
        StructgenError: ruamel.yaml is not installed.
    """
    try:
        from ruamel.yaml import YAML as Reader
    except ImportError:
        raise StructgenError(f"YAML is read by ruamel.yaml: {install_hint('yaml')}") from None
    return Reader(typ="safe", pure=True)


def _line(column: int) -> Terminal:
    """A line break, and the indentation of the next line."""
    if column < len(_LINES):
        return _LINES[column]
    return Terminal(f"a line, indented by {column}", Literal("\n" + " " * column))


class _Blocks:
    """Lays rules out: each in each column, or in flow style, as far as they are needed."""

    def __init__(self, rules: dict[str, RuleExpression]) -> None:
        self._source = dict(rules)
        self._recursive = recursive(self._source)
        self._filled = Filled(self._source)
        self._rules: dict[str, RuleExpression] = {}
        self._todo: list[tuple[str, str, int]] = []

    def grammar(self, start: RuleExpression) -> Grammar:
        self._rules["start"] = Sequence((self._at(start, 0), Repetition(_END, 0, 1)))
        by_column = {"at": self._at, "under": self._under, "inside": self._inside}
        anywhere = {"deep": self._deep, "flow": self._flow}
        while self._todo:
            name, kind, column = self._todo.pop()
            body = self._source[name]
            made = by_column[kind](body, column) if kind in by_column else anywhere[kind](body)
            self._rules[_name(name, kind, column)] = made
        return Grammar(self._rules)

    def _reference(self, name: str, kind: str, column: int = 0) -> Reference:
        made = _name(name, kind, column)
        if made not in self._rules:
            self._rules[made] = NOTHING  # takes the name
            self._todo.append((name, kind, column))
        return Reference(made)

    # Values

    def _at(self, body: RuleExpression, column: int) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(self._at(option, column) for option in body.options))
        if isinstance(body, Reference):
            if self._is_deep(body, column):
                return self._reference(body.name, "deep")
            return self._reference(body.name, "at", column)
        if isinstance(body, Container):
            return self._block(body, lambda inside: self._inside(inside, column))
        return _scalar(body)

    def _under(self, body: RuleExpression, column: int) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(self._under(option, column) for option in body.options))
        if isinstance(body, Reference):
            if self._is_deep(body, column):
                return Sequence((_BLANK, self._reference(body.name, "deep")))
            return self._reference(body.name, "under", column)
        if isinstance(body, Container):
            inner = column if isinstance(body, Array) else column + _STEP
            return self._block(
                body, lambda inside: Sequence((_line(inner), self._inside(inside, inner))), _BLANK
            )
        return Sequence((_BLANK, _scalar(body)))

    def _block(
        self, body: Container, lay_out: Callable[[RuleExpression], RuleExpression], *lead: Terminal
    ) -> RuleExpression:
        """A container in a block, or on its line if it is empty."""
        options: list[RuleExpression] = []
        if self._filled.is_nullable(body.inside):
            empty = _EMPTY_OBJECT if isinstance(body, Object) else _EMPTY_ARRAY
            options.append(Sequence((*lead, empty)) if lead else empty)
        inside = self._filled.of(body.inside)
        if inside is not None:
            options.append(lay_out(inside))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _deep(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(map(self._deep, body.options)))
        if isinstance(body, Reference):
            return self._reference(body.name, "deep")
        return self._flow(body) if isinstance(body, Container) else _scalar(body)

    def _is_deep(self, body: Reference, column: int) -> bool:
        return column >= DEEPEST and body.name in self._recursive

    # What is inside

    def _inside(self, body: RuleExpression, column: int) -> RuleExpression:
        if body is SEPARATOR:
            return _line(column)
        if isinstance(body, Reference):
            return self._reference(body.name, "inside", column)
        if isinstance(body, Pair):
            name = _checked(name_in_block(body.name), body.name)
            return Sequence((name, self._under(body.value, column)))
        if isinstance(body, Item):
            return Sequence((_DASH, self._at(body.value, column + _STEP)))
        return changed(body, lambda part: self._inside(part, column))

    # Flows

    def _flow(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Terminal):
            return _COMMA if body is SEPARATOR else in_flow(body)
        if isinstance(body, Reference):
            return self._reference(body.name, "flow")
        if isinstance(body, Pair):
            return Sequence((name_in_flow(body.name), _COLON, self._flow(body.value)))
        if isinstance(body, Item):
            return self._flow(body.value)
        if isinstance(body, Container):
            marks = (_OPEN_OBJECT, _CLOSE_OBJECT) if isinstance(body, Object) else (_OPEN_ARRAY, _CLOSE_ARRAY)
            return Sequence((marks[0], self._flow(body.inside), marks[1]))
        return changed(body, self._flow)


def _scalar(body: RuleExpression) -> Terminal:
    assert isinstance(body, Terminal)
    return in_block(body)


def _checked(made: Terminal, name: Terminal) -> Terminal:
    if any(isinstance(part, Union) and not part.parts for part in getattr(made.expression, "parts", ())):
        reason = f"YAML reads no name of more than {MAX_NAME} characters, as {name.name[:40]}... is"
        raise UnsupportedSchemaError((Problem("#", reason),))
    return made


def _name(name: str, kind: str, column: int) -> str:
    return f"{name} {kind} {column}"

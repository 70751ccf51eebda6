"""Rules: the context-free half of the intermediate representation.

A grammar is a set of named rules; the body of a rule is one of

    Terminal(name, expression)      text that the lexer reads in one piece; the leaves
    SpecialToken(token)             one special token of the vocabulary, by name or id; it has no text
    Reference(name)                 another rule; recursion of every kind is fine, left recursion too
    Sequence(parts, separator)      the parts one after the other, with the separator between those present
    Choice(options)                 any of the options
    Repetition(part, min, max)      the part, min to max times
    Permutation(parts, separator)   the parts in any order, with the separator between those present

How a text is read. The lexer is contextual: where a text is being read, only the terminals that the parser
can take next compete. It reads the longest match: a terminal ends where none of those competing can go on with
the next byte. Of those that match there, only the ones with the highest priority count; all of these are
handed to the parser (it follows every reading at once, so ambiguity is fine). Text of the `ignore` terminals
may stand before, between and after terminals. A text belongs to the grammar if it can be read to its end.

A grammar may ask for a dynamic lexer instead: then no terminal competes with another one. Each is read by itself, and
ends where it can't go on itself; the readings are all followed.

Texts that must differ. A terminal may have an effect: after one that opens, a scope begins, which ends with the next
one that closes, scopes within it aside; a terminal that records is not read with a text that a recording terminal had
before in the innermost scope. This does not change what is read as one piece, nor which terminals are handed over by
their priority: of those, the ones that record are left out where the text was recorded. A scope
needs more distinct texts than it has positions for a recording terminal, or an alternative: else generation can get
stuck.

Items that must differ are values, of which a text has one in JSON: after a terminal that opens items, and closes with
them, the text between the brackets is the items of a JSON array. At a comma that ends an item, and at the bracket that
closes them, only terminals without that effect are handed over where an item is equal to one before it (1 and 1.0 are,
and objects whose properties have another order). Whatever the text, it continues only where another item can come.

Plain data. `check(grammar)` is the executable specification of what is well formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from structgen.errors import InvalidGrammarError
from structgen.grammar.expressions import EMPTY, Expression, times

Lexer = Literal["contextual", "dynamic"]
"""How a lexer decides between terminals."""

Effect = Literal["record", "open", "close", "open items", "open many items", "item", "close items"]
"""Of a terminal that was read, on the texts and items that must differ."""

_TELLING_APART = ("record", "open items", "open many items", "item", "close items")


class RuleExpression:
    """The body of a rule, or a part of one. The base of the seven kinds."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Terminal(RuleExpression):
    """Text read in one piece.

    Attributes:
        name: for people: errors and `explain()` show it.
        expression: which texts. The empty text is never read: an expression that denotes it loses it, and a
            rule must say itself where a terminal may be missing.
        priority: among terminals that match the same text, only those of the highest priority count.
        guard: texts that compete as well, but lead nowhere: where no terminal can go on with the next byte, but a
            guard can, the text is refused. So `a` with the guard `ab` is an `a` that no `b` follows.
        effect: "record": the text differs from those recorded before in the innermost scope; "open" and "close": such
            a scope begins after the terminal, or ends with it. "open items", "close items": the same, of an array
            whose items differ; "item": one of them ends there. "open many items" promises that after 2,048 items with
            any texts another one can still come, 64 bytes longer than the shortest at most.
    """

    name: str
    expression: Expression
    priority: int = 0
    guard: Expression = EMPTY
    effect: Effect | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SpecialToken(RuleExpression):
    """One special token of the vocabulary, by its text (`"<|im_end|>"`) or id."""

    token: str | int

    def __str__(self) -> str:
        return f"<{self.token}>"


@dataclass(frozen=True, slots=True)
class Reference(RuleExpression):
    """The rule called `name`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Sequence(RuleExpression):
    """The parts, one after the other. `Sequence(())` is the empty text.

    With a `separator`, it stands between any two items that are present. The items are the parts, and where a
    part is a `Repetition`, each of its iterations: a part that may be missing is `Repetition(part, 0, 1)`, and
    takes its separator with it. Items must then not be empty.
    """

    parts: tuple[RuleExpression, ...]
    separator: RuleExpression | None = None

    def __str__(self) -> str:
        return _joined(" ", self.parts, self.separator)


@dataclass(frozen=True, slots=True)
class Choice(RuleExpression):
    """Any of the options. `Choice(())` denotes nothing."""

    options: tuple[RuleExpression, ...]

    def __str__(self) -> str:
        return _joined(" | ", self.options)


@dataclass(frozen=True, slots=True)
class Repetition(RuleExpression):
    """The part, min to max times; max=None: no bound. Costs the same whatever the bounds are."""

    part: RuleExpression
    min: int = 0
    max: int | None = None

    def __str__(self) -> str:
        return f"{self.part}{times(self.min, self.max)}"


@dataclass(frozen=True, slots=True)
class Permutation(RuleExpression):
    """The parts in any order, each once, with the `separator` between items that are present.

    A part that is `Repetition(part, 0, 1)` may be missing; one that is `Repetition(part, 0, None)` may come any
    number of times, anywhere. Other repetitions, and parts that can be empty, are not allowed.
    """

    parts: tuple[RuleExpression, ...]
    separator: RuleExpression | None = None

    def __str__(self) -> str:
        return _joined(" & ", self.parts, self.separator)


@dataclass(frozen=True)
class Grammar:
    """Named rules, and which of them is the start.

    Attributes:
        rules: bodies by name.
        start: the rule that the whole text must match.
        ignore: terminals whose text may stand before, between and after the others.
        lexer: "contextual", the longest match of those that compete; or "dynamic", each terminal by itself.

    `str(grammar)` reads like Lark, for people; nothing reads it back. What is done with a grammar is in
    `structgen.language`: `sampling.sample(grammar, rng)` is a random text.
    """

    rules: Mapping[str, RuleExpression]
    start: str = "start"
    ignore: tuple[Terminal, ...] = field(default=())
    lexer: Lexer = "contextual"

    def __str__(self) -> str:
        names = [self.start, *(name for name in self.rules if name != self.start)]
        lines = [f"{name}: {self.rules[name]}" for name in names]
        terminals = dict.fromkeys(
            node for name in names for node in walk(self.rules[name]) if isinstance(node, Terminal)
        )
        for terminal in dict.fromkeys([*terminals, *self.ignore]):
            priority = f".{terminal.priority}" if terminal.priority else ""
            lines.append(f"{terminal.name}{priority}: {terminal.expression}")
        lines += [f"%ignore {terminal.name}" for terminal in self.ignore]
        return "\n".join(lines)


def _joined(sign: str, parts: tuple[RuleExpression, ...], separator: RuleExpression | None = None) -> str:
    separated = "" if separator is None else f" % {separator}"
    return f"({sign.join(map(str, parts))}{separated})"


def children(body: RuleExpression) -> tuple[RuleExpression, ...]:
    """The direct parts of a body, the separator included."""
    if isinstance(body, (Sequence, Permutation)):
        return body.parts if body.separator is None else (*body.parts, body.separator)
    if isinstance(body, Choice):
        return body.options
    if isinstance(body, Repetition):
        return (body.part,)
    return ()


def walk(body: RuleExpression) -> Iterator[RuleExpression]:
    """`body` and everything in it, without following references."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def check(grammar: Grammar) -> None:
    """Raise `InvalidGrammarError` where the grammar is not well formed.

    The start and every reference name a rule; bounds of repetitions are 0 <= min <= max; parts of permutations
    are items; with a dynamic lexer no terminal records. (That rules can finish, and that the language is not
    empty, is found when compiling.)
    """
    if grammar.start not in grammar.rules:
        raise InvalidGrammarError(f"the start rule {grammar.start!r} is not defined")
    for name, rule in grammar.rules.items():
        for node in walk(rule):
            check_part(grammar, name, node)


def check_part(grammar: Grammar, name: str, node: RuleExpression) -> None:
    """Raise `InvalidGrammarError` where a part of the rule `name` is not well formed. Its own parts are not checked."""
    if isinstance(node, Reference):
        if node.name not in grammar.rules:
            raise InvalidGrammarError(f"rule {name!r} refers to {node.name!r}, which is not defined")
    elif isinstance(node, Terminal):
        if grammar.lexer == "dynamic" and node.effect in _TELLING_APART:
            raise InvalidGrammarError(
                f"rule {name!r}: the terminal {node.name} records, which a dynamic lexer does not"
            )
    elif isinstance(node, Repetition):
        _check_bounds(name, node)
    elif isinstance(node, Permutation):
        for part in node.parts:
            if isinstance(part, Repetition) and (part.min, part.max) not in {(0, 1), (0, None), (1, 1)}:
                raise InvalidGrammarError(
                    f"rule {name!r}: a part of a permutation may be repeated 0 to 1 times or without "
                    f"bound, not {part.min} to {part.max}"
                )


def _check_bounds(name: str, node: Repetition) -> None:
    if node.min < 0 or (node.max is not None and node.max < node.min):
        raise InvalidGrammarError(f"rule {name!r}: repetition from {node.min} to {node.max} is impossible")

"""The tree of a grammar becomes rules; its terminals become expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from structgen.errors import InvalidLarkError
from structgen.frontends.lark.dialect.lazies import lazy_first
from structgen.frontends.lark.dialect.tokens import token_rule
from structgen.frontends.lark.dialect.tree import (
    AllOf,
    Definition,
    Name,
    Nested,
    Node,
    Not,
    OneAfterTheOther,
    OneOf,
    Text,
    Times,
    Token,
    Written,
    is_terminal,
)
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EPSILON,
    Complement,
    Expression,
    concat,
    intersection,
    repeat,
    union,
)
from structgen.grammar.rules import Choice, Grammar, Reference, Repetition, RuleExpression, Sequence, Terminal
from structgen.language.derivatives import denotes_empty_text
from structgen.language.renaming import embedded
from structgen.vocabulary import Vocabulary

Failure = Callable[[int, str], InvalidLarkError]
"""Makes the error for a place of the text."""

NO_WORDS = Sequence(())


@dataclass(frozen=True)
class Note:
    """What was rewritten.

    Attributes:
        at: the place in the text.
        message: in words.
    """

    at: int
    message: str


class Lowering:
    """Makes rules of a tree.

    Args:
        written: the grammar.
        failure: makes errors.
        vocabulary: whose tokens `<name>` and `<[id]>` are; None: where a text is read.

    Attributes:
        notes: what was rewritten.
    """

    def __init__(self, written: Written, failure: Failure, vocabulary: Vocabulary | None = None) -> None:
        self._written = written
        self._failure = failure
        self._vocabulary = vocabulary
        self._terminals: dict[str, Expression] = {}
        self._open: set[str] = set()
        self._nested: dict[int, str] = {}
        self._rules: dict[str, RuleExpression] = {}
        self._waiting: list[str] = []
        self._skip: RuleExpression | None = None
        self._of_rules: set[str] = set()
        self._lazy: set[Expression] = set()
        self.notes: list[Note] = []

    def grammar(self, start: str) -> Grammar:
        """The grammar from a rule on."""
        ignored = [self._ignored(node) for node in self._written.ignored]
        if ignored:
            self._skip = Repetition(Choice(tuple(ignored)), 0, None)
        self._waiting = [start]
        for name in self._waiting:
            if name not in self._of_rules:
                self._of_rules.add(name)
                self._rules[name] = self._of(self._definition(name, None))
        first = start
        if self._skip is not None:
            first = "/text"
            self._rules[first] = Sequence((self._skip, Reference(start)))
        return lazy_first(Grammar(self._rules, first), frozenset(self._lazy))

    @property
    def reached(self) -> set[str]:
        """The names of the rules and terminals that the start needs."""
        return self._of_rules | set(self._terminals)

    def _ignored(self, node: Node) -> RuleExpression:
        return Terminal("ignored", intersection(self.expression(node), Complement(EPSILON)))

    def _definition(self, name: str, at: int | None) -> Definition:
        found = self._written.definitions.get(name)
        if found is None:
            near = get_close_matches(name, self._written.definitions, 1)
            there = f"; did you mean {near[0]}?" if near else ""
            raise self._failure(at or 0, f"{name} is not defined{there}")
        return found

    # Terminals

    def expression(self, node: Node) -> Expression:
        """The texts of a node that is regular."""
        if isinstance(node, Text):
            return node.expression
        if isinstance(node, Name):
            return self._named(node)
        if isinstance(node, OneAfterTheOther):
            return concat(*map(self.expression, node.parts))
        if isinstance(node, OneOf):
            return union(*map(self.expression, node.options))
        if isinstance(node, AllOf):
            return intersection(*map(self.expression, node.parts))
        if isinstance(node, Times):
            return repeat(self.expression(node.part), node.least, node.most)
        if isinstance(node, Not):
            return Complement(self.expression(node.part))
        what = node.text if isinstance(node, Token) else "a grammar of its own"
        raise self._failure(node.at, f"{what} cannot stand in a terminal; write it in a rule")

    def _named(self, node: Name) -> Expression:
        known = self._terminals.get(node.name)
        if known is not None:
            return known
        if not is_terminal(node.name):
            raise self._failure(node.at, f"{node.name} is a rule, and cannot stand in a terminal")
        if node.name in self._open:
            raise self._failure(node.at, f"the terminal {node.name} needs itself; make it a rule")
        definition = self._definition(node.name, node.at)
        self._open.add(node.name)
        made = self.bounded(definition)
        self._open.discard(node.name)
        self._terminals[node.name] = made
        return made

    # Rules

    def _of(self, definition: Definition) -> RuleExpression:
        bounding = [key for key in ("lazy", "stop", "suffix", "max_tokens") if key in definition.options]
        if not bounding:
            return self.rule(definition.body)
        try:
            self.expression(definition.body)
        except InvalidLarkError:
            reason = f"[{bounding[0]}] is for rules that are one terminal: a string, a pattern or a name in capitals"
            raise self._failure(definition.at, f"{definition.name}: {reason}") from None
        return self.terminal(self.bounded(definition), definition.name, definition.at)

    def bounded(self, definition: Definition) -> Expression:
        """What a rule reads with `lazy`, `suffix`, `stop` and `max_tokens`."""
        options = definition.options
        body = self.expression(definition.body)
        if (most := options.get("max_tokens")) is not None:
            body = intersection(body, repeat(ANY_CHAR, 0, int(str(most))))
            message = f"max_tokens={most} of {definition.name} holds for its characters"
            self.notes.append(Note(definition.at, message))
        suffix, stop = options.get("suffix"), options.get("stop")
        if isinstance(suffix, Node):
            end = self.expression(suffix)
            if end == EPSILON:
                raise self._failure(definition.at, f"the suffix of {definition.name} is empty")
            return self._shortest(concat(body, end))
        if isinstance(stop, Node) and (end := self.expression(stop)) != EPSILON:
            return intersection(body, Complement(concat(body, end, ANY_TEXT)))
        return self._shortest(body) if "lazy" in options else body

    def rule(self, node: Node) -> RuleExpression:
        """A node of a body."""
        if isinstance(node, Name):
            if is_terminal(node.name):
                return self.terminal(self.expression(node), node.name, node.at)
            self._definition(node.name, node.at)
            self._waiting.append(node.name)
            return Reference(node.name)
        if isinstance(node, Text):
            return self.terminal(node.expression, node.shown, node.at)
        if isinstance(node, (AllOf, Not)):
            return self.terminal(self.expression(node), "a terminal", node.at)
        if isinstance(node, OneAfterTheOther):
            return Sequence(tuple(self._stopped(node.parts)))
        if isinstance(node, OneOf):
            return Choice(tuple(dict.fromkeys(map(self.rule, node.options))))
        if isinstance(node, Times):
            return Repetition(self.rule(node.part), node.least, node.most)
        if isinstance(node, Token):
            return self._skipped(token_rule(node.text, self._vocabulary))
        assert isinstance(node, Nested)
        return self._skipped(self._inside(node))

    def _stopped(self, parts: Iterable[Node]) -> list[RuleExpression]:
        """The parts of a sequence. A rule with `stop`, and its stop after it, are read in one piece."""
        found: list[RuleExpression] = []
        left = list(parts)
        while left:
            node = left.pop(0)
            together = self._with_stop(node, left[0]) if left else None
            if together is not None:
                left.pop(0)
            found.append(self.rule(node) if together is None else together)
        return found

    def _with_stop(self, node: Node, after: Node) -> RuleExpression | None:
        if not isinstance(node, Name) or is_terminal(node.name):
            return None
        definition = self._definition(node.name, node.at)
        stop = definition.options.get("stop")
        if not isinstance(stop, Node) or not isinstance(after, (Text, Name)):
            return None
        if isinstance(after, Name) and not is_terminal(after.name):
            return None
        end = self.expression(stop)
        if end == EPSILON or self.expression(after) != end:
            return None
        self._of_rules.add(node.name)
        return self.terminal(
            self._shortest(concat(self.expression(definition.body), end)), node.name, node.at
        )

    def _inside(self, node: Nested) -> RuleExpression:
        inner = node.constraint.grammar
        name = self._nested.get(id(node))
        if name is None:
            name = self._nested[id(node)] = f"/{len(self._nested)}/"
            self._rules.update(embedded(inner, name))
        return Reference(f"{name}{inner.start}")

    def terminal(self, expression: Expression, name: str, at: int) -> RuleExpression:
        """A terminal, which may be missing if it denotes the empty text."""
        if expression == EPSILON:
            self.notes.append(Note(at, f"{name} is the empty text: nothing stands there"))
            return NO_WORDS
        made = self._skipped(Terminal(name, expression))
        if denotes_empty_text(expression):
            self.notes.append(Note(at, f"{name} has the empty text: it may be missing there"))
            return Repetition(made, 0, 1)
        return made

    def _skipped(self, made: RuleExpression) -> RuleExpression:
        return made if self._skip is None else Sequence((made, self._skip))

    def _shortest(self, expression: Expression) -> Expression:
        """The texts of an expression that no other text of it begins."""
        found = intersection(expression, Complement(concat(expression, ANY_CHAR, ANY_TEXT)))
        self._lazy.add(found)
        return found

"""The trees and the expanded rules of a grammar, as rules of the IR."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lark import Tree
from lark.grammar import NonTerminal, Rule

from structgen.frontends.lark.loading import Loaded, bounds
from structgen.grammar.rules import Choice, Reference, Repetition, RuleExpression, Sequence


def rules_of_trees(loaded: Loaded, terminal: Callable[[str], RuleExpression]) -> dict[str, RuleExpression]:
    """One body for each rule; what repeats stays a repetition, however often.

    Args:
        loaded: the grammar.
        terminal: gives the terminal of a name.

    Raises:
        InvalidLarkError: A repetition has impossible bounds.
    """
    return {name: _body(tree, name, loaded, terminal) for name, tree in loaded.rules.items()}


def _body(tree: Any, rule: str, loaded: Loaded, terminal: Callable[[str], RuleExpression]) -> RuleExpression:
    if not isinstance(tree, Tree):
        return Reference(str(tree.name)) if isinstance(tree, NonTerminal) else terminal(str(tree.name))
    if tree.data == "alias":
        return _body(tree.children[0], rule, loaded, terminal)
    if tree.data == "expr":
        return _repetition(tree, _body(tree.children[0], rule, loaded, terminal), rule, loaded)
    parts = [_body(child, rule, loaded, terminal) for child in tree.children]
    if tree.data == "maybe":
        return Repetition(parts[0], 0, 1)
    if len(parts) == 1:
        return parts[0]
    return Choice(tuple(dict.fromkeys(parts))) if tree.data == "expansions" else Sequence(tuple(parts))


def rules_of_expansions(
    rules: Iterable[Rule], terminal: Callable[[Rule, int], RuleExpression]
) -> dict[str, RuleExpression]:
    """One body for each rule, where a terminal may depend on where it stands.

    Args:
        rules: as Lark writes them out.
        terminal: gives the terminal at an index of a rule.
    """
    numbers: dict[RuleExpression, int] = {}
    known: dict[int, tuple[int, RuleExpression]] = {}  # by id: terminals are large, and hashed once each

    def number(part: RuleExpression) -> int:
        if id(part) not in known:
            known[id(part)] = numbers.setdefault(part, len(numbers)), part
        return known[id(part)][0]

    options: dict[str, dict[tuple[str | int, ...], RuleExpression]] = {}
    for rule in rules:
        parts = tuple(
            Reference(str(symbol.name)) if isinstance(symbol, NonTerminal) else terminal(rule, index)
            for index, symbol in enumerate(rule.expansion)
        )
        key = tuple(part.name if isinstance(part, Reference) else number(part) for part in parts)
        body = parts[0] if len(parts) == 1 else Sequence(parts)
        options.setdefault(str(rule.origin.name), {}).setdefault(key, body)
    return {name: Choice(tuple(found.values())) for name, found in options.items()}


def _repetition(tree: Any, part: RuleExpression, rule: str, loaded: Loaded) -> RuleExpression:
    operator = str(tree.children[1])
    if operator != "~":
        return Repetition(part, int(operator == "+"), 1 if operator == "?" else None)
    least, most = bounds(tree)
    if not 0 <= least <= most:
        reason = f"a repetition of {least} to {most} times is impossible, in rule {rule}"
        raise loaded.source.error(reason, rule.partition("{")[0])
    return Repetition(part, least, most)

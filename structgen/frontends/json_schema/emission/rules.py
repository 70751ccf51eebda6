"""Rules: the rules of a grammar while it is made, with names that nobody else takes."""

from __future__ import annotations

from collections.abc import Iterable

from structgen.grammar.rules import Choice, Reference, RuleExpression

Rule = RuleExpression | None
"""None: no value can be there."""

_NESTING = 8
"""Containers that are nested in one rule before the next becomes a rule of its own: no stack is endless."""


class Rules:
    """The rules of one grammar.

    Attributes:
        by_name: the rules made so far.
        depth: how many containers are open around what is made now.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, RuleExpression] = {}
        self.depth = 0
        self._taken: set[str] = set()
        self._number = 0

    def new_name(self, wish: str | None) -> str:
        """A name that no rule has yet: the wish, if it is free."""
        found = wish or None
        while found is None or found in self.by_name or found in self._taken:
            self._number += 1
            found = f"{wish or 'value'} {self._number}"
        self._taken.add(found)
        return found

    def add(self, wish: str | None, rule: RuleExpression) -> Reference:
        """Make a rule of its own."""
        name = self.new_name(wish)
        self.by_name[name] = rule
        return Reference(name)

    def nested(self, rule: RuleExpression) -> RuleExpression:
        """A container; every few levels it becomes a rule of its own."""
        if self.depth % _NESTING or not self.depth:
            return rule
        return self.add("nested", rule)


def choice(rules: Iterable[Rule]) -> Rule:
    """Any of some rules, as far as they are possible; None if none is."""
    options: dict[int, RuleExpression] = {}
    for rule in rules:
        if isinstance(rule, Choice):
            options.update((id(option), option) for option in rule.options)
        elif rule is not None:
            options[id(rule)] = rule
    if len(options) < 2:
        return next(iter(options.values()), None)
    return Choice(tuple(options.values()))

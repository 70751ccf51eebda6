"""Rules under other names, so that one grammar can stand within another one.

renamed(body, rename)        a body whose references have other names
rewritten(body, change)      a body with other leaves
embedded(grammar, prefix)    the rules of a grammar, whose names begin with the prefix
"""

from __future__ import annotations

from collections.abc import Callable

from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
)


def renamed(body: RuleExpression, rename: Callable[[str], str]) -> RuleExpression:
    """A body with other names in its references."""
    return rewritten(body, lambda leaf: Reference(rename(leaf.name)) if isinstance(leaf, Reference) else leaf)


def rewritten(body: RuleExpression, change: Callable[[RuleExpression], RuleExpression]) -> RuleExpression:
    """A body with each leaf (terminal, special token, reference) replaced by what `change` makes of it."""
    if isinstance(body, (Sequence, Permutation)):
        separator = None if body.separator is None else rewritten(body.separator, change)
        parts = tuple([rewritten(part, change) for part in body.parts])
        return Sequence(parts, separator) if isinstance(body, Sequence) else Permutation(parts, separator)
    if isinstance(body, Choice):
        return Choice(tuple([rewritten(option, change) for option in body.options]))
    if isinstance(body, Repetition):
        return Repetition(rewritten(body.part, change), body.min, body.max)
    return change(body)


def embedded(grammar: Grammar, prefix: str) -> dict[str, RuleExpression]:
    """The rules of a grammar under names of their own; what it ignores becomes part of its rules.

    Args:
        grammar: the grammar. Its start becomes the rule `prefix + grammar.start`.
        prefix: of the names of rules.
    """

    def change(leaf: RuleExpression) -> RuleExpression:
        if isinstance(leaf, Reference):
            return Reference(prefix + leaf.name)
        return Sequence((leaf, blank)) if grammar.ignore else leaf

    blank = Repetition(Choice(grammar.ignore), 0, None)
    rules = {prefix + name: rewritten(body, change) for name, body in grammar.rules.items()}
    if grammar.ignore:  # a name that no rule has: only the start has them before it
        inner = prefix + grammar.start
        rules[inner + " "] = rules[inner]
        rules = {
            name: renamed(body, lambda to: to + " " if to == inner else to) for name, body in rules.items()
        }
        rules[inner] = Sequence((blank, Reference(inner + " ")))
    return rules

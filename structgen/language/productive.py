"""Productive rules: those that some text satisfies. Recursion may require a value inside itself without end."""

from __future__ import annotations

from structgen.grammar.rules import (
    Choice,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)

_QUICK = 100


def is_productive(start: RuleExpression, rules: dict[str, RuleExpression]) -> bool:
    """Returns True if any text is in a rule."""
    if not rules or _is_plainly_productive(start, rules, {}):
        return True
    users: dict[str, list[str]] = {}
    for name, rule in rules.items():
        for part in walk(rule):
            if isinstance(part, Reference):
                users.setdefault(part.name, []).append(name)
    productive: set[str] = set()
    todo = list(rules)
    while todo:
        name = todo.pop()
        if name not in productive and _is_productive(rules[name], productive):
            productive.add(name)
            todo += users.get(name, ())
    return _is_productive(start, productive)


def _is_plainly_productive(
    body: RuleExpression, rules: dict[str, RuleExpression], known: dict[str, bool]
) -> bool:
    """Returns True if any text is in a rule. False may also mean that it takes longer to see."""
    if isinstance(body, Terminal):
        return True
    if isinstance(body, Reference):
        if body.name not in known:
            known[body.name] = False
            if len(known) < _QUICK:
                known[body.name] = _is_plainly_productive(rules[body.name], rules, known)
        return known[body.name]
    if isinstance(body, Choice):
        return any(_is_plainly_productive(option, rules, known) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return _are_plainly_productive(body.parts, rules, known)
    return (
        body.min == 0 or _is_plainly_productive(body.part, rules, known)
        if isinstance(body, Repetition)
        else True
    )


def _are_plainly_productive(
    parts: tuple[RuleExpression, ...], rules: dict[str, RuleExpression], known: dict[str, bool]
) -> bool:
    for part in parts:  # of most objects: properties that may be missing, and punctuation
        may_be_missing = isinstance(part, Repetition) and part.min == 0
        if not (may_be_missing or _is_plainly_productive(part, rules, known)):
            return False
    return True


def _is_productive(body: RuleExpression, productive: set[str]) -> bool:
    if isinstance(body, Reference):
        return body.name in productive
    if isinstance(body, Choice):
        return any(_is_productive(option, productive) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return all(_is_productive(part, productive) for part in body.parts)
    return body.min == 0 or _is_productive(body.part, productive) if isinstance(body, Repetition) else True

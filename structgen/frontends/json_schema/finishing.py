"""Whether rules finish: recursion may ask for a value inside itself without end."""

from __future__ import annotations

from structgen.grammar.rules import (
    Choice,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    walk,
)

_QUICK = 100


def can_finish(start: RuleExpression, rules: dict[str, RuleExpression]) -> bool:
    """Whether any text is in a rule."""
    if not rules or _quickly(start, rules, {}):
        return True
    users: dict[str, list[str]] = {}
    for name, rule in rules.items():
        for part in walk(rule):
            if isinstance(part, Reference):
                users.setdefault(part.name, []).append(name)
    finite: set[str] = set()
    todo = list(rules)
    while todo:
        name = todo.pop()
        if name not in finite and _finishes(rules[name], finite):
            finite.add(name)
            todo += users.get(name, ())
    return _finishes(start, finite)


def _quickly(body: RuleExpression, rules: dict[str, RuleExpression], known: dict[str, bool]) -> bool:
    """Whether a rule finishes; False may just mean that the answer is not found so easily."""
    if isinstance(body, Reference):
        if body.name not in known:
            known[body.name] = False
            if len(known) < _QUICK:
                known[body.name] = _quickly(rules[body.name], rules, known)
        return known[body.name]
    if isinstance(body, Choice):
        return any(_quickly(option, rules, known) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return all(_quickly(part, rules, known) for part in body.parts)
    return body.min == 0 or _quickly(body.part, rules, known) if isinstance(body, Repetition) else True


def _finishes(body: RuleExpression, finite: set[str]) -> bool:
    if isinstance(body, Reference):
        return body.name in finite
    if isinstance(body, Choice):
        return any(_finishes(option, finite) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return all(_finishes(part, finite) for part in body.parts)
    return body.min == 0 or _finishes(body.part, finite) if isinstance(body, Repetition) else True

"""The search: from tokens to a tree, by the cheapest hypothesis.

A machine reads the tokens and builds a value. Where a token cannot come next, the machine forks: a bracket, comma or
colon may be missing before it, it may be surplus, it may stand for another. Each fork has a cost (costs.py), and all
hypotheses go on side by side until they reach the same state, where the cheaper one stays, or the end. The consequences
of a wrong one (properties that no schema declares there, indentation that contradicts it, more errors) cost too, so a
mistake may show itself later than its cause. At most `WIDTH` hypotheses are kept, so time is linear.

If two hypotheses are the cheapest, `Tree.rival` has the edits of the other: the text is ambiguous.

The schema (SchemaView) only adds costs; without one every property is as good as any other.
"""

from __future__ import annotations

from collections import deque

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import costs
from structgen.repairing.bracket_search.building import build
from structgen.repairing.bracket_search.hypothesis import (
    CLOSER_OF,
    IN_ROW,
    Event,
    Hypothesis,
    OpenBracket,
    shown,
)
from structgen.repairing.bracket_search.moves import pop
from structgen.repairing.bracket_search.source import Source
from structgen.repairing.bracket_search.steps import STEPS
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Token, Tree, same

WIDTH = 12
"""How many hypotheses go on side by side."""
FORKS = 6
"""How many changes may be made before one token."""
OTHERS = 4
"""How many trees that cost more are returned, for a schema to choose from."""

Ties = dict[int, tuple[Event, Event]]
"""By the id of the last event of a hypothesis: that event, and the last one of another that was as cheap there."""


def search(text: str, tokens: list[Token], view: SchemaView | None, *, nesting: int) -> Tree:
    """Returns the cheapest tree of some tokens.

    Args:
        text: the whole text.
        tokens: its tokens.
        view: what the schema says of the value.
        nesting: how deep brackets may nest.

    Raises:
        LimitExceeded: Brackets nest too deeply.
    """
    source = Source(text, tokens, view, nesting)
    hypotheses, ties = _through(source)
    for hypothesis in hypotheses:
        _finish(source, hypothesis)
    hypotheses.sort(key=lambda hypothesis: hypothesis.cost)
    trees = [build(hypothesis.events, hypothesis.cost) for hypothesis in hypotheses[: 1 + OTHERS]]
    chosen = next((n for n, tree in enumerate(trees) if tree.node is not None), 0)
    best, tree = hypotheses[chosen], trees[chosen]
    _compare(tree, trees[chosen + 1 :])
    if tree.rival is None and ties:
        _find_rival(best, tree, ties)
    return tree


def _through(source: Source) -> tuple[list[Hypothesis], Ties]:
    """Take all tokens: the hypotheses at their end, and where two were equally cheap."""
    hypotheses = [Hypothesis()]
    ties: Ties = {}
    costs_before: deque[float] = deque([0.0], maxlen=costs.WINDOW)
    for index in range(len(source.tokens)):
        hopeless = costs_before[0] + costs.HOPELESS
        if len(hypotheses) == 1:
            hypotheses = _step(source, hypotheses[0], index, hopeless)
        else:
            hypotheses = [after for before in hypotheses for after in _step(source, before, index, hopeless)]
        if len(hypotheses) > 1:
            hypotheses = _pruned(hypotheses, ties, hopeless)
        costs_before.append(hypotheses[0].cost)
    return hypotheses, ties


def _step(source: Source, hypothesis: Hypothesis, index: int, hopeless: float) -> list[Hypothesis]:
    """Returns the hypotheses after a token. `hopeless`: from this cost on only the cheapest one."""
    token = source.tokens[index]
    step = STEPS[token[0]]
    done: list[Hypothesis] = []
    waiting = [(hypothesis, 0)]
    limit = hypothesis.cost + costs.SLACK
    while waiting:
        current, forks = waiting.pop()
        if current.cost > limit or forks > FORKS:
            continue
        ways = step(source, current, token, index, done)
        if done and hypothesis.cost > hopeless:
            return [min(done, key=lambda one: one.cost)]
        waiting += [(other, forks + 1) for other in ways]
    if not done:  # nothing helps: go on as if the token were not there
        reason = "a token out of place"
        done.append(hypothesis.edit(costs.TOKEN_LOST, "text", token[1], token[2], "dropped", reason))
    return done


def _compare(tree: Tree, others: list[Tree]) -> None:
    """Note the other trees that are not the same, and the first that costs nearly as little."""
    for other in others:
        if other.node is None or same(tree.node, other.node):
            continue
        if tree.rival is None and other.cost < tree.cost + costs.TIE:
            tree.rival = other.edits
        tree.others.append(other)


def _pruned(hypotheses: list[Hypothesis], ties: Ties, hopeless: float) -> list[Hypothesis]:
    """Returns the cheapest hypotheses, one for each place and state."""
    hypotheses.sort(key=lambda hypothesis: hypothesis.cost)
    if hypotheses[0].cost > hopeless:
        return hypotheses[:1]
    limit = hypotheses[0].cost + costs.SLACK
    kept: dict[tuple[int, str], Hypothesis] = {}
    for hypothesis in hypotheses:
        if hypothesis.cost > limit or len(kept) >= WIDTH:
            break
        bracket = hypothesis.bracket
        key = (0 if bracket is None else bracket.sign, hypothesis.state)
        known = kept.setdefault(key, hypothesis)
        if known is not hypothesis and hypothesis.cost < known.cost + costs.TIE:
            _note_tie(known, hypothesis, ties)
    return list(kept.values())


def _note_tie(known: Hypothesis, other: Hypothesis, ties: Ties) -> None:
    if known.events is not None and other.events is not None and known.events is not other.events:
        ties[id(known.events)] = known.events, other.events


def _find_rival(best: Hypothesis, tree: Tree, ties: Ties) -> None:
    """Where the best hypothesis met another of the same cost on its way: what that one would have built."""
    later: list[Event] = []
    event = best.events
    while event is not None:
        tie = ties.get(id(event))
        if tie is not None:
            events = tie[1]
            for _, what, data in reversed(later):
                events = (events, what, data)
            rival = build(events, best.cost)
            if not same(tree.node, rival.node):
                tree.rival = rival.edits
                return
        later.append(event)
        event = event[0]


def _finish(source: Source, h: Hypothesis) -> None:
    """Close what is open at the end of the text."""
    if h.bracket is None:
        return
    kind, _, end, _ = source.tokens[-1]
    is_cut = kind not in "}]v"
    if h.state in ("colon", "member"):
        key = h.key
        assert key is not None
        reason = f"the text ends before the value of {shown(key)}"
        h.edit(costs.KEY_LOST_AT_END, "key", key[1], end, "dropped", reason)
    elif h.state in ("key", "item"):
        h.edit(0, "comma", end, end, "lossless", "the text ends after a comma")
    h.note("cut")
    cost = costs.CLOSED_AT_END if h.bracket.column == IN_ROW else costs.CLOSING_MISSING
    while h.bracket is not None:
        _close_at_end(h, h.bracket, end, cost, is_cut=is_cut)
        cost = costs.CLOSED_AT_END


def _close_at_end(h: Hypothesis, bracket: OpenBracket, end: int, cost: float, *, is_cut: bool) -> None:
    is_sure = is_cut or h.last != bracket.kind or h.inner < 2
    grade: Grade = "lossless" if is_sure else "guessed"
    reason = f'"{CLOSER_OF[bracket.kind]}" is missing at the end'
    h.edit(cost, "truncation" if is_cut else "bracket", end, end, grade, reason)
    pop(h)
    h.note("close", end)

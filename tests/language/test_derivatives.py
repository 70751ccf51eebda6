"""Derivatives in Python."""

from __future__ import annotations

from structgen.grammar.expressions import Concat, Literal, Repeat, Union, union
from structgen.language.derivatives import denotes_empty_text, derivative


def _nested(depth: int) -> Union | Concat:
    """(a|b(a|b(... )?)?)?: as many letters b as wanted, each inside the one before it."""
    inner: Union | Concat = Union((Literal("a"), Literal("c")))
    for _ in range(depth):
        inner = Concat((Literal("b"), Repeat(Union((Literal("a"), inner)), 0, 1)))
        hash(inner)  # kept by the expression; front ends look up each part as they make it
    return inner


def test_states_may_nest_deeply() -> None:
    state = union(Literal("x"), _nested(300), Concat((Literal("b"), Literal("z"))))
    for letter in "bbbb":
        state = derivative(state, letter)
    assert denotes_empty_text(state)
    assert denotes_empty_text(derivative(state, "a"))
    assert not denotes_empty_text(derivative(state, "z"))

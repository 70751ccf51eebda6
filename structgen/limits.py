"""Limits: every budget of the engine, with its default, its unit and the reason."""

from __future__ import annotations

from dataclasses import dataclass, fields

from structgen.options import Instance, Whole, check_option

_ALLOWED = Whole(0, (1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What compiling and masking may cost. Passing a limit raises `LimitExceeded`, which names it.

    Attributes:
        expressions: expressions that one compiled grammar may add to its vocabulary's store. A pattern whose
            automaton explodes meets this one first.
        states: parse states, lexer states and configurations of one compiled grammar, each.
        work: elementary steps (derivatives, trie nodes, items) of one call: a mask, an advance, a compilation.
            Most take 10 to 50 ns; where an automaton explodes they take more, and `milliseconds` is met first.
        row_bytes: memory of memoised masks of one compiled grammar, in bytes. When it is full the memo starts
            again; nothing is lost but time.
        nesting: depth of the parse stack.
        milliseconds: wall time of one call of the engine. It is checked now and then, so a call may run a
            little longer.
        grammar_size: symbols of a grammar after lowering.

    Raises:
        InvalidOptionError: A limit is no whole number from 0 to 2^63 - 1.
    """

    expressions: int = 2_000_000
    states: int = 1_000_000
    work: int = 200_000_000
    row_bytes: int = 256 * 1024 * 1024
    nesting: int = 100_000
    milliseconds: int = 10_000
    grammar_size: int = 20_000_000

    def __post_init__(self) -> None:
        for limit in fields(self):
            check_option(limit.name, getattr(self, limit.name), (_ALLOWED,))


LIMITS = (Instance(Limits), None)
"""The values of an option `limits`."""

"""The native engine of structgen. Use structgen.compile() instead."""

from collections.abc import Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


class Store:
    """
    What all grammars of a vocabulary share: trie, expressions, lexer states, walks.
    """

    def __init__(self, tokens: list[bytes | None], size: int) -> None: ...

    @property
    def size(self) -> int: ...

    @property
    def words(self) -> int: ...

    @property
    def bytes(self) -> int: ...

class RowTable:
    """The masks of a vocabulary, by id. Equal rows share one."""

    def __init__(self, store: Store) -> None: ...

    def __len__(self) -> int: ...

    @property
    def words(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def made(self) -> int: ...

    @property
    def epoch(self) -> int: ...

    def read(self, ids: Sequence[int]) -> Annotated[NDArray[numpy.int32], dict(shape=(None, None))]: ...

    def new_rows(self, made: int) -> tuple[list[int], Annotated[NDArray[numpy.int32], dict(shape=(None, None))], int]: ...

class Builder:
    """Makes expressions in a store; the numbers returned are theirs."""

    def __init__(self, store: Store, expressions: int, work: int, milliseconds: int) -> None: ...

    def literal(self, arg: bytes, /) -> int: ...

    def literals(self, arg: list[bytes], /) -> int: ...

    def charset(self, arg: Sequence[tuple[int, int]], /) -> int: ...

    def concat(self, arg: Sequence[int], /) -> int: ...

    def unite(self, arg: Sequence[int], /) -> int: ...

    def intersect(self, arg: Sequence[int], /) -> int: ...

    def negate(self, arg: int, /) -> int: ...

    def repeat(self, part: int, min: int, max: int | None) -> int: ...

    def divisible(self, modulus: int, remainder: int) -> int: ...

    def special(self, arg: int, /) -> int: ...

    def is_empty(self, arg: int, /) -> bool: ...

    def has_empty_text(self, arg: int, /) -> bool: ...

    def count(self, of: int, states: int) -> int:
        """
        How many texts there are, up to 2^24; -1 if it takes more states to find.
        """

    def shortest(self, arg: int, /) -> bytes:
        """A shortest text; empty if there is none."""

    def after(self, arg0: int, arg1: bytes, /) -> int:
        """The rest of the language after some bytes."""

    def first_bytes(self, arg: int, /) -> bytes:
        """The bytes that texts begin with."""

class CompiledGrammar:
    """A compiled grammar: rules over terminals, for one store."""

    def __init__(self, store: Store, nodes: Sequence[int], start: int, terminals: Sequence[int], priorities: Sequence[int], guards: Sequence[int], effects: Sequence[int], ignored: Sequence[int], end_tokens: Sequence[int], dynamic: bool, expressions: int, states: int, work: int, row_bytes: int, nesting: int, milliseconds: int) -> None: ...

    @property
    def initial(self) -> int: ...

    @property
    def has_unique_texts(self) -> bool: ...

    @property
    def store(self) -> Store: ...

    def try_advance(self, arg0: int, arg1: int, /) -> int: ...

    def try_read(self, arg0: int, arg1: bytes, /) -> tuple[int, int]:
        """
        The configuration after as many bytes of the text as can be read, and how many these are.
        """

    def can_stop(self, arg: int, /) -> bool: ...

    def is_finished(self, arg: int, /) -> bool: ...

    def successors(self, configuration: int) -> tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,))], Annotated[NDArray[numpy.int64], dict(shape=(None,))]]:
        """
        The allowed tokens of a configuration, and the configuration after each.
        """

    def fill(self, configuration: int, array: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')], row: int) -> bool:
        """Write the row of a configuration; False in a dead end."""

    def fill_within(self, configuration: int, budget: int, array: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')], row: int) -> bool: ...

    def row_id(self, configuration: int) -> int:
        """The id of the row of a configuration; -1 in a dead end."""

    def row_id_within(self, configuration: int, budget: int) -> int: ...

    def completion_tokens(self, arg: int, /) -> int: ...

    def completion(self, arg: int, /) -> tuple[bytes, list[int]] | None: ...

    def forced_tokens(self, arg0: int, arg1: int, /) -> list[int]: ...

    def live_terminals(self, arg: int, /) -> list[int]:
        """Terminals that are being read, or that may begin."""

    def next_bytes(self, arg: int, /) -> bytes:
        """The bytes that may come next."""

    def is_fresh(self, arg: int, /) -> bool:
        """Returns True if nothing is read of a terminal."""

    def stats(self) -> dict[str, int]: ...

class Matcher:
    """One sequence's position in a compiled grammar."""

    def __init__(self, grammar: CompiledGrammar) -> None: ...

    def advance(self, token_id: int) -> None: ...

    def try_advance(self, token_id: int) -> bool: ...

    def rollback(self, count: int) -> None: ...

    def bind(self, array: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')], row: int) -> None: ...

    def fill(self) -> None: ...

    def fill_bitmask(self, array: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')], row: int) -> None: ...

    def bitmask(self) -> object: ...

    def row_id(self) -> int: ...

    def copy_from(self, other: Matcher) -> None: ...

    @property
    def can_stop(self) -> bool: ...

    @property
    def is_finished(self) -> bool: ...

    @property
    def advanced(self) -> int: ...

    @property
    def configuration(self) -> int: ...

    @configuration.setter
    def configuration(self, arg: int, /) -> None: ...

def fill_all(matchers: Sequence[Matcher], array: Annotated[NDArray[numpy.int32], dict(shape=(None, None), device='cpu')], rows: Sequence[int]) -> int:
    """
    Fill a row of an array for each matcher; the place of the first one in a dead end, or -1.
    """

def advance_all(matchers: Sequence[Matcher], tokens: Sequence[int]) -> int:
    """
    Advance each matcher by its token; the place of the first one that may not, or -1. Those before it have.
    """

def accept_prefix(matcher: Matcher, tokens: Sequence[int]) -> int:
    """Advance by as many tokens as may come; their number."""

def apply_bitmask(logits: int, type: int, batch: int, width: int, stride: int, bitmask: int, bitmask_stride: int, rows: Sequence[int] | None = None, instructions: int = 0) -> None:
    """
    Sets forbidden logits to minus infinity. Takes addresses, and strides in elements; checks nothing.
    """

def copy_masked(source: int, target: int, type: int, batch: int, width: int, stride: int, bitmask: int, bitmask_stride: int, rows: Sequence[int], instructions: int = 0) -> list[bool]:
    """
    Copies rows of logits to contiguous rows; those in `rows`, ascending, are masked. Returns for each of these whether
    any token is allowed. Takes addresses, and strides in elements; checks nothing.
    """

def apply_instructions() -> list[str]:
    """What apply_bitmask() can use on this machine, the best first."""

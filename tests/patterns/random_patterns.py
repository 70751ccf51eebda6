"""Random regular expressions, out of the atoms and groups of a dialect."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

QUANTIFIERS = ["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{3,}", "*?", "+?", "??"]


def patterns(atoms: Sequence[str], groups: Sequence[str]) -> st.SearchStrategy[str]:
    """Sequences, alternatives, repetitions and groups of atoms; `groups` are what stands after "("."""

    def larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        some = st.lists(smaller, min_size=2, max_size=3)
        return st.one_of(
            some.map("".join),
            some.map(lambda parts: f"(?:{'|'.join(parts)})"),
            st.tuples(smaller, st.sampled_from(QUANTIFIERS)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
            st.tuples(st.sampled_from(groups), smaller).map(lambda pair: f"({pair[0]}{pair[1]})"),
        )

    return st.recursive(st.sampled_from(atoms), larger, max_leaves=8)

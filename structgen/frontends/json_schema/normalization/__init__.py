"""Normalization: combinators become alternatives of shapes.

In reading order:

    emptiness.py    whether shapes contradict each other
    products.py     alternatives that must hold together
    disjoint.py     branches that plainly exclude each other
    interface.py    what the meaning of a combinator is written with
    combine.py      where each combinator holds
    complements.py  where it does not, and what a shape does not allow
    unevaluated.py  `unevaluatedProperties`, `unevaluatedItems`
    tallies.py      alternatives that are left open
    normalizer.py   alternatives and complements of schemas
    membership.py   whether a value satisfies a schema
"""

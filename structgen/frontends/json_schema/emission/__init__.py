"""Emission: shapes become rules of a grammar.

In reading order:

    rules.py              rules while a grammar is made
    interface.py          what the modules of the types call for what is inside a value
    bounds.py             the tightest of several bounds
    listed.py             the values of `enum` and `const` that the other keywords leave
    literals.py           their rules
    strings.py            strings
    numbers.py            numbers
    sequences.py          items of which an automaton says what may come next
    property_counter.py   properties that are counted
    regions.py            names that are not declared
    objects.py            objects
    distinct_scalars.py   scalars that must differ
    cardinality.py        how many values schemas have at least
    item_search.py        items that must exist
    unique_items.py       items that must differ
    arrays.py             arrays
    formulas.py           how many of which schemas hold
    canonical.py          schemas that say the same
    formula_automaton.py  an automaton that decides formulas
    deferred.py           objects and arrays of which it is open which schemas hold
    emitter.py            schemas become rules: who makes which
"""

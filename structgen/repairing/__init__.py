"""Repair: what a damaged text was meant to say, guided by a constraint, and what had to be changed.

In reading order:

    edits.py          the result: value, edits, grades
    pipeline.py       repair()
    json/             the values that a text may hold, each as a tree; tree.py
    bracket_search/   from tokens to a tree, by the cheapest hypothesis
    costs.py          every weight, with its reason
    fit.py            from trees to values; scalars.py: words and numbers
    yaml/             YAML: strictly, or line by line; yaml_strict.py
    stream.py         the same for a text that is still coming

The folder is not called `repair`, which is the name of the function.
"""

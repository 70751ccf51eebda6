"""Repair: what a damaged text was meant to say, guided by a constraint, and what had to be changed.

In reading order:

    edits.py          the result: value, edits, grades
    pipeline.py       repair()
    json/             the values that a text may hold, each as a tree; tree.py
    bracket_search/   from tokens to a tree, by the cheapest hypothesis
    costs.py          every weight, with its reason
    attempts.py       the ordered table of attempts to read a text
    coerce.py         from trees to values, with a schema; plain_values.py: without; scalars.py: words and numbers
    yaml/             YAML: strictly, or line by line
    stream.py         the same for a text that is still coming

The folder is not called `repair`, which is the name of the function.
"""

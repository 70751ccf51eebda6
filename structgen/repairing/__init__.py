"""Repair: what a damaged text was meant to say, guided by a constraint, and what had to be changed.

In reading order:

    edits.py          what comes out: values, edits, grades
    pipeline.py       the function that others call
    unwrap.py         where in a text a payload may stand
    json_reading.py   candidates of a text, each as a tree
    fast.py           what is well formed but for local damage, by the native reader (native/)
    lexer.py          text to tokens, whatever it says; tokens.py, strings.py, words.py, patterns.py
    structure.py      tokens to a tree, by the cheapest reading; readings.py, evidence.py, tree.py
    guide.py          what a schema asks for at one place
    fit.py            trees to values; scalars.py: words and numbers
    yaml_reading.py   YAML: strictly, or by yaml_lines.py with yaml_values.py and yaml_levels.py
    stream.py         the same for a text that is still coming

The folder is not called `repair`, which is the name of the function.
"""

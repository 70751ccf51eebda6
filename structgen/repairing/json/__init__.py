"""Reading damaged JSON. candidates.py is the entry.

patterns.py        regular expressions of the tolerant lexer
native_reader.py   what is well formed but for local damage, by the native unit (../native)
state.py           the state of the lexer: text, position, tokens, edits, and what comes next
escapes.py         what the body of a string spells
strings.py         quotes: where a string ends
words.py           names, values and numbers without quotes
lexer.py           from text to tokens, whatever it says
regions.py         where in a text a payload may stand: fences, prose
candidates.py      the values that a text may hold, each as a tree
"""

"""What is done with expressions and grammars, without an engine: nothing here knows tokens.

derivatives.py    Brzozowski's derivatives over classes of characters; what an expression can go on with
counting.py       how many texts an expression has
lengths.py        how short the texts of a grammar can be
productive.py     whether any text is in a rule
sampling.py       random texts of a grammar
storing.py        a grammar as data that JSON can hold, and back
"""

"""What is done with expressions and grammars, without an engine: nothing here knows tokens.

    derivatives.py    Brzozowski's derivatives over classes of characters
    counting.py       how many texts an expression has
    lengths.py        how short the texts of a grammar can be
    productive.py     whether any text is in a rule
    sampling.py       random texts of a grammar
    storing.py        a grammar as data that JSON can hold, and back
    renaming.py       the rules of a grammar under other names, within another grammar
    facts.py          which terminals begin a grammar, end it, and follow each other
    parts.py          the tree of a composition
    junctions.py      where parts meet: which lexer reads them as each is read alone
    compose.py        the grammar of a composition

The front ends make grammars; `engine.lowering` gives them to the engine.
"""

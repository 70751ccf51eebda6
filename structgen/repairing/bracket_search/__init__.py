"""From tokens to a tree, whatever brackets, commas and colons are missing or surplus. search.py is the entry.

source.py       the tokens and their layout
hypothesis.py   one way to understand the tokens so far
moves.py        changes of a hypothesis: a missing bracket, a surplus one, a key without a value
misplaced.py    what names and indentation say against the place of a key
steps.py        how each kind of token extends a hypothesis; brackets.py: opening and closing brackets
building.py     from the events of the best hypothesis to a tree
search.py       the search: all hypotheses side by side, the cheapest wins
"""

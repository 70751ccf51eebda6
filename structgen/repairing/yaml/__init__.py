"""Reading YAML, valid or damaged. reading.py is the entry.

reading.py     strictly where that can be believed, else line by line
hidden.py      what the strict parser takes for a comment or an anchor, and may be text
lines.py       line by line: properties, items, and lines that go on with a text
keys.py        which lines begin with a key
values.py      what follows a key or a dash; blocks.py: quoted texts, blocks and flow collections over lines
placing.py     the level to which a line belongs
levels.py      the open mappings and sequences
state.py       the state of reading line by line: text, lines, levels, edits
scalars.py     patterns and escapes
"""

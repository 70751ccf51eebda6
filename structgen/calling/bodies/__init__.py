"""Bodies: how a name and its arguments are written. Each has the rules, the reader and the writer of a call.

json_object   {"name": "f", "arguments": {...}}
header        a name in a header, then the arguments as JSON
tagged        each argument between two literals
pythonic      f(a="x", n=1)
bare          call:f{a:<quote>x<quote>,n:1}
"""

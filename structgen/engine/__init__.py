"""The native engine: vocabulary trie, lazy automata, parser, masks. Knows only bytes, rules, tokens and bits.

`src/` holds the C++, in reading order: byte_set.h, intern.h, meter.h, trie, expression, lexer, walk, parser, store.h,
matcher, completion, apply, bindings. `expressions` and `lowering` are the only Python that knows the native layout.
"""

from structgen.engine._native import CompiledGrammar, Matcher, Store
from structgen.engine.expressions import Expressions
from structgen.engine.lowering import LoweredGrammar, lower

__all__ = ["CompiledGrammar", "Expressions", "LoweredGrammar", "Matcher", "Store", "lower"]

"""The native engine: vocabulary trie, lazy automata, parser, masks. Knows only bytes, rules, tokens and bits.

`src/` holds the C++. A unit includes only units above it in this list, which is also an order to read them in:

- byte_set, intern, meter, utf8: sets of bytes, interning, limits
- trie, token_set, row_table: the vocabulary, sets of tokens, finished masks by id
- expression, derivative, expression_search, expression_count, expression_facts: regular languages
- lexer, residual, subtrees, counted, compare, walk, walk_search, walks: what tokens do to a lexer state
- parser, layout: what may still come
- store, terminals, places, configurations: where a text is, and what follows
- values, text_set, rope, item_scopes, uniqueness_state, position: what is remembered of texts that must be unique
- effects, unique_reader, distinct_items, forbidden_tokens, token_programs, uniqueness, positions: what that changes
- masks: which tokens may come next
- new_texts, witness, position_search, completions: how a text can be finished
- destinations, finishable_tokens, budget: which tokens leave enough of a budget
- compiled_grammar, matcher: what users hold; apply: masks onto logits; *_bindings: all of it for Python

`expressions` and `lowering` are the only Python that knows the native layout.
"""

from structgen.engine._native import CompiledGrammar, Matcher, RowTable, Store
from structgen.engine.expressions import Expressions
from structgen.engine.lowering import LoweredGrammar, lower

__all__ = ["CompiledGrammar", "Expressions", "LoweredGrammar", "Matcher", "RowTable", "Store", "lower"]

"""The entry point of group `sglang.srt.plugins`: makes structgen a backend that SGLang can be started with.

    python -m sglang.launch_server --model-path MODEL --grammar-backend structgen

SGLang has a registry for backends, so nothing of it is replaced. The adapter was written for the source of SGLang
0.5.23. If a signature that it relies on is another one, it registers nothing and logs why; `structgen` is then a
backend that SGLang does not know.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from structgen.servers.signatures import find_mismatch

NAME = "structgen"

_BASE = "sglang.srt.constrained.base_grammar_backend"
_SIGNATURES: dict[tuple[str, str], tuple[str, ...]] = {
    (_BASE, "register_grammar_backend"): ("name", "init_func"),
    (_BASE, "InvalidGrammarObject"): ("error_message",),
    (_BASE, "BaseGrammarBackend.dispatch_json"): ("self", "key_string"),
    (_BASE, "BaseGrammarBackend.dispatch_regex"): ("self", "key_string"),
    (_BASE, "BaseGrammarBackend.dispatch_ebnf"): ("self", "key_string"),
    (_BASE, "BaseGrammarBackend.dispatch_structural_tag"): ("self", "key_string"),
    (_BASE, "BaseGrammarBackend.set_cache"): ("self", "key", "value"),
    (_BASE, "BaseGrammarObject.accept_token"): ("self", "token"),
    (_BASE, "BaseGrammarObject.rollback"): ("self", "k"),
    (_BASE, "BaseGrammarObject.allocate_vocab_mask"): ("self", "vocab_size", "batch_size", "device"),
    (_BASE, "BaseGrammarObject.fill_vocab_mask"): ("self", "vocab_mask", "idx"),
    (_BASE, "BaseGrammarObject.reset_vocab_mask"): ("vocab_mask",),
    (_BASE, "BaseGrammarObject.move_vocab_mask"): ("vocab_mask", "device"),
    (_BASE, "BaseGrammarObject.apply_vocab_mask"): ("logits", "vocab_mask"),
    (_BASE, "BaseGrammarObject.copy"): ("self",),
}
_log = logging.getLogger("sglang.structgen")


def register() -> None:
    """Register structgen as a grammar backend of this SGLang, or log why not. May run several times."""
    try:
        reason = find_mismatch(_SIGNATURES)
        if reason is None:
            _register()
    except Exception as error:  # a plugin must not stop a server that does not use it
        reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        _log.warning("structgen cannot be a grammar backend of this SGLang: %s.", reason)


def _register() -> None:
    choices: Any = import_module("sglang.srt.arg_groups.choices")
    if NAME not in choices.GRAMMAR_BACKEND_CHOICES:
        choices.add_grammar_backend_choices([NAME])
    import_module(_BASE).register_grammar_backend(NAME, _make)


def _make(server_args: Any, tokenizer: Any, vocab_size: int, eos_token_ids: Any) -> Any:
    from structgen.servers.sglang.backend import make_backend

    return make_backend(tokenizer, vocab_size, eos_token_ids)

"""The adapter of SGLang, against a stand-in for its base classes with the signatures of version 0.5.23."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pytest

import structgen

torch = pytest.importorskip("torch")
tokenizers = pytest.importorskip("tokenizers")

from servers import sglang_stub  # noqa: E402

from structgen.servers.sglang import plugin  # noqa: E402

SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A byte-level tokenizer with one token a byte, and an end token."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({letter: at for at, letter in enumerate(alphabet)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(["<end>"])
    return made


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    yield sglang_stub.install(monkeypatch)
    sys.modules.pop("structgen.servers.sglang.backend", None)


@pytest.fixture
def backend(served: SimpleNamespace, tokenizer: Any) -> Any:
    plugin.register()
    end = tokenizer.token_to_id("<end>")
    return served.registry["structgen"](None, tokenizer, tokenizer.get_vocab_size(), {end})


def ready(backend: Any, kind: str, text: str) -> Any:
    found, hit = backend.get_cached_or_future_value((kind, text), False)
    assert not hit
    return found.result(60)


def write(grammar: Any, tokenizer: Any, text: str) -> None:
    """Write a text and its end, each token allowed by the mask that was applied to the logits."""
    size = tokenizer.get_vocab_size()
    mask = grammar.allocate_vocab_mask(size, 2, "cpu")
    for token in [*tokenizer.encode(text).ids, tokenizer.token_to_id("<end>")]:
        assert not grammar.is_terminated()
        grammar.reset_vocab_mask(mask)
        grammar.fill_vocab_mask(mask, 1)
        logits = torch.zeros(2, size)
        grammar.apply_vocab_mask(logits, grammar.move_vocab_mask(mask, "cpu"))
        assert not logits[0].isinf().any()
        assert logits[1].isinf().any()
        assert logits[1, token] == 0
        grammar.accept_token(token)
    assert grammar.is_terminated()


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        ("json", json.dumps(SCHEMA), '{"a": true}'),
        ("json", "$$ANY$$", "[1]"),
        ("regex", "[ab]{2}c", "abc"),
        ("ebnf", 'root ::= "yes" | "no"', "no"),
        ("ebnf", 'start: "x" "y"?', "xy"),
        ("ebnf", structgen.choice(["p", "q"]).to_json(), "q"),
        (
            "structural_tag",
            json.dumps(
                {"structures": [{"begin": "<f>", "schema": SCHEMA, "end": "</f>"}], "triggers": ["<f>"]}
            ),
            'so <f>{"a": false}</f>',
        ),
    ],
)
def test_requests(backend: Any, tokenizer: Any, kind: str, text: str, answer: str) -> None:
    grammar = ready(backend, kind, text)
    write(grammar, tokenizer, answer)
    assert grammar.grammar_stats.dispatch_type is not None
    fresh = grammar.copy()
    assert fresh.grammar_stats.tree_traversal_time is not grammar.grammar_stats.tree_traversal_time
    assert fresh.grammar_stats.is_cache_hit
    write(fresh, tokenizer, answer)


def test_a_request_that_comes_again_is_found(backend: Any, tokenizer: Any) -> None:
    key = "regex", "a+"
    backend.set_cache(key, ready(backend, *key))
    found, hit = backend.get_cached_or_future_value(key, False)
    assert hit
    write(found, tokenizer, "aa")


def test_only_the_last_requests_are_kept(backend: Any) -> None:
    grammar = ready(backend, "regex", "a")
    for number in range(1000):
        backend.set_cache(("regex", str(number)), grammar)
    assert len(backend.cache) < 500
    assert ("regex", "999") in backend.cache
    assert ("regex", "0") not in backend.cache


def test_refused_tokens_and_rollback(backend: Any, tokenizer: Any) -> None:
    grammar = ready(backend, "regex", "abc")
    a, b, c, end = (tokenizer.token_to_id(token) for token in ("a", "b", "c", "<end>"))
    grammar.accept_token(a)
    with pytest.raises(ValueError, match=f"token {c} is not allowed"):
        grammar.accept_token(c)
    for token in (b, c, end, a, a):  # what comes after the end changes nothing
        grammar.accept_token(token)
    assert grammar.is_terminated()
    assert grammar.current_token == a
    grammar.rollback(5)
    assert not grammar.is_terminated()
    for token in (b, c, end):
        grammar.accept_token(token)
    assert grammar.is_terminated()


@pytest.mark.parametrize(
    ("kind", "text", "part"),
    [
        ("json", '{"type": "objekt"}', "#/type"),
        ("regex", "(a", "regex"),
        ("ebnf", "no such grammar", "neither"),
        ("structural_tag", "[]", "structural tag"),
    ],
)
def test_what_cannot_be_enforced_says_why(backend: Any, kind: str, text: str, part: str) -> None:
    found = ready(backend, kind, text)
    assert isinstance(found, sglang_stub.InvalidGrammarObject)
    assert part in found.error_message


def test_grammars_begin_after_a_reasoning(served: SimpleNamespace, tokenizer: Any) -> None:
    served.serving.reasoning_parser = "qwen3"
    plugin.register()
    found = served.registry["structgen"](None, tokenizer, tokenizer.get_vocab_size(), None)
    assert isinstance(found, sglang_stub.ReasonerGrammarBackend)
    assert found.reasoning_parser.model_type == "qwen3"
    assert ready(found.grammar_backend, "regex", "a") is not None


def test_registers_once(served: SimpleNamespace) -> None:
    plugin.register()
    plugin.register()
    assert served.choices == ["xgrammar", "outlines", "llguidance", "none", "structgen"]
    assert list(served.registry) == ["structgen"]


def test_another_signature_is_a_warning(
    served: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sglang_stub.BaseGrammarObject, "rollback", lambda self, count: None)
    with caplog.at_level(logging.WARNING, logger="sglang.structgen"):
        plugin.register()
    assert "rollback takes (self, count), not (self, k)" in caplog.text
    assert served.registry == {}
    assert "structgen" not in served.choices


def test_the_entry_point() -> None:
    try:
        points = metadata.distribution("structgen-decoding").entry_points
    except metadata.PackageNotFoundError:
        pytest.skip("structgen is not installed as a package")
    found = [point for point in points if point.group == "sglang.srt.plugins"]
    if not found:
        pytest.skip("structgen was installed before it had the entry point")
    assert found[0].load() is plugin.register

"""A real model at a high temperature: whatever it does, what ended is valid. Judged by other people's libraries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import jsonschema
import pytest
import torch
from lark import Lark
from lark.exceptions import LarkError

import structgen
from structgen.cli import DEMO

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

NEW_TOKENS = 56


def matches_schema(schema: Any, text: str) -> bool:
    try:
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def matches_grammar(grammar: str, text: str) -> bool:
    try:
        Lark(grammar).parse(text)
    except LarkError:
        return False
    return True


SCHEMAS: dict[str, Any] = {
    "a person": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
        "required": ["name", "born"],
        "additionalProperties": False,
    },
    "a list of names": {
        "type": "array",
        "items": {"type": "string", "minLength": 2, "maxLength": 9},
        "maxItems": 4,
    },
    "a number in a range": {"type": "number", "minimum": -3.5, "exclusiveMaximum": 120},
    "an open object": {
        "type": "object",
        "properties": {"kind": {"enum": ["poem", "song", 3, None]}},
        "required": ["kind"],
        "additionalProperties": {"type": ["boolean", "integer"]},
    },
    "a tree": {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}},
                "required": ["value"],
                "additionalProperties": False,
            }
        },
        "$ref": "#/$defs/node",
    },
    "a pair": {
        "type": "array",
        "prefixItems": [{"type": "string", "pattern": "^[a-z]{1,6}$"}, {"type": "boolean"}],
        "items": False,
        "minItems": 2,
    },
    "one of two": {
        "anyOf": [
            {"type": "object", "properties": {"ok": {"const": True}}, "required": ["ok"]},
            {"type": "string", "maxLength": 20},
        ]
    },
    "any JSON": True,
}
PATTERNS = {
    "a date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    "an address": r"[a-z0-9._]{1,12}@[a-z]{2,10}\.(org|com|net)",
    "words": r"(\w+ ){3,5}\w+[.!?]",
    "anything but quotes": r'[^"]{0,40}',
    "a hexadecimal number": r"(?i:0x[0-9a-f]{2,8})",
    "alternatives of unequal size": r"(yes|no|perhaps, (but|and) .{5,20})",
}
GRAMMARS = {
    "sums": 'start: sum\nsum: product (("+" | "-") product)*\nproduct: /[0-9]{1,3}/ | "(" sum ")"\n',
    "assignments": (
        'start: (NAME "=" value ";")+\nvalue: NAME | NUMBER | "[" [value ("," value)*] "]"\n'
        'NAME: /[a-z]{1,5}/\nNUMBER: /[0-9]+/\n%ignore " "\n'
    ),
    "brackets": 'start: pair+\npair: "(" start? ")" | "[" start? "]"\n',
    "a query": (
        'start: "SELECT " columns " FROM " NAME [" WHERE " NAME OPERATOR NUMBER]\n'
        'columns: "*" | NAME (", " NAME)*\nNAME: /[a-z]{1,8}/\nOPERATOR: "<" | ">" | "<=" | ">="\nNUMBER: /[0-9]+/\n'
    ),
}
CHOICES = [["Ayr", "Alloway", "Alloway, Ayrshire"], ["positive", "negative", "neutral", "naïve 😀"]]

Judge = Callable[[str], bool]


def cases() -> list[tuple[str, structgen.Constraint, Judge]]:
    found: list[tuple[str, structgen.Constraint, Judge]] = []
    for name, schema in SCHEMAS.items():
        found.append((name, structgen.json_schema(schema), partial(matches_schema, schema)))
    for name, pattern in PATTERNS.items():
        found.append((name, structgen.regex(pattern), lambda text, p=pattern: bool(re.fullmatch(p, text))))
    for name, grammar in GRAMMARS.items():
        found.append((name, structgen.lark(grammar), partial(matches_grammar, grammar)))
    for options in CHOICES:
        found.append(("one of " + ", ".join(options), structgen.choice(options), options.__contains__))
    return found


@pytest.mark.parametrize("part", range(4))
def test_two_hundred_wild_generations_are_valid(smollm2: tuple[Any, Any], part: int) -> None:
    """Twenty constraints, ten samples of each at temperature 1.5, five constraints to a batch."""
    model, tokenizer = smollm2
    torch.manual_seed(part)
    chosen = cases()[part::4]
    assert len(chosen) == 5
    tokenizer.padding_side = "left"
    inputs = tokenizer(
        [f"An example of {name}: " for name, _, _ in chosen], return_tensors="pt", padding=True
    )
    processor = structgen.LogitsProcessor(
        [constraint for _, constraint, _ in chosen], tokenizer, max_new_tokens=NEW_TOKENS
    )
    rows = model.generate(
        **inputs,
        max_new_tokens=NEW_TOKENS,
        do_sample=True,
        temperature=1.5,
        num_return_sequences=10,
        logits_processor=[processor],
    )
    answers = rows[:, inputs["input_ids"].shape[1] :]
    texts = tokenizer.batch_decode(answers, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert len(texts) == 50
    for row, (answer, text) in enumerate(zip(answers, texts, strict=True)):
        name, constraint, is_valid = chosen[row // 10]
        assert tokenizer.eos_token_id in answer.tolist(), f"{name}: {text!r} was cut"
        assert is_valid(text), f"{name}: {text!r}"
        assert constraint.is_valid(text), f"{name}: {text!r}"


@pytest.mark.parametrize(("title", "prompt", "constraint_of"), DEMO, ids=[part[0] for part in DEMO])
def test_the_demo_is_valid_with_a_constraint(
    smollm2: tuple[Any, Any], title: str, prompt: str, constraint_of: Callable[[], structgen.Constraint]
) -> None:
    generation = structgen.generate(*smollm2, prompt, constraint_of(), max_new_tokens=64)
    assert generation.finish_reason == "stop", title
    assert constraint_of().is_valid(generation.text)


def test_the_demo_fails_without_a_constraint(smollm2: tuple[Any, Any]) -> None:
    """The first part asks for an integer, and gets `25 January 1759`."""
    _, prompt, constraint_of = DEMO[0]
    free = structgen.generate(*smollm2, prompt, None, max_new_tokens=64)
    assert not constraint_of().is_valid(free.text)


def test_the_vocabulary_of_the_gguf_file_is_that_of_a_byte_level_tokenizer(smollm2: tuple[Any, Any]) -> None:
    model, tokenizer = smollm2
    vocabulary = structgen.Vocabulary.from_tokenizer(tokenizer, eos_token_ids=model.generation_config)
    assert len(vocabulary) == model.config.vocab_size == 49152
    assert vocabulary.eos_token_ids == {tokenizer.convert_tokens_to_ids("<|im_end|>")}
    assert vocabulary.special_tokens["<|im_start|>"] == tokenizer.bos_token_id
    text = "Äpfel,\n\t12 345 € 😀"
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert b"".join(vocabulary[token] for token in ids).decode() == text
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False
    )
    assert chat.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")

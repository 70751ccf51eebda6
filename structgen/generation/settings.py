"""What `model.generate()` is called with: the prompt as tokens, end tokens, how to decode, the random state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
import transformers

from structgen.errors import BudgetTooSmall, InvalidOptionError
from structgen.matcher import CompiledGrammar
from structgen.vocabulary import Vocabulary

Prompt: TypeAlias = "str | Sequence[Mapping[str, Any]]"


def encode_prompt(
    tokenizer: Any, prompt: Prompt, chat: bool | None, tools: list[dict[str, Any]] | None = None
) -> transformers.BatchEncoding:
    """The prompt as one row of `input_ids` and its `attention_mask`; the chat template shows the tools.

    Raises:
        InvalidOptionError: It has no tokens.
    """
    if chat is None:
        chat = not isinstance(prompt, str) or bool(getattr(tokenizer, "chat_template", None))
    if isinstance(prompt, str) and not chat:
        found = tokenizer(prompt, return_tensors="pt")
    else:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        found = tokenizer.apply_chat_template(
            messages,
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
            **({} if tools is None else {"tools": tools}),
        )
    # Some tokenizers add token_type_ids, which few models know.
    found.data = {name: found.data[name] for name in ("input_ids", "attention_mask")}
    if found.data["input_ids"].shape[1] == 0:
        raise InvalidOptionError("prompt", prompt, "has no tokens, and a model needs one to go on from")
    return found  # type: ignore[no-any-return]


def check_budget(grammar: CompiledGrammar, max_new_tokens: int) -> None:
    """See that the shortest text fits.

    Raises:
        BudgetTooSmall: It does not.
    """
    needed = grammar.completion_tokens(grammar.initial)
    if needed > max_new_tokens:
        raise BudgetTooSmall(max_new_tokens, needed)


def end_settings(vocabulary: Vocabulary, tokenizer: Any) -> dict[str, Any]:
    """Settings that say which tokens end a text, and which one follows its end."""
    ends = sorted(vocabulary.eos_token_ids)
    pad = (ends or [0])[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    return {"eos_token_id": ends or None, "pad_token_id": pad}


def decoding_settings(temperature: float) -> dict[str, Any]:
    """Settings that say all that matters, so that none comes from the model's generation config unseen."""
    if temperature == 0:
        return {"do_sample": False, "temperature": None, "top_k": None, "top_p": None, "min_p": None}
    return {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0, "min_p": None}


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Inside, torch draws what the seed says; afterwards its random state is as it was. None: as it is."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def end_tokens(model: Any, more: int | Iterable[int] | None) -> list[int]:
    """The end tokens of the generation config, and more."""
    found: list[int] = []
    for ids in (model.generation_config.eos_token_id, more):
        if ids is not None:
            found.extend([ids] if isinstance(ids, int) else ids)
    return found


def until_end(tokens: list[int], vocabulary: Vocabulary) -> tuple[int, ...]:
    """The tokens up to the first end token, which is kept; what follows is padding."""
    end = next((i for i, token in enumerate(tokens) if token in vocabulary.eos_token_ids), len(tokens))
    return tuple(tokens[: end + 1])

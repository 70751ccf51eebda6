"""classify(): the exact probability of each label, as a whole text.

Not that of its first token (" Scot" of "Scotland" and "Scottish" would be one), and not what sampling happens to give.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal, get_args

import torch

from structgen.generation.models import load_model
from structgen.generation.prompt_cache import cache_of, going_on_from
from structgen.generation.settings import Prompt, encode_prompt, end_tokens
from structgen.options import Whole, check_flags, check_option
from structgen.vocabulary import Vocabulary

Spelling = Literal["canonical", "all"]
Normalization = Literal["sum", "mean"]

MAX_SPELLINGS = 4096


def classify(
    model: Any,
    tokenizer: Any,
    prompt: Prompt,
    labels: Sequence[str],
    *,
    tokenizations: Spelling = "canonical",
    ends: bool = True,
    normalize: Normalization = "sum",
    chat: bool | None = None,
    batch_size: int = 16,
) -> dict[str, float]:
    """How probable each label is as the answer to a prompt, given that it is one of them.

    Args:
        model: a causal model of transformers, or a name for `load_model`.
        tokenizer: of the model; None if the model is a name.
        prompt: a text, or chat messages.
        labels: the possible answers, at least one, no two alike, none empty.
        tokenizations: "canonical": of a label, the tokens that the tokenizer makes of it. "all": the sum over all
            sequences of tokens whose bytes are the label: the probability of the text itself, at the cost of more
            rows. Models put nearly all on the canonical one.
        ends: whether the answer ends with the label: its probability counts the end token. False: that the answer
            begins with the label; then a label that begins another one has that one's share as well.
        normalize: "sum": of the log-probabilities, the probability of the label as it is: longer labels are less
            probable, and that is what the model says. "mean": per token, for labels whose length should not matter;
            no longer a probability of the model's, and only with canonical tokens.
        chat: whether a text is written into the chat template; None: if there is one.
        batch_size: rows that go through the model at once.

    Returns:
        Label to probability; they add up to 1.

    Raises:
        ValueError: Labels are missing, empty or repeated, or one has no tokenization, or more than 4096.

    The prompt is read once, and all labels go on from there.
    """
    check_option("chat", chat, (True, False, None))
    check_option("batch_size", batch_size, (Whole(1),))
    check_flags(ends=ends)
    _check_labels(labels, tokenizations, normalize)
    if isinstance(model, str):
        model, tokenizer = load_model(model)
    vocabulary = Vocabulary.from_tokenizer(
        tokenizer,
        size=model.config.get_text_config().vocab_size,
        eos_token_ids=end_tokens(model, None),
    )
    end = _ends(vocabulary) if ends else []
    spelled = {label: _spellings(label, tokenizer, vocabulary, tokenizations) for label in labels}
    _check_spelled(spelled)
    rows = [row for spellings in spelled.values() for row in spellings]
    scores = iter(_logprobs(model, encode_prompt(tokenizer, prompt, chat), rows, end, batch_size))
    totals = {}
    for label, spellings in spelled.items():
        lengths = [len(row) + ends if normalize == "mean" else 1 for row in spellings]
        totals[label] = reduce(_add, [next(scores) / length for length in lengths])
    return _probabilities(totals)


def _ends(vocabulary: Vocabulary) -> list[int]:
    if not vocabulary.eos_token_ids:
        raise ValueError("the tokenizer has no end token: pass ends=False")
    return sorted(vocabulary.eos_token_ids)


def _check_labels(labels: Sequence[str], tokenizations: Spelling, normalize: Normalization) -> None:
    check_option("tokenizations", tokenizations, get_args(Spelling))
    check_option("normalize", normalize, get_args(Normalization))
    if not labels or len(set(labels)) < len(labels) or not all(labels):
        raise ValueError(f"labels = {list(labels)!r}: give at least one, none of them empty or twice")
    if normalize == "mean" and tokenizations == "all":
        raise ValueError(
            "normalize='mean' goes with canonical tokens only: a sum over tokenizations has no length"
        )


def _check_spelled(spelled: dict[str, list[tuple[int, ...]]]) -> None:
    unspelled = [label for label, spellings in spelled.items() if not spellings]
    if unspelled:
        raise ValueError(f"no tokens of this vocabulary spell {', '.join(map(repr, unspelled))}")


def _probabilities(logprobs: dict[str, float]) -> dict[str, float]:
    """Log-probabilities as probabilities that add up to 1."""
    highest = max(logprobs.values())
    weights = {label: math.exp(logprob - highest) for label, logprob in logprobs.items()}
    total = sum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


def _add(first: float, second: float) -> float:
    """log(exp(first) + exp(second))."""
    low, high = sorted((first, second))
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def _spellings(label: str, tokenizer: Any, vocabulary: Vocabulary, which: Spelling) -> list[tuple[int, ...]]:
    """The tokens of a label: those that the tokenizer makes of it, or all whose bytes it is."""
    if which == "canonical":
        return [tuple(tokenizer(label, add_special_tokens=False)["input_ids"])]
    data = label.encode()
    by_bytes = _tokens_within(data, vocabulary)
    # From the end: the spellings of each rest, by the token that it begins with.
    rests: list[list[tuple[int, ...]]] = [[] for _ in data] + [[()]]
    for start in range(len(data) - 1, -1, -1):
        for stop in range(start + 1, len(data) + 1):
            for token in by_bytes.get(data[start:stop], ()):
                rests[start] += [(token, *rest) for rest in rests[stop]]
            if len(rests[start]) > MAX_SPELLINGS:
                raise ValueError(
                    f"the label {label!r} has more than {MAX_SPELLINGS} tokenizations: "
                    f"pass tokenizations='canonical'"
                )
    return rests[0]


def _tokens_within(data: bytes, vocabulary: Vocabulary) -> dict[bytes, list[int]]:
    """The tokens, special ones left out, that are a part of a text; by their bytes."""
    special = set(vocabulary.special_tokens.values()) | set(vocabulary.eos_token_ids)
    found: dict[bytes, list[int]] = {}
    for token in range(len(vocabulary)):
        piece = vocabulary[token]
        if piece and token not in special and piece in data:
            found.setdefault(piece, []).append(token)
    return found


def _logprobs(
    model: Any, inputs: Any, rows: Sequence[tuple[int, ...]], end: Sequence[int], batch_size: int
) -> list[float]:
    """The log-probability of each row after the prompt, and of any end token after that, if there are some."""
    inputs = inputs.to(model.device)
    found: list[float] = []
    with torch.no_grad():
        read = model(inputs["input_ids"], use_cache=True, logits_to_keep=1)
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            longest = max(map(len, batch))
            ids = torch.tensor(
                [[*row, *[row[-1]] * (longest - len(row))] for row in batch], device=model.device
            )
            begun = going_on_from(model, cache_of(model, read), len(batch))
            going_on = model(ids, **begun, use_cache=True).logits.float()
            first = read.logits[:, -1:].float().expand(len(batch), -1, -1)
            logprobs = torch.log_softmax(torch.cat([first, going_on], dim=1), -1)
            for number, row in enumerate(batch):
                tokens = torch.tensor(row, device=model.device)
                score = logprobs[number, : len(row)].gather(1, tokens[:, None]).sum()
                if end:
                    score = score + torch.logsumexp(logprobs[number, len(row), list(end)], 0)
                found.append(score.item())
    return found

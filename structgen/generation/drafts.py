"""Drafts: tokens that are likely to come are proposed, and the model checks all of them in one pass.

Two sources propose. The grammar: where it leaves one text (keys, punctuation, the rest of a text of an enum), in the
tokenizer's own spelling. And what is written already: the prompt, this answer and earlier answers under the same
grammar, by their last tokens (prompt lookup: https://github.com/apoorvumang/prompt-lookup-decoding).

At each token the logits are masked, warped and drawn from exactly as without drafts; a draft is right if its token is
the one that was drawn, and everything after the first wrong one is thrown away. So drafts change how many passes of the
model an answer takes, and nothing else. (A pass over several tokens may round logits otherwise than passes over one.)
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
import transformers

from structgen.generation.host_tokens import known_on_host
from structgen.generation.prompt_cache import cache_name
from structgen.matcher import CompiledGrammar

_LONGEST = 24
"""Tokens of a draft at most: where reading the weights is the cost, a pass over so many takes little longer."""

_FORCED_BYTES = 256

_CONTEXTS = (4, 3, 2)
"""How many last tokens must be the same for what followed them to be proposed; the longest first."""

_ANSWERS = 32
"""How many earlier answers are kept for each grammar."""

_ALONE = frozenset(
    """
    assistant_model cache cache_implementation custom_generate dola_layers generation_config guidance_scale
    inputs_embeds num_beams output_attentions output_hidden_states output_logits output_scores past_key_values
    penalty_alpha prefill_chunk_size prompt_lookup_num_tokens return_dict_in_generate stop_strings synced_gpus
    use_cache
    """.split()  # noqa: SIM905
)
"""Options of `model.generate()` that need its own decoding loop."""


class Planner(Protocol):
    """Something that knows the next tokens."""

    def planned(self) -> Sequence[int]:
        """The tokens that come next for certain; none if it does not know."""


def can_draft(model: Any, options: Mapping[str, Any]) -> bool:
    """Returns True if drafts are possible: a causal model whose cache can be shortened, and one row of plain decoding.

    Args:
        model: of transformers.
        options: for its `generate()`.
    """
    if model.config.is_encoder_decoder or not _ALONE.isdisjoint(options):
        return False
    if any(name not in _known_options() for name in options):
        return False
    settings = model.generation_config
    if (settings.num_beams or 1) != 1 or settings.prompt_lookup_num_tokens or settings.use_cache is False:
        return False
    return _new_cache(model) is not None


def _known_options() -> set[str]:
    known = set(vars(transformers.GenerationConfig()))  # type: ignore[no-untyped-call]
    return known | {"streamer", "stopping_criteria", "logits_processor", "tokenizer"}


def _new_cache(model: Any) -> Any:
    """An empty cache that can be shortened by any number of tokens; None if the model needs another kind."""
    cache = transformers.DynamicCache(config=model.config.get_text_config())
    layers = getattr(cache, "layers", [])
    return cache if layers and all(type(layer).__name__ == "DynamicLayer" for layer in layers) else None


class Continuations:
    """What followed the last tokens, in texts that were seen.

    >>> seen = Continuations()
    >>> seen.add([1, 2, 3, 4])
    >>> seen.after([9, 2, 3], 5)
    [4]
    """

    def __init__(self) -> None:
        self._followed: dict[tuple[int, ...], tuple[list[int], int]] = {}

    def add(self, tokens: list[int], start: int = 0) -> None:
        """Learn a text, which is kept; from the token `start` on, if what is before it is known."""
        for length in _CONTEXTS:
            for end in range(max(start, length), len(tokens)):
                self._followed[tuple(tokens[end - length : end])] = tokens, end

    def after(self, tokens: Sequence[int], count: int) -> list[int]:
        """At most `count` tokens that came after the last of `tokens`; none if they were not seen."""
        for length in _CONTEXTS:
            found = self._followed.get(tuple(tokens[-length:]))
            if found is not None:
                text, end = found
                return text[end : end + count]
        return []


class EarlierAnswers:
    """The last answers under each grammar, while it is in use."""

    def __init__(self) -> None:
        self._answers: weakref.WeakKeyDictionary[CompiledGrammar, deque[list[int]]] = (
            weakref.WeakKeyDictionary()
        )
        self._lock = threading.Lock()

    def of(self, grammar: CompiledGrammar) -> list[list[int]]:
        """Their tokens, the oldest first."""
        with self._lock:
            return list(self._answers.get(grammar, ()))

    def keep(self, grammar: CompiledGrammar, tokens: list[int]) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers.setdefault(grammar, deque(maxlen=_ANSWERS)).append(tokens)


EARLIER_ANSWERS = EarlierAnswers()


class Drafts:
    """Proposes tokens for one answer.

    Args:
        grammar: of the answer.
        tokenizer: whose spelling forced text has.
        prompt: its tokens.
        planner: which knows some tokens for certain, if there is one.
    """

    def __init__(
        self, grammar: CompiledGrammar, tokenizer: Any, prompt: list[int], planner: Planner | None = None
    ) -> None:
        self._grammar = grammar
        self._tokenizer = tokenizer
        self._planner = planner
        self._seen = Continuations()
        self._seen.add(prompt)
        for answer in EARLIER_ANSWERS.of(grammar):
            self._seen.add(answer)
        self._text = list(prompt)
        self._answer: list[int] = []
        self._configuration = grammar.initial
        self._forced: dict[int, list[int]] = {}
        self._guesses = 4  # tokens of a draft that the grammar does not force

    def append(self, token: int) -> None:
        """Go on with a token of the answer."""
        self._text.append(token)
        self._answer.append(token)
        self._seen.add(self._text, len(self._text) - 1)
        if self._configuration >= 0:  # a text that does not fit is somebody else's business
            self._configuration = self._grammar.try_advance(self._configuration, token)

    def propose(self, limit: int) -> list[int]:
        """At most `limit` tokens that are likely to come next. All of them fit the grammar."""
        found: list[int] = []
        configuration = self._configuration
        planned = list(self._planner.planned()) if self._planner is not None else []
        guesses = self._guesses
        while configuration >= 0 and len(found) < min(limit, _LONGEST):
            following = planned or self._forced_at(configuration)
            if not following and guesses > 0:
                following = self._seen.after([*self._text[-_CONTEXTS[0] :], *found], guesses)
                guesses -= len(following)
            planned = []
            before = len(found)
            for token in following:
                after = self._grammar.try_advance(configuration, token)
                if after < 0:
                    break
                configuration = after
                found.append(token)
            if len(found) == before:
                break
        return found[: min(limit, _LONGEST)]

    def judge(self, proposed: int, right: int) -> None:
        """Guess more after drafts that were right, less after wrong ones.

        Args:
            proposed: tokens of the draft.
            right: how many of them were drawn.
        """
        if proposed:
            self._guesses = min(self._guesses + 2, _LONGEST) if right == proposed else max(right, 1)

    def close(self) -> None:
        """The answer is complete: later ones may be like it."""
        EARLIER_ANSWERS.keep(self._grammar, self._answer)

    def _forced_at(self, configuration: int) -> list[int]:
        """The tokens of the text that must come at a configuration."""
        if configuration not in self._forced:
            self._forced[configuration] = self._spelled(configuration)
        return self._forced[configuration]

    def _spelled(self, configuration: int) -> list[int]:
        """In the tokenizer's own spelling, where it spells the bytes exactly; else in the longest tokens."""
        tokens = self._grammar.native.forced_tokens(configuration, _FORCED_BYTES)
        vocabulary = self._grammar.vocabulary
        if not tokens or any(not vocabulary[token] for token in tokens):
            return list(tokens)
        data = b"".join(vocabulary[token] for token in tokens)
        try:
            own = self._tokenizer.encode(data.decode(), add_special_tokens=False)
        except UnicodeDecodeError:
            return list(tokens)
        is_exact = all(0 <= token < len(vocabulary) for token in own)
        is_exact = is_exact and b"".join(vocabulary[token] for token in own) == data
        return list(own) if is_exact else list(tokens)


class DraftedDecoding:
    """A decoding loop for `model.generate(custom_generate=...)`: one row, greedy or sampled, with drafts.

    Args:
        drafts: for the row.
        streamer: that gets each token; `generate()` does not hand it to other decoding loops.

    Attributes:
        passes: how often the model was called.
    """

    def __init__(self, drafts: Drafts, streamer: Any = None) -> None:
        self.passes = 0
        self._drafts = drafts
        self._streamer = streamer

    def __call__(
        self,
        model: Any,
        input_ids: torch.Tensor,
        logits_processor: Any,
        stopping_criteria: Any,
        generation_config: Any,
        **model_kwargs: Any,
    ) -> torch.Tensor:
        """Called by `generate()`. Returns int64 [1, T]: the prompt and the answer."""
        cache = _new_cache(model)
        host = torch.zeros((1, generation_config.max_length), dtype=input_ids.dtype)
        host[:, : input_ids.shape[1]] = input_ids
        is_over = False
        while not is_over:
            draft = self._drafts.propose(generation_config.max_length - input_ids.shape[1] - 1)
            logits = self._read(model, input_ids, draft, cache)
            right = 0
            for row in logits.unbind():
                # The device may still compute the logits: their mask is made meanwhile.
                with known_on_host(input_ids, host[:, : input_ids.shape[1]]):
                    scores = logits_processor(input_ids, row[None].to(torch.float32))
                token = _chosen(scores, generation_config.do_sample)
                input_ids = torch.cat([input_ids, token], dim=1)
                # One transfer for both.
                chosen, ends = torch.cat([token[0], stopping_criteria(input_ids, None).to(token)]).tolist()
                host[0, input_ids.shape[1] - 1] = chosen
                self._append(chosen)
                is_over = bool(ends)
                if is_over or right == len(draft) or draft[right] != chosen:
                    break
                right += 1
            self._drafts.judge(len(draft), right)
            unread = cache.get_seq_length() - (input_ids.shape[1] - 1)
            if unread > 0:
                cache.crop(-unread)
        if self._streamer is not None:
            self._streamer.end()
        self._drafts.close()
        return input_ids

    def _append(self, token: int) -> None:
        self._drafts.append(token)
        if self._streamer is not None:
            self._streamer.put(torch.tensor([token]))

    def _read(self, model: Any, input_ids: torch.Tensor, draft: list[int], cache: Any) -> torch.Tensor:
        """One pass over what the model has not read yet and a draft. Returns [1 + D, V]: the logits after each."""
        self.passes += 1
        more = torch.tensor([draft], dtype=input_ids.dtype, device=input_ids.device)
        unread = torch.cat([input_ids[:, cache.get_seq_length() :], more], dim=1)
        arguments = {cache_name(model): cache, "use_cache": True, "logits_to_keep": len(draft) + 1}
        found: torch.Tensor = model(unread, **arguments).logits[0, -len(draft) - 1 :]
        return found.to(input_ids.device)


def _chosen(scores: torch.Tensor, do_sample: bool) -> torch.Tensor:
    """The next token, int64 [1, 1], as transformers chooses it."""
    if do_sample:
        return torch.multinomial(torch.softmax(scores, dim=-1), num_samples=1)
    return scores.argmax(dim=-1, keepdim=True)

"""TransformersSampler: candidates from a model of transformers.

n candidates are the rows of one `generate()`. Log-probabilities are read from the logits as the model made them,
before mask and temperature, and once more after the mask.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import transformers

from structgen.constraint import compile
from structgen.generation.decoder import ModelDecoder
from structgen.generation.processor import LogitsProcessor
from structgen.generation.prompt_cache import going_on_from, read_prompt
from structgen.generation.settings import (
    check_budget,
    decoding_settings,
    encode_prompt,
    end_settings,
    end_tokens,
    seeded,
    until_end,
)
from structgen.generation.steps import KeptLogits
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.steps import Step
from structgen.vocabulary import Vocabulary

_OF_THE_REQUEST = frozenset(
    {
        "do_sample",
        "max_new_tokens",
        "num_beams",
        "num_return_sequences",
        "return_dict_in_generate",
        "temperature",
    }
)
_OF_SAMPLING = frozenset({"epsilon_cutoff", "eta_cutoff", "min_p", "top_h", "top_k", "top_p", "typical_p"})


class TransformersSampler:
    """A sampler over a local model.

    Args:
        model: a causal model of transformers.
        tokenizer: of the model. A text as a prompt is a message of the user, if there is a chat template; without
            one, messages are put below each other.
        options: for `model.generate()`: `top_p`, `top_k` ...; those of sampling count where there is a temperature.

    A request's `deadline` and `cancelled` are checked after each step. `enough` is called with each row when it
    ends; if it says so, the rows that are not ended are left out of the answer.

    Not for several threads at once: the random state is torch's.
    """

    batched = True
    continues = True

    def __init__(self, model: Any, tokenizer: Any, **options: Any) -> None:
        taken = sorted(_OF_THE_REQUEST & options.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)}: comes with each request, and is no option of the sampler")
        self.model = model
        self.tokenizer = tokenizer
        self._options = options
        self._vocabulary = Vocabulary.from_tokenizer(
            tokenizer,
            size=model.config.get_text_config().vocab_size,
            eos_token_ids=end_tokens(model, options.pop("eos_token_id", None)),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """What its answers depend on, besides the prompt, the request and the weights: for `Cached`."""
        return {
            "dtype": str(self.model.dtype),
            "ends": sorted(self._vocabulary.eos_token_ids),
            "options": self._options,
        }

    def __call__(self, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        """`request.n` candidates, in one `generate()`. At temperature 0 they are all the same one."""
        if request.temperature == 0:
            return self._generated(prompt, replace(request, n=1), **decoding_settings(0.0)) * request.n
        return self._generated(
            prompt, request, num_return_sequences=request.n, **decoding_settings(request.temperature)
        )

    def decoder(self, prompt: Prompt) -> ModelDecoder:
        """The model after a prompt, to be read token by token (`SMC`, `Exact`, `Backtrack`)."""
        return ModelDecoder(self.model, self._vocabulary, self._inputs(prompt, "")["input_ids"])

    def beam(self, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        """The likeliest texts of a beam search that is `request.n` wide, the best first."""
        found = self._generated(
            prompt,
            request,
            num_beams=request.n,
            num_return_sequences=request.n,
            length_penalty=0.0,
            early_stopping=True,
            **decoding_settings(0.0),
        )
        # A search that finds fewer texts than it is wide fills up with impossible ones.
        possible = [one for one in found if one.masked_logprob is None or one.masked_logprob > float("-inf")]
        return sorted(possible, key=lambda one: one.logprob or 0.0, reverse=True)

    def _generated(self, prompt: Prompt, request: SampleRequest, **decoding: Any) -> list[Candidate]:
        inputs = self._inputs(prompt, request.prefix)
        length = inputs["input_ids"].shape[1]
        prompt_length = length - self._length_of(request.prefix)
        options = {
            name: value
            for name, value in self._options.items()
            if decoding["do_sample"] or name not in _OF_SAMPLING
        }
        processors = list(options.pop("logits_processor", ()))
        criteria = list(options.pop("stopping_criteria", ()))
        if request.constraint is not None:
            grammar = compile(request.constraint, self._vocabulary)
            if not request.prefix:
                check_budget(grammar, request.max_new_tokens)
            processors.append(
                LogitsProcessor(
                    grammar,
                    self.tokenizer,
                    max_new_tokens=request.max_new_tokens + length - prompt_length,
                    prompt_length=prompt_length,
                )
            )
        watch = _Watch(self, request, length)
        cache = read_prompt(self.model, inputs["input_ids"])
        with seeded(request.seed, self.model.device), torch.no_grad():
            found = self.model.generate(
                **inputs,
                **{**decoding, **options},
                **self._begun(cache, request.n),
                max_new_tokens=request.max_new_tokens,
                **end_settings(self._vocabulary, self.tokenizer),
                logits_processor=processors,
                stopping_criteria=transformers.StoppingCriteriaList([*criteria, watch]),
                return_dict_in_generate=True,
            )
        rows = [until_end(row, self._vocabulary) for row in found.sequences[:, length:].tolist()]
        if watch.won:
            rows = [row for row in rows if self._is_ended(row)]
        return self._scored(inputs["input_ids"][0], rows, request, length - prompt_length, cache)

    def _begun(self, cache: Any, rows: int) -> dict[str, Any]:
        """What tells generate() that the prompt is read, unless it is to keep its cache in another way."""
        about_caches = {"cache", "past_key_values", "use_cache", "cache_implementation", "assistant_model"}
        about_caches |= {"prompt_lookup_num_tokens", "generation_config"}
        if (
            cache is None
            or about_caches & self._options.keys()
            or getattr(self.model.generation_config, "cache_implementation", None) is not None
        ):
            return {}
        return going_on_from(self.model, cache, rows)

    def _scored(
        self,
        prompt: torch.Tensor,
        rows: list[tuple[int, ...]],
        request: SampleRequest,
        prefix_length: int,
        cache: Any,
    ) -> list[Candidate]:
        """The rows as candidates. Their log-probabilities come from one more pass over each answer.

        A pass of its own, instead of the logits of generate(): those of beam search are not in the order of the
        rows, and n rows of V logits for each step would have to be kept.
        """
        found = []
        for row in rows:
            logits = self._logits(prompt, row, cache)
            tokens = torch.tensor(row, dtype=torch.long, device=logits.device)[:, None]
            logprob = torch.log_softmax(logits, -1).gather(1, tokens).sum().item()
            steps: tuple[Step, ...] = ()
            masks = request.constraint is not None
            if masks:
                steps = self._steps(prompt, row, logits, request, prefix_length)
            ended = self._is_ended(row)
            found.append(
                Candidate(
                    self._text(row, ended),
                    len(row),
                    logprob,
                    "stop" if ended else "length",
                    masked_logprob=sum(step.masked_logprob for step in steps) if masks else None,
                    steps=steps,
                )
            )
        return found

    def _logits(self, prompt: torch.Tensor, row: tuple[int, ...], cache: Any) -> torch.Tensor:
        """Float32 [T, V]: the logits of each token of an answer, as the model makes them."""
        width = self.model.config.get_text_config().vocab_size
        if not row:
            return torch.zeros(0, width, device=prompt.device)
        before = torch.cat([prompt, torch.tensor(row[:-1], device=prompt.device, dtype=prompt.dtype)])[None]
        with torch.no_grad():
            if cache is None:
                logits = self.model(before, use_cache=False, logits_to_keep=len(row)).logits[0]
            else:
                unread = before[:, len(prompt) - 1 :]
                logits = self.model(unread, **going_on_from(self.model, cache, 1), use_cache=True).logits[0]
        return logits.float()  # type: ignore[no-any-return]

    def _steps(
        self,
        prompt: torch.Tensor,
        row: tuple[int, ...],
        logits: torch.Tensor,
        request: SampleRequest,
        prefix_length: int,
    ) -> tuple[Step, ...]:
        """What the mask changed at each token, as it was when the row was generated."""
        assert request.constraint is not None
        processor = LogitsProcessor(
            compile(request.constraint, self._vocabulary),
            self.tokenizer,
            max_new_tokens=request.max_new_tokens + prefix_length,
            prompt_length=len(prompt) - prefix_length,
        )
        steps: list[Step] = []
        start = 0
        ids = torch.cat([prompt, torch.tensor(row, device=prompt.device, dtype=prompt.dtype)])[None]
        for place, token in enumerate(row):
            masked = processor(ids[:, : len(prompt) + place].clone(), logits[place : place + 1])  # type: ignore[arg-type]
            step = KeptLogits(logits[place], masked[0]).step(token, start, self._vocabulary)
            if masked[0, token] == float("-inf"):  # a beam search fills up with impossible rows
                step = replace(step, masked_logprob=float("-inf"))
            steps.append(step)
            start += len(step.text)
        return tuple(steps)

    def _is_ended(self, row: tuple[int, ...]) -> bool:
        return bool(row) and row[-1] in self._vocabulary.eos_token_ids

    def _text(self, row: tuple[int, ...], ended: bool) -> str:
        """The text of tokens. Bytes that are no text become U+FFFD; a character that was cut is left out."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        return decoder.decode(b"".join(self._vocabulary[token] for token in row), final=ended)

    def _inputs(self, prompt: Prompt, prefix: str) -> Any:
        if not isinstance(prompt, str) and not getattr(self.tokenizer, "chat_template", None):
            prompt = "\n\n".join(str(message["content"]) for message in prompt) + "\n\n"
        inputs = encode_prompt(self.tokenizer, prompt, None).to(self.model.device)
        if prefix:
            more = self.tokenizer(prefix, add_special_tokens=False, return_tensors="pt").to(self.model.device)
            for name in ("input_ids", "attention_mask"):
                inputs[name] = torch.cat([inputs[name], more[name]], dim=1)
        return dict(inputs)

    def _length_of(self, prefix: str) -> int:
        return len(self.tokenizer(prefix, add_special_tokens=False)["input_ids"]) if prefix else 0


class _Watch(transformers.StoppingCriteria):
    """Ends a generate() that nobody needs any more."""

    def __init__(self, sampler: TransformersSampler, request: SampleRequest, length: int) -> None:
        self.won = False
        self._sampler = sampler
        self._request = request
        self._length = length
        self._ended: set[int] = set()

    def __call__(self, input_ids: torch.LongTensor, scores: Any, **kwargs: Any) -> Any:
        request = self._request
        late = request.deadline is not None and time.monotonic() >= request.deadline
        cancelled = request.cancelled is not None and request.cancelled.is_set()
        if request.enough is not None and not self.won:
            self.won = self._has_won(input_ids, request.enough)
        return torch.full((len(input_ids),), late or cancelled or self.won, device=input_ids.device)

    def _has_won(self, input_ids: torch.LongTensor, enough: Callable[[Candidate], bool]) -> bool:
        ends = self._sampler._vocabulary.eos_token_ids
        for number, last in enumerate(input_ids[:, -1].tolist()):
            if last in ends and number not in self._ended:
                self._ended.add(number)
                row = until_end(input_ids[number, self._length :].tolist(), self._sampler._vocabulary)
                if enough(Candidate(self._sampler._text(row, True), len(row))):
                    return True
        return False

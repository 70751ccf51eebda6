"""DeviceDecoding: a decoding loop that stays on the device, short enough to copy and change."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from structgen.errors import InvalidOptionError
from structgen.generation.device.matcher import DeviceMatcher
from structgen.generation.prompt_cache import cache_name
from structgen.options import Whole, check_option
from structgen.tables import DeviceTables

_CHECKED = 16
"""Steps between two looks at whether all texts have ended. Each look waits for the device."""


class DeviceDecoding:
    """For `model.generate(custom_generate=...)`: texts under one grammar, greedy or sampled, with a static cache.

        tables = structgen.compile(constraint, vocabulary).device_tables(model.device)
        rows = model.generate(**inputs, max_new_tokens=64, custom_generate=DeviceDecoding(tables))

    No step waits for the host: the model, the mask, the choice of the token and the next state of the grammar are work
    of the device, on tensors that keep their places. Texts are complete within `max_new_tokens`. The logits processors
    and stopping criteria of `generate()` are not called. Sampling is from the whole distribution, with the temperature
    of the generation config.

    Args:
        tables: of the grammar, on the model's device.
        seed: of sampling: the same seed gives the same texts.

    Raises:
        InvalidOptionError: The rows of the prompt are padded: positions of a static cache would be wrong.
    """

    def __init__(self, tables: DeviceTables, *, seed: int = 0) -> None:
        check_option("seed", seed, (Whole(0),))
        self._tables = tables
        self._seed = seed

    def __call__(
        self, model: Any, input_ids: torch.Tensor, generation_config: Any, **model_kwargs: Any
    ) -> torch.Tensor:
        """Called by `generate()`. Returns int64 [B, T]: the prompts and the answers, padded after their ends."""
        mask = model_kwargs.get("attention_mask")
        if mask is not None and not bool(mask.all()):
            raise InvalidOptionError(
                "attention_mask", "padded", "must be all ones: one length for all prompts"
            )
        batch, length = input_ids.shape
        steps = generation_config.max_length - length
        matcher = DeviceMatcher(self._tables, batch, max_new_tokens=steps)
        cache = transformers.StaticCache(config=model.config, max_cache_len=generation_config.max_length)
        arguments = {cache_name(model): cache, "use_cache": True, "logits_to_keep": 1}
        rows = torch.empty((batch, generation_config.max_length), dtype=torch.int64, device=input_ids.device)
        rows[:, :length] = input_ids
        token = input_ids
        for step in range(steps):
            logits = model(token, **arguments).logits[:, -1].float()
            token = self._chosen(matcher, logits, generation_config, step)[:, None]
            matcher.advance(token[:, 0])
            rows[:, length + step] = token[:, 0]
            if step % _CHECKED == _CHECKED - 1 and bool(matcher.is_finished.all()):
                return rows[:, : length + step + 1]
        return rows

    def _chosen(self, matcher: DeviceMatcher, logits: torch.Tensor, settings: Any, step: int) -> torch.Tensor:
        logits = logits[:, : (self._tables.size + 31) // 32 * 32]  # a head that is wider than the vocabulary
        if not settings.do_sample:
            return matcher.argmax(logits)
        temperature = settings.temperature or 1.0
        return matcher.sample(logits, seed=self._seed + step, temperature=temperature)

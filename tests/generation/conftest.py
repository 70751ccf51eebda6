"""A tokenizer trained here and small random models: every way to decode, in seconds and without downloads."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

CORPUS = [
    'The poet was born in 1759. {"name": "Robert Burns", "born": 1759, "tags": ["poet", "farmer"], "ok": true}',
    "SELECT name, born FROM poets WHERE born > 1700 AND name = 'Burns' ORDER BY name;",
    "def f(x):\n    return [x + 1, x * 2, -3.5e7, None, True, False]\n",
    "Äpfel und Öl kosten 3 € — naïve café, 日本語, emoji 😀.",
]
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Byte-level BPE of about 400 tokens; `<|end|>` ends a text, `<|pad|>` fills rows on the left."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(CORPUS, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        padding_side="left",
        chat_template=TEMPLATE,
    )


def random_model(tokenizer: Any, *, seed: int, hidden_size: int = 48, layers: int = 2) -> Any:
    """A Llama that has learned nothing. Its head is 37 tokens wider than the tokenizer."""
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer) + 37,
        hidden_size=hidden_size,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=2048,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return transformers.LlamaForCausalLM(config).eval()


@pytest.fixture(scope="session")
def model(tokenizer: Any) -> Any:
    return random_model(tokenizer, seed=7)


@pytest.fixture(scope="session")
def assistant(tokenizer: Any) -> Any:
    """Another model over the same tokens, for assisted decoding."""
    return random_model(tokenizer, seed=8, hidden_size=32, layers=1)

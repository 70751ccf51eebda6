"""A tokenizer trained on the spot and small models that have learned nothing: `generate()` without downloads."""

from __future__ import annotations

from typing import Any

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


def tiny_tokenizer(vocab_size: int = 400) -> Any:
    """Byte-level BPE; `<|end|>` ends a text, `<|pad|>` fills rows on the left."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=trained,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        padding_side="left",
        chat_template=TEMPLATE,
    )


def tiny_model(tokenizer: Any, *, seed: int, hidden_size: int = 48, layers: int = 2) -> Any:
    """A Llama with random weights. Its head is 37 tokens wider than the tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
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
    return LlamaForCausalLM(config).eval()

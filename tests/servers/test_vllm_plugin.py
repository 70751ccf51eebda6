"""The plugin of vLLM changes nothing where it does not fit, and says why; test_vllm.py runs it where it does."""

from __future__ import annotations

import logging
from importlib import metadata
from importlib.util import find_spec

import pytest

from structgen.servers.vllm import plugin


@pytest.mark.parametrize("version", ["0.31.2", "0.33.0", "1.0", "unknown", "0.32"])
def test_an_untested_version(version: str) -> None:
    reason = plugin.unfit(version)
    assert reason is not None
    assert version in reason
    assert "0.32.*" in reason


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm() -> None:
    assert "is missing" in str(plugin.unfit("0.32.0"))


def test_a_version_that_does_not_fit_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(plugin, "_version", lambda: "9.9.9")
    with caplog.at_level(logging.WARNING, logger="vllm.structgen"):
        plugin.register()
    assert "9.9.9" in caplog.text
    assert "Nothing was changed" in caplog.text


def test_no_failure_leaves_the_plugin(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(version: str) -> str:
        raise KeyError("surprise")

    monkeypatch.setattr(plugin, "unfit", fails)
    with caplog.at_level(logging.WARNING, logger="vllm.structgen"):
        plugin.register()
    assert "surprise" in caplog.text


def test_the_entry_point() -> None:
    try:
        points = metadata.distribution("structgen-decoding").entry_points
    except metadata.PackageNotFoundError:
        pytest.skip("structgen is not installed as a package")
    found = [point for point in points if point.group == "vllm.general_plugins"]
    if not found:
        pytest.skip("structgen was installed before it had the entry point")
    assert found[0].load() is plugin.register

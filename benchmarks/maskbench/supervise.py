"""Supervision: a process with all engines, and one that looks after it.

The engines live in one process, so that they meet the same machine at the same time. But a compilation inside an
engine cannot be interrupted from Python, and an engine may also die and take the process with it. So the engines live
in a worker, which gets one case for one engine at a time. A worker that is late or dead is replaced by another, with
all vocabularies loaded again.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

from peers import Engine, find_engine

from maskbench.cases import Case, Instance
from maskbench.measure import Measurement, clock_cost, measure

_SECONDS_TO_LOAD = 300


@dataclass(slots=True)
class Loaded:
    """A worker that is ready.

    Attributes:
        versions: of the engines that are installed.
        seconds: to load the vocabulary, for each of them.
        clock_cost: nanoseconds of a token in an engine that does nothing.
    """

    versions: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    clock_cost: int = 0


class Worker:
    """Engines in a process of their own.

    Args:
        tokenizer: folder of a tokenizer of transformers.
        engines: names. Those that are not installed are left out.
        timeout: seconds that one engine may take for one case.
        memory: bytes of address space that the process may use.

    Attributes:
        loaded: what the first process found.
    """

    def __init__(self, tokenizer: str, engines: Sequence[str], *, timeout: float, memory: int) -> None:
        self._log = Path(tempfile.mkdtemp()) / "stderr"
        self._arguments = (tokenizer, tuple(engines), memory, self._log)
        self._timeout = timeout
        self.loaded = self._start()

    def measure(self, engine: str, case: Case, *, isolated: bool) -> Measurement:
        """Measure an engine on a case.

        Args:
            engine: an engine that is installed.
            case: schema and instances.
            isolated: whether the engine forgets first what it knows from other schemas.
        """
        with contextlib.suppress(OSError):  # of a process that is dead: receiving says so
            self._connection.send((engine, case, isolated))
        received = self._receive(self._timeout)
        if isinstance(received, Measurement):
            return received
        self._end()
        self._start()
        return Measurement(case.name, engine, "timeout" if received is None else "died", str(received or ""))

    def stop(self) -> None:
        """End the process."""
        self._end()
        shutil.rmtree(self._log.parent)

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> Loaded:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, *self._arguments), daemon=True)
        with _one_thread():
            self._process.start()
        theirs.close()
        received = self._receive(_SECONDS_TO_LOAD)
        if not isinstance(received, Loaded):
            raise RuntimeError(f"the engines could not be loaded: {received or 'too slow'}")
        return received

    def _receive(self, timeout: float) -> Any:
        """What the worker sends; None if it is late; a text if it is dead."""
        if not self._connection.poll(timeout):
            return None
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            said = self._log.read_text(errors="replace").strip().splitlines()
            return f"exit code {self._process.exitcode}: {said[-1] if said else ''}"


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that start meanwhile use one thread, in all libraries that ask the environment."""
    names = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def load_tokenizer(folder: str) -> Any:
    """A tokenizer of transformers, from a folder; or that of SmolLM2."""
    from transformers.utils import logging

    from structgen.generation.models import load_tokenizer as load

    # Of options that only decoding would use.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    return load(folder)


def _work(connection: Connection, tokenizer: str, names: Sequence[str], memory: int, log: Path) -> None:
    """What the worker does: load, then one case after the other."""
    with log.open("w") as file:  # the warnings of some engines would fill the screen
        os.dup2(file.fileno(), 2)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    loaded, engines = Loaded(), {}
    for name in names:
        adapter = find_engine(name)
        if adapter is not None:
            fresh = load_tokenizer(tokenizer)  # one that nothing is cached for
            started = perf_counter()
            engines[name] = adapter(fresh)
            loaded.seconds[name] = perf_counter() - started
            loaded.versions[name] = adapter.version
    end_token = load_tokenizer(tokenizer).eos_token_id
    _warm_up(engines, end_token)
    gc.disable()
    gc.freeze()
    loaded.clock_cost = clock_cost()
    connection.send(loaded)
    while True:
        try:
            name, case, isolated = connection.recv()
        except EOFError:
            return
        if isolated:
            engines[name].renew()
        connection.send(measure(name, engines[name], case, end_token))


def _warm_up(engines: dict[str, Engine], end_token: int) -> None:
    """One schema that says next to nothing: what an engine imports when first used is not a schema's cost."""
    text = Case("warm-up", '{"type": "boolean"}', (Instance(0, "", (), valid=False),))
    for name, engine in engines.items():
        measure(name, engine, text, end_token)

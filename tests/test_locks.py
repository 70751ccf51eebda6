"""Values are made once, however many threads ask, and no lock is held for ever in a forked child."""

from __future__ import annotations

import os
import threading
import time

import pytest

import structgen
from structgen.locks import Once, ProcessLock


def in_threads(count: int, work: object) -> list[object]:
    """What a function returns in so many threads, which begin at the same time."""
    assert callable(work)
    barrier = threading.Barrier(count)
    found: list[object] = []

    def run() -> None:
        barrier.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_value_is_made_once() -> None:
    made: list[object] = []

    def make() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    once: Once[object] = Once()
    found = in_threads(16, lambda: once.get("key", make))
    assert len(made) == 1
    assert set(map(id, found)) == {id(made[0])}
    assert not once._locks


def test_other_keys_do_not_wait() -> None:
    once: Once[int] = Once()
    started, done = threading.Event(), threading.Event()

    def slow() -> int:
        started.set()
        assert done.wait(20)
        return 1

    thread = threading.Thread(target=lambda: once.get("slow", slow))
    thread.start()
    assert started.wait(20)
    assert once.get("quick", lambda: 2) == 2
    done.set()
    thread.join()
    assert once.get("slow", lambda: 3) == 1


def test_what_could_not_be_made_is_tried_again() -> None:
    once: Once[int] = Once()
    with pytest.raises(ZeroDivisionError):
        once.get("key", lambda: 1 // 0)
    assert once.get("key", lambda: 5) == 5


@pytest.mark.parametrize("constraint", ["schema", "regex", "lark"])
def test_64_threads_compile_a_constraint_once(constraint: str) -> None:
    made = {
        "schema": lambda: structgen.json_schema({"type": "array", "items": {"enum": ["a", "bb", 3]}}),
        "regex": lambda: structgen.regex("(ab|cd)*[0-9]{3}"),
        "lark": lambda: structgen.lark('start: "a" start "b" | "c"'),
    }[constraint]()
    vocabulary = structgen.Vocabulary([bytes([byte]) for byte in range(256)] + [b"ab", b"cd"])
    found = in_threads(64, lambda: made.compile(vocabulary))
    assert len(found) == 64
    assert len(set(map(id, found))) == 1
    assert made.compile(vocabulary, limits=structgen.Limits(work=10**7)) is not found[0]


def test_64_threads_read_one_text_with_one_compilation() -> None:
    made = structgen.regex("x(ab|cd)*[0-9]{3}")
    assert in_threads(64, lambda: made.is_valid("xab123")) == [True] * 64
    assert made._compiled is made.compile(structgen.Vocabulary.of_bytes())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_inherit_a_held_lock() -> None:
    lock, once = ProcessLock(), Once[int]()
    held, release = threading.Event(), threading.Event()

    def make() -> int:
        held.set()
        release.wait(20)
        return 1

    def hold() -> None:
        with lock:
            once.get("key", make)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(20)
    child = os.fork()
    if child == 0:
        with lock, lock:
            os._exit(once.get("key", lambda: 7))
    deadline = time.monotonic() + 10
    status = None
    while status is None and time.monotonic() < deadline:
        ended, code = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(code) if ended else None
        time.sleep(0.01)
    release.set()
    thread.join()
    if status is None:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert status == 7

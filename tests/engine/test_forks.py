"""A child of fork() can compile and mask, whatever other threads of its parent did at that time."""

from __future__ import annotations

import itertools
import os
import signal
import threading

import pytest

import structgen
from structgen.vocabulary import Vocabulary

CHILDREN = 40
SECONDS = 60
"""After which a child that hangs is ended by a signal."""

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()"),
    # Before LLVM 18 (GCC 14) the allocator of AddressSanitizer does not know of fork(): a child hangs in malloc() when
    # another thread was in it (https://github.com/llvm/llvm-project/pull/75290).
    pytest.mark.skipif(
        "asan" in os.environ.get("LD_PRELOAD", ""),
        reason="the allocator of AddressSanitizer hangs after fork()",
    ),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def test_children_compile_while_threads_of_the_parent_do() -> None:
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)] + [b"ab", b"abc", b"12"])
    numbers = itertools.count()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            structgen.regex(f"[a-c]{{1,9}}x{next(numbers)}").compile(vocabulary).matcher().bitmask()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    statuses = []
    try:
        for number in range(CHILDREN):
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(SECONDS)
                found = structgen.regex(f"child{number}|abc+").compile(vocabulary)
                os._exit(0 if found.accepts("abcc") and not found.accepts("ab") else 1)
            statuses.append(os.waitpid(child, 0)[1])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses == [0] * CHILDREN


def test_children_use_vocabularies_that_were_made_while_the_parent_forked() -> None:
    tokens = [bytes([byte]) for byte in range(256)]
    newest = [Vocabulary(tokens)]
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            newest[0] = vocabulary = Vocabulary(tokens)
            structgen.regex("(a|b){1,40}c[a-z]{3,90}").compile(vocabulary).matcher().bitmask()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    statuses = []
    try:
        for _ in range(CHILDREN):
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(SECONDS)
                found = structgen.regex("child|abc+").compile(newest[0])
                os._exit(0 if found.matcher().try_advance(ord("a")) else 1)
            statuses.append(os.waitpid(child, 0)[1])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert statuses == [0] * CHILDREN

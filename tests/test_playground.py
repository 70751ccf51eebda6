"""The playground: its answers, its server over HTTP, its page in a browser."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from structgen.cli.playground import KINDS, answer, server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server(0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def test_what_may_come_next() -> None:
    schema = json.dumps(
        {
            "type": "object",
            "properties": {"born": {"type": "integer"}},
            "required": ["born"],
            "additionalProperties": False,
        }
    )
    found = answer("schema", schema, '{"bo')
    assert found["forced"] == 'rn"'  # then a space may come
    assert json.loads('{"bo' + found["completion"]).keys() == {"born"}
    assert not found["can_stop"]
    assert not found["is_valid"]
    assert json.loads(found["sample"]).keys() == {"born"}
    assert answer("schema", schema, '{"born": 1}')["is_valid"]


def test_where_it_fails() -> None:
    found = answer("regex", "[0-9]{4}", "17a")
    assert found["position"] == 2
    assert "expected a digit" in found["reason"]
    assert answer("choice", "yes\nno\n\n", "n")["completion"] == "o"
    assert answer("lark", 'start: "a"+', "a")["can_stop"]


@pytest.mark.parametrize(
    ("kind", "source", "reason"),
    [
        ("regex", "a(", "never closed"),
        ("schema", "{", "JSON"),
        ("schema", '{"type": "nonsense"}', "nonsense"),
        ("lark", "start: b", "b"),
        ("lark", "/etc/passwd.lark", "line 1"),
        ("choice", "", "choice"),
        ("other", "a", "none of schema"),
        ("regex", "\ud800", ""),
    ],
)
def test_a_wrong_constraint_is_an_error_in_words(kind: str, source: str, reason: str) -> None:
    found = answer(kind, source, "")
    assert found.keys() == {"error"} or kind == "regex"
    assert reason in found.get("error", "")


def ask(address: str, question: Any, **headers: str) -> Any:
    request = urllib.request.Request(
        address + "answer",
        json.dumps(question).encode(),
        {"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def test_over_http(address: str) -> None:
    with urllib.request.urlopen(address, timeout=60) as reply:
        page = reply.read().decode()
    assert all(f'value="{kind}"' in page for kind in KINDS)
    assert ask(address, {"kind": "regex", "source": "ab?", "prefix": "a"})["can_stop"]
    assert "malformed" in ask(address, {"kind": "regex"})["error"]
    assert "malformed" in ask(address, [1])["error"]


@pytest.mark.parametrize("headers", [{"Host": "evil.example:80"}, {"Origin": "http://evil.example"}], ids=str)
def test_pages_of_other_sites_get_no_answer(address: str, headers: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(address, {"kind": "regex", "source": "a", "prefix": ""}, **headers)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["A valid text begins so", 'rn"', "A random text"]),
        (
            {"kind": "regex", "source": "[0-9]{4}", "prefix": "17a"},
            ["No valid text begins so", "expected a digit"],
        ),
        ({"kind": "choice", "source": "<b>&\nno", "prefix": "<"}, ["b>&", "The shortest way to finish"]),
    ],
    ids=str,
)
def test_in_a_browser(address: str, query: dict[str, str], shown: list[str]) -> None:
    url = f"{address}?{urllib.parse.urlencode(query)}"
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=5000",
        "--dump-dom",
        url,
    ]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    result = html.unescape(dom.partition('<div id="result"')[2].partition("</main>")[0])
    for text in shown:
        assert text in result

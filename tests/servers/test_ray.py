"""structgen.ray on a local cluster. `make test-servers` runs this."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import structgen
from structgen.errors import InvalidOptionError
from structgen.sampling import Candidate

ray = pytest.importorskip("ray", reason="Ray is not installed: make test-servers")
pytest.importorskip("pyarrow", reason="pyarrow is not installed: make test-servers")
pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("default")]

ROWS = 40
SCHEMA = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


def echoing(calls: Path, *, dies_at: str = "", wrong: str = "") -> Callable[[], Any]:
    """Makes samplers that answer with the number in the prompt, and note each call in a file of its own."""
    folder, once = str(calls), str(calls / "died")

    def make() -> Any:
        def sampler(prompt: Any, request: Any) -> list[Candidate]:
            text = str(prompt).rpartition("#")[2].rstrip("'}]")
            if text == dies_at and not os.path.exists(once):
                open(once, "w").close()
                os._exit(1)
            open(os.path.join(folder, f"{text}-{uuid.uuid4().hex}"), "w").close()
            if text == wrong:
                return [Candidate("nothing")]
            return [Candidate(json.dumps({"number": int(text)}))]

        return sampler

    return make


def asked(calls: Path) -> list[int]:
    return sorted(int(path.name.partition("-")[0]) for path in calls.iterdir() if "-" in path.name)


def rows(count: int = ROWS) -> list[dict[str, Any]]:
    return [{"id": number, "text": f"row {number}"} for number in range(count)]


def numbers(answers: list[dict[str, Any]]) -> list[int]:
    return sorted(json.loads(one["value"])["number"] for one in answers)


def run(calls: Path, **options: Any) -> list[dict[str, Any]]:
    calls.mkdir(exist_ok=True)
    settings = {
        "model": echoing(calls),
        "prompt": "Give #{id}",
        "constraint": SCHEMA,
        "batch_size": 4,
        **options,
    }
    data = settings.pop("data", None) or rows()
    return structgen.ray.generate(data, **settings).take_all()


def test_every_row_has_its_answer(cluster: None, tmp_path: Path) -> None:
    answers = run(tmp_path / "calls", actors=2)
    assert numbers(answers) == list(range(ROWS))
    for one in answers:
        assert json.loads(one["value"])["number"] == one["id"]
        assert (one["ok"], one["attempts"], one["error"]) == (True, 1, None)
        assert one["text"] == one["value"]


def test_rows_that_fail_stay(cluster: None, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    model = echoing(tmp_path / "calls", wrong="3")
    answers = run(tmp_path / "calls", model=model, strategy=structgen.Retry(max_attempts=2, feedback=False))
    assert [one["id"] for one in sorted(answers, key=lambda one: one["id"])] == list(range(ROWS))
    (failed,) = (one for one in answers if not one["ok"])
    assert failed["id"] == 3
    assert failed["value"] is None
    assert failed["text"] == "nothing"
    assert failed["attempts"] == 2
    assert failed["error"]


def test_a_constraint_for_each_row(cluster: None, tmp_path: Path) -> None:
    def constraint(row: Any) -> structgen.Constraint:
        return structgen.json_schema({"properties": {"number": {"const": row["id"]}}, "required": ["number"]})

    answers = run(tmp_path / "calls", constraint=constraint, prompt=lambda row: f"#{row['id']}")
    assert numbers(answers) == list(range(ROWS))


def test_an_actor_that_dies(cluster: None, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    answers = run(calls, model=echoing(calls, dies_at="17"), actors=2, checkpoint=tmp_path / "answers")
    assert (calls / "died").exists()
    assert sorted(one["id"] for one in answers) == list(range(ROWS))
    assert numbers(answers) == list(range(ROWS))


def test_what_is_there_is_not_asked_again(cluster: None, tmp_path: Path) -> None:
    calls, answers = tmp_path / "calls", tmp_path / "answers"
    run(calls, data=rows(10), checkpoint=answers)
    assert asked(calls) == list(range(10))
    found = run(calls, checkpoint=answers)
    assert asked(calls) == list(range(ROWS))
    assert numbers(found) == list(range(ROWS))
    run(calls, checkpoint=answers, constraint={"type": "object"}, data=rows(2))
    assert asked(calls) == sorted([*range(ROWS), 0, 1]), "the answer to another constraint is another one"


DRIVER = """
import sys, time, uuid, os, json
import ray, structgen
from structgen.sampling import Candidate
calls, answers = sys.argv[1:]
def make():
    def sampler(prompt, request):
        text = str(prompt).rpartition("#")[2].rstrip("'}]")
        open(os.path.join(calls, f"{text}-{uuid.uuid4().hex}"), "w").close()
        if int(text) == 20:
            time.sleep(600)
        return [Candidate(json.dumps({"number": int(text)}))]
    return sampler
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
rows = [{"id": number, "text": f"row {number}"} for number in range(40)]
settings = {"prompt": "Give #{id}", "batch_size": 4, "checkpoint": answers}
structgen.ray.generate(rows, model=make, constraint=%r, **settings).take_all()
"""


def test_a_driver_that_dies(tmp_path: Path) -> None:
    calls, answers = tmp_path / "calls", tmp_path / "answers"
    calls.mkdir()
    command = [sys.executable, "-c", DRIVER % SCHEMA, str(calls), str(answers)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        end = time.monotonic() + 120
        while 20 not in asked(calls) and time.monotonic() < end:
            assert driver.poll() is None
            time.sleep(0.5)
        driver.kill()
    before = asked(calls)
    assert 20 in before
    if not ray.is_initialized():
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    found = run(calls, checkpoint=answers)
    assert numbers(found) == list(range(ROWS))
    again = [number for number in range(ROWS) if asked(calls).count(number) > 1]
    assert len(again) <= 4, "only the batch in which the driver died"


@pytest.mark.model
def test_a_real_model(cluster: None, tmp_path: Path) -> None:
    answers = run(
        tmp_path / "calls", model="smollm2", data=rows(3), max_new_tokens=24, prompt="A number? {text}"
    )
    assert [one["error"] for one in answers] == [None] * 3
    assert all(structgen.json_schema(SCHEMA).is_valid(one["text"]) for one in answers)


def test_wrong_options() -> None:
    for wrong in ({"actors": 0}, {"batch_size": 0}, {"max_new_tokens": 0}, {"prompt": 5}, {"model": None}):
        with pytest.raises(InvalidOptionError, match=next(iter(wrong))):
            structgen.ray.generate([], **{"model": "smollm2", "prompt": "a", "constraint": SCHEMA, **wrong})

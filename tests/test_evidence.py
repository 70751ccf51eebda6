"""The benchmarks of sampling: their judges, their arms, their figures, their report. Nothing is timed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rich", reason="rich is not installed")

import report
import run
import validity
from evidence import arms, figures, plots, readme, results, tables, tasks
from sampling.scripted import Scripted, candidate

from structgen import Candidate

ROOT = Path(__file__).parent.parent
GREEDY = ("quality", "generate", "text_to_sql", "grammar_masks", "repair_suites")
"""Results in which nothing is random: greedy decoding, texts that are given."""
LACKING: dict[str, str] = {}
"""What results lack that are from before their benchmarks wrote it down."""


def test_references_are_valid_and_judged_by_others() -> None:
    found = tasks.built_in() + tasks.arithmetic()
    assert {task.family for task in found} == {
        "extraction",
        "tools",
        "regex",
        "classification",
        "sql",
        "arithmetic",
    }
    for task in found:
        assert not task.is_valid("nonsense"), task.name
        if task.reference is not None:
            text = json.dumps(task.reference) if isinstance(task.reference, dict) else task.reference
            assert task.is_valid(text), task.name
            assert task.constraint.is_valid(text), task.name


def test_sqlite_judges_queries() -> None:
    task = next(one for one in tasks.built_in() if one.family == "sql")
    assert task.is_valid("SELECT name FROM poets WHERE born > 1760;")
    assert task.constraint.is_valid("SELECT name FROM poets WHERE born > 1760;")
    assert not task.is_valid("SELECT age FROM poets;")
    assert task.is_parseable("SELECT age FROM poets;")
    assert not task.constraint.is_valid("SELECT age FROM poets;")


def test_the_schemas_of_the_repository_are_records() -> None:
    import jsonschema

    for line in (tasks.FOLDER / "schemas.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        for one in record["tests"]:
            assert jsonschema.Draft202012Validator(record["schema"]).is_valid(one["data"]) == one["valid"]


def test_families_come_in_turn(tmp_path: Path) -> None:
    records = [{"id": f"{family}_{n}", "schema": {"type": "string"}} for family in "ab" for n in range(9)]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    found, refused = tasks.of_maskbench(path, 6, seed=1)
    assert [one.name[0] for one in found] == ["a", "b"] * 3
    assert refused == []
    assert [one.name for one in found] == [one.name for one in tasks.of_maskbench(path, 6, seed=1)[0]]


def test_schemas_that_are_refused_are_named(tmp_path: Path) -> None:
    schemas = [{"type": "string"}, {"type": "string", "pattern": r"(a+)b\1"}]
    records = [{"id": f"a_{n}", "schema": schema} for n, schema in enumerate(schemas)]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    found, refused = tasks.of_maskbench(path, 2, seed=1)
    assert ([one.name for one in found], refused) == (["a_0"], ["a_1"])


def test_seconds_are_compared_within_a_part_of_a_run() -> None:
    answer = {"parseable": True, "valid": True, "cut": False, "tokens": 1, "attempts": 1, "family": "schemas"}
    found = [
        {"task": task, "arm": arm, "part": part, "seconds": seconds, **answer}
        for task, arm, part, seconds in [
            ("a", "prompt only", 0, 1.0),
            ("a", "mask", 1, 9.0),
            ("b", "prompt only", 1, 2.0),
            ("b", "mask", 1, 3.0),
        ]
    ]
    assert validity.in_one_part(found) == {"b"}
    assert [(row["seconds"], row["added"]) for row in validity.summary(found)] == [(2.0, 0.0), (3.0, 1.0)]


def test_a_task_without_an_answer_counts_as_not_valid() -> None:
    answer = {"parseable": True, "valid": True, "cut": False, "tokens": 1, "attempts": 1, "seconds": 1.0}
    found = [
        {"task": "a", "family": "schemas", "arm": "mask", **answer},
        {"task": "b", "family": "schemas", "arm": "mask", "error": "LimitExceeded"},
    ]
    (row,) = validity.summary(found)
    assert (row["tasks"], row["errors"], row["valid"], row["ended"]) == (2, 1, 1, 1)
    by_family = validity.families(found)
    assert by_family == {"mask": {"schemas": (1, 2)}}
    versions = dict.fromkeys(figures.PACKAGES, "1")
    machine = {"processor": "p", "threads": 1, "load": 0.0, "date": "d", "versions": versions}
    shown = tables.validity(
        {
            "model": "m",
            "weights": "float32",
            "tasks": 2,
            "max_new_tokens": 8,
            "data": "dev.jsonl",
            "seed": 0,
            "machine": machine,
            "machines": [machine, machine],
            "arms": [row],
            "families": by_family,
            "answers": found,
            "refused": ["c"],
        }
    )
    assert "b: LimitExceeded" in shown
    assert "asked of no arm: c." in shown
    assert "| mask | 50% (9%–91%) | 50% (9%–91%) | 1 of 1 |" in shown


def answered(arm: arms.Arm, task: tasks.Task, sampler: arms.Shared) -> dict[str, Any]:
    return arms.judged(arm, task, arms.measure(arm, task, sampler, 64))


def test_arms_share_what_they_ask_alike_and_are_charged_for_it() -> None:
    task = next(one for one in tasks.built_in() if one.family == "extraction")
    inner = Scripted(candidate("nonsense", -1.0), candidate(json.dumps(task.reference), -1.0))
    sampler = arms.Shared(inner)
    by_name = {arm.name: arm for arm in arms.arms()}
    first = answered(by_name["prompt with schema"], task, sampler)
    second = answered(by_name["+ retry 3 with feedback"], task, sampler)
    assert (first["valid"], second["valid"]) == (False, True)
    assert second["attempts"] == 2
    assert len(inner.calls) == 2
    assert second["tokens"] > first["tokens"]
    assert list(arms.by_arm([first, second])) == ["prompt with schema", "+ retry 3 with feedback"]


def test_arms_differ_in_what_their_repair_knows() -> None:
    task = next(one for one in tasks.built_in() if one.family == "extraction")
    right = json.dumps(task.reference)
    wrong_type = right.replace(str(task.reference["born"]), f'"{task.reference["born"]}"')
    assert wrong_type != right
    by_name = {arm.name: arm for arm in arms.arms()}
    assert list(by_name) == [
        "prompt only",
        "prompt with schema",
        "+ repair (syntax)",
        "+ repair (schema), lossless",
        "+ repair (schema), guesses too",
        "+ retry 3 with feedback",
        "+ best of 4",
        "mask",
        "mask + vote of 3",
    ]
    for text, parseable, valid in (
        (right, [True, True, True], [True, True, True]),
        (f"```json\n{right}\n```", [False, True, True], [False, True, True]),
        (wrong_type, [True, True, True], [False, False, True]),
        ('Sure! {"type": "object",}', [False, True, True], [False, False, False]),
        ("I do not know.", [False, False, False], [False, False, False]),
    ):
        sampler = arms.Shared(Scripted(text))
        names = ("prompt with schema", "+ repair (syntax)", "+ repair (schema), lossless")
        found = [answered(by_name[name], task, sampler) for name in names]
        assert [one["parseable"] for one in found] == parseable, text
        assert [one["valid"] for one in found] == valid, text


def test_a_repair_of_an_arm_closes_no_answer_that_was_cut() -> None:
    task = next(one for one in tasks.built_in() if one.family == "extraction")
    by_name = {arm.name: arm for arm in arms.arms()}
    sampler = arms.Shared(Scripted(Candidate('{"name": "Rob', 4, finish_reason="length")))
    found = answered(by_name["+ repair (syntax)"], task, sampler)
    assert (found["cut"], found["parseable"], found["valid"]) == (True, False, False)


def test_an_answer_of_an_earlier_run_is_judged_anew() -> None:
    task, arm = tasks.built_in()[0], arms.arms()[0]
    known = {
        "task": task.name,
        "arm": arm.name,
        "cut": False,
        "text": json.dumps(task.reference),
        "valid": False,
    }
    assert arms.judged(arm, task, known)["valid"]
    assert arms.judged(arm, task, {"error": "LimitExceeded"}) == {"error": "LimitExceeded"}


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    about, answer = {"seed": 0}, {"arm": "mask", "valid": True}
    first = validity.Answers(path, about, {"load": 1.0})
    for task in ("a", "b"):
        first.add({"task": task, **answer})
    path.write_text(path.read_text()[:-9])  # in the middle of the last answer
    second = validity.Answers(path, about, {"load": 2.0})
    assert second.known == {("a", "mask"): {"task": "a", **answer}}
    second.add({"task": "b", **answer})
    third = validity.Answers(path, about, {"load": 3.0})
    assert list(third.known) == [("a", "mask"), ("b", "mask")]
    assert third.machines == [{"load": 1.0}, {"load": 2.0}]  # nothing was asked since
    with pytest.raises(SystemExit, match="of another run"):
        validity.Answers(path, {"seed": 1}, {})
    path.write_text('{"se')
    assert validity.Answers(path, about, {}).known == {}
    assert json.loads(path.read_text().splitlines()[0]) == about


def test_the_first_tasks_are_of_all_families() -> None:
    found = tasks.in_turn(tasks.built_in())
    assert len(found) == len(tasks.built_in())
    assert len({task.family for task in found[:5]}) == 5
    assert [task.name for task in found if task.family == "sql"] == [f"sql {n}" for n in range(6)]


def test_formats_and_constants_that_are_not_json_are_judged(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    schema = {
        "type": "object",
        "properties": {"at": {"type": "string", "format": "ipv4"}, "n": {"type": "number"}},
    }
    path.write_text(json.dumps({"id": "a_1", "schema": schema}) + "\n")
    (task,), _ = tasks.of_maskbench(path, 1, seed=0)
    assert task.is_valid('{"at": "127.0.0.1"}')
    assert not task.is_valid('{"at": "nowhere"}')
    assert not task.is_parseable('{"n": NaN}')


@pytest.mark.parametrize(
    ("answer", "hits"),
    [
        ('{"name": "Robert Burns", "born": 1759, "place": "Alloway"}', 3),
        ('Sure! {"name": "robert burns", "born": 1759.0, "place": "Alloway "}', 0),
        ('{"name": "Robert Burns"} and more', 1),
        ("Robert Burns, 1759", 0),
    ],
)
def test_right_fields_are_exactly_those_of_the_reference(answer: str, hits: int) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    import quality

    task = tasks.built_in()[0]
    assert task.reference == {"name": "Robert Burns", "born": 1759, "place": "Alloway"}
    assert quality.right(task, answer) == (hits, 3)


def test_what_is_cut_is_told() -> None:
    task = tasks.built_in()[0]
    sampler = arms.Shared(Scripted(Candidate("{", 1, finish_reason="length")))
    assert arms.measure(arms.arms()[0], task, sampler, 1)["cut"]


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_intervals_are_those_of_wilson(hits: int, count: int, low: float, high: float) -> None:
    assert figures.interval(hits, count) == pytest.approx((low, high), abs=1e-4)


def test_the_report_has_what_was_measured(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    family = {"family": "<&>", "questions": 2, "fields": 2, "fields, free read": 0, "removed mass": 0.5}
    family |= dict.fromkeys(("free valid", "masked valid", "free right", "masked right"), 1)
    family |= dict.fromkeys(("free right, free read", "masked right, free read"), 0) | {
        "argmax changed": 0.25
    }
    results.write(tmp_path / "quality.json", "quality", {"model": "m", "weights": "w", "families": [family]})
    assert {path.name for path in tmp_path.iterdir()} == {
        f"quality.{kind}" for kind in ("json", "md", "svg", "png")
    }
    found, drawn = report.rendered(tmp_path)
    assert found["quality"] == (tmp_path / "quality.md").read_text(encoding="utf-8")
    page = report.page(found, drawn)
    assert "<td>&lt;&amp;&gt;</td><td>1 of 2</td>" in page
    assert "<svg" in page
    assert 'src="' not in page
    assert "| <&> | 1 of 2 |" in report.markdown(found, drawn)
    machine = json.loads((tmp_path / "quality.json").read_text())["machine"]
    assert machine["versions"]["structgen"]
    assert f"{machine['processor']}, load " in found["quality"]


def test_the_readme_is_filled_where_it_says_so() -> None:
    text = (
        "a\n<!-- bench:validity -->\nold\n<!-- /bench -->\nb\n<!-- bench:unknown -->\nkept\n<!-- /bench -->\n"
    )
    filled = report.filled(text, {"validity": "| new |\n"})
    assert "old" not in filled
    assert "| new |" in filled
    assert "kept" in filled
    assert report.filled(filled, {"validity": "| new |\n"}) == filled


def test_the_readme_has_the_figures_of_the_results() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = readme.blocks(report.RESULTS)
    assert found.keys() >= {"masks", "validity"}
    for name in ("masks", "validity", "latency"):
        assert f"<!-- bench:{name} -->" in text
    assert report.filled(text, found) == text
    page = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    assert "<!-- bench:text_to_sql -->" in page
    assert report.filled(page, found) == page


def test_results_in_the_repository_are_all_in_the_report() -> None:
    found = report.tables(report.RESULTS)
    assert {path.stem for path in report.RESULTS.glob("*.json")} == found.keys()
    for name, table in found.items():
        assert table.startswith("|") or "\n|" in table, name
    page = (report.RESULTS / "report.html").read_text(encoding="utf-8")
    text = (report.RESULTS / "report.md").read_text(encoding="utf-8")
    for name, table in found.items():
        assert f"## {report.TITLES[name]}\n\n{table}" in text, name
        assert report._html_of(table) in page, name


@pytest.mark.parametrize("source", sorted(report.RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_each_result_has_a_table_a_plot_and_says_where_it_comes_from(source: Path) -> None:
    found = json.loads(source.read_text(encoding="utf-8"))
    assert source.with_suffix(".md").read_text(encoding="utf-8") == tables.TABLES[source.stem](found)
    assert source.with_suffix(".svg").read_text(encoding="utf-8").startswith("<?xml")
    assert source.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    lacking = LACKING.get(source.stem)
    assert lacking not in found  # measured anew? Then take it off the list
    if lacking == "machine":
        return
    machine = found["machine"]
    assert machine["processor"]
    assert machine["python"]
    assert machine["date"]
    assert (found.get("versions") or machine["versions"])["structgen"]
    if source.stem not in GREEDY and lacking != "seed":
        assert isinstance(found.get("options", found)["seed"], int)


def test_every_benchmark_has_a_table_and_a_plot() -> None:
    assert report.TITLES.keys() == tables.TABLES.keys() == plots.PLOTS.keys()


def test_other_benchmarks_of_repair_have_tables_too() -> None:
    of_model = {
        "model": "m",
        "prompts": 4,
        "seed": 0,
        "max new tokens": 9,
        "cut off": 1,
        "judge": "jsonschema",
        "answers": {
            "as it stands": {"json": 1, "valid": 0},
            "repaired": {"json": 4, "valid": 3, "lossless": 2},
        },
    }
    assert "| repaired | 100% (51%–100%) | 75% (30%–95%) | 2 |" in tables.repair_model(of_model)
    of_speed = {"single": {"comma": {"seconds for 1 MB": 0.1}}, "exponents": {"fences": 1.02}}
    assert "| comma | 0.1 | – | – |" in tables.repair_speed(of_speed)
    assert "| fences | 1.02 |" in tables.repair_speed(of_speed)


def test_a_gpu_has_a_table_and_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = {
        "machine": {"device": "A GPU", "processor": "p", "date": "d"},
        "seed": 0,
        "results": [{"width": 131072, "batch": 8, "apply": {"copy": 10.0, "structgen": 11.0}}],
        "loop": {"free": 20.0, "DeviceMatcher": 21.0},
        "steps": {"8": {"free": 10.0, "LogitsProcessor": 10.1}},
    }
    results.write(tmp_path / "gpu.json", "gpu", found)
    assert "| 128k, batch 8 | 10.0 (1.00) | 11.0 (1.10) |" in (tmp_path / "gpu.md").read_text(
        encoding="utf-8"
    )
    assert (tmp_path / "gpu.png").read_bytes().startswith(b"\x89PNG")


def test_a_heading_without_words_keeps_its_column() -> None:
    page = report._html_of(figures.table(["", "a"], [["x", 1]]))
    assert "<th></th><th>a</th>" in page
    assert "<td>x</td><td>1</td>" in page


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.0049967, 2, "0.0050"), (13955.9, 3, "13,956"), (0.5355, 2, "0.54"), (9.996, 3, "10.00"), (0, 3, "0")],
)
def test_figures_have_the_digits_that_say_something(value: float, digits: int, text: str) -> None:
    assert figures.short(value, digits) == text


def test_latency_is_in_the_readme_once_it_is_measured(tmp_path: Path) -> None:
    cells = [
        {"library": name, "width": 49152, "batch": batch, "added_ms": added}
        for name, added in (("none", None), ("structgen", 0.2345), ("absent", None))
        for batch in (1, 8)
    ]
    machine = {"versions": {"structgen": "0.1.0"}, "processor": "p", "load": 0.1, "date": "d"}
    (tmp_path / "latency.json").write_text(
        json.dumps(
            {
                "results": cells,
                "machine": machine,
                "device": "CPU",
                "threads": 1,
                "steps": 12,
                "rounds": 1,
                "vocabularies": ["a"],
            }
        )
    )
    found = readme.blocks(tmp_path)["latency"]
    assert "| structgen 0.1.0 | 0.234 | 0.234 |\n| absent | – | – |" in found
    assert "latency.md" in found


def test_a_benchmark_that_fails_or_takes_too_long_is_told_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.py").write_text("print('reported')")
    (tmp_path / "slow.py").write_text("import time; time.sleep(600)")
    (tmp_path / "broken.py").write_text("raise SystemExit(3)")
    (tmp_path / "good.py").write_text("print('measured')")
    monkeypatch.setattr(run, "FOLDER", tmp_path)
    monkeypatch.setattr(run, "LONGEST", 4)
    monkeypatch.setattr(
        run, "plan", lambda *_, **__: {name: [f"{name}.py"] for name in ("slow", "broken", "good")}
    )
    monkeypatch.setattr(sys, "argv", ["run.py", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match=r"slow took more than 4 s; broken ended with 3"):
        run.main()
    printed = capfd.readouterr().out
    assert "measured" in printed
    assert "reported" in printed


def test_data_that_are_not_there_are_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", "--out", str(tmp_path), "--data", str(tmp_path / "no.jsonl")])
    with pytest.raises(SystemExit, match=r"no file or folder .*no\.jsonl"):
        run.main()


def test_the_plan_names_benchmarks_and_options_that_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for full in (False, True):
        for name, (script, *arguments) in run.plan(tmp_path, tmp_path / "data.jsonl", full=full).items():
            text = (run.FOLDER / script).read_text(encoding="utf-8")
            for argument in arguments:
                assert not argument.startswith("--") or f'"{argument}"' in text, (name, argument)


def test_an_unknown_benchmark_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", "--out", str(tmp_path), "nothing"])
    with pytest.raises(SystemExit, match="no benchmark nothing"):
        run.main()


def test_bench_runs_the_script_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    typer_testing = pytest.importorskip("typer.testing", reason="typer is not installed")
    from structgen import cli

    called: list[Any] = []

    class Ended:
        returncode = 0

    def instead(command: list[str], *, check: bool) -> Ended:
        called.append(command)
        return Ended()

    monkeypatch.setattr("subprocess.run", instead)
    result = typer_testing.CliRunner().invoke(cli.app, ["bench", "masks", "--full"])
    assert result.exit_code == 0
    assert called[0][1:] == [str(ROOT / "benchmarks" / "run.py"), "masks", "--full"]

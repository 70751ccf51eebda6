"""structgen.ray: many rows on a cluster, by Ray Data with a pool of actors.

    rows = ray.data.read_parquet("reviews")
    answers = structgen.ray.generate(
        rows, model="smollm2", prompt="Summarise as JSON: {text}", constraint=schema, checkpoint="answers",
    )
    answers.write_parquet("results")

Each actor holds a model, or asks a server. An actor writes its answers into the folder `checkpoint` as soon as it has
them, one Parquet file for each batch; what is there is not asked again, after the death of an actor or of the driver.
The folder must be one that all machines see.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from structgen.constraint import Constraint
from structgen.errors import InvalidOptionError, NoValidOutput, StructgenError, install_hint
from structgen.frontends.conversion import as_constraint
from structgen.options import Instance, Whole, check_option
from structgen.sampling import Outcome, Retry, sample

_RESULTS = ("value", "text", "ok", "attempts", "tokens", "error")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Job:
    """What an actor does with each row.

    Attributes:
        model: what its sampler asks.
        api_model: the name of the model, if `model` is the address of a server.
        prompt: a template, or a function of a row.
        constraint: of all rows, or a function of a row.
        strategy: by which the sampler is asked.
        max_new_tokens: of each answer.
        checkpoint: the folder of the answers; None: they are not kept.
    """

    model: Any
    api_model: str | None
    prompt: str | Callable[[Row], Any]
    constraint: Any
    strategy: Any
    max_new_tokens: int
    checkpoint: str | None

    def prompt_of(self, row: Row) -> Any:
        """The prompt of a row."""
        return self.prompt.format_map(row) if isinstance(self.prompt, str) else self.prompt(row)

    def constraint_of(self, row: Row) -> Constraint:
        """The constraint of a row."""
        if isinstance(self.constraint, Constraint):
            return self.constraint
        return as_constraint(self.constraint(row))

    def key(self, prompt: Any, constraint: Constraint) -> str:
        """What the answer depends on, in one text."""
        try:
            form = constraint.to_json()
        except InvalidOptionError:
            form = constraint.description
        model = self.model if isinstance(self.model, str) else getattr(self.model, "__name__", "")
        parts = [prompt, form, model, self.api_model, repr(self.strategy), self.max_new_tokens]
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def generate(
    dataset: Any,
    *,
    model: str | Callable[[], Any],
    prompt: str | Callable[[Row], Any],
    constraint: Any,
    strategy: Any = None,
    max_new_tokens: int = 512,
    actors: int | tuple[int, int] = 1,
    batch_size: int = 8,
    checkpoint: str | os.PathLike[str] | None = None,
    api_model: str | None = None,
    **resources: Any,
) -> Any:
    """Ask a model about each row of a dataset. Lazy, as all of Ray Data: it runs when the result is read.

    Args:
        dataset: a `ray.data.Dataset`, or an iterable of dicts.
        model: a name or folder for transformers, as of `structgen.load_model`; the address of a server of the OpenAI
            API ("http://..."); or a function without arguments that makes a sampler, called once in each actor.
        prompt: a template over the columns, "Summarise: {text}"; or a function of a row that returns a text or chat
            messages.
        constraint: of all rows, what `as_constraint` takes; or a function of a row that returns one. (A Python
            function cannot itself be the constraint: pass `as_constraint(function)`.)
        strategy: of `structgen.sample`; None: `Retry()`.
        max_new_tokens: of each answer.
        actors: how many work at the same time; two numbers: at least and at most.
        batch_size: rows that an actor takes, and writes, at a time.
        checkpoint: a folder for answers that are there; None: after a crash all are asked again.
        api_model: the name of the model at a server.
        **resources: for `map_batches` of Ray Data: `num_cpus`, `num_gpus`, `runtime_env`.

    Returns:
        The dataset with these columns more: `value` (JSON text, null if there is none), `text`, `ok`, `attempts` and
        `tokens` (numbers), `error` (null if all is well). A row that fails stays, with its error. A column of the
        dataset that has one of these names is replaced.

    Raises:
        ImportError: Ray is not installed.
        InvalidOptionError: An option has a value that it may not have.

    An actor that dies is started again, and its batch is done by another.
    """
    data = _ray_data()
    check_option("max_new_tokens", max_new_tokens, (Whole(1),))
    check_option("batch_size", batch_size, (Whole(1),))
    for number in actors if isinstance(actors, tuple) else (actors,):
        check_option("actors", number, (Whole(1),))
    check_option("prompt", prompt, (Instance(str, "a text"),) if not callable(prompt) else (prompt,))
    check_option("model", model, (Instance(str, "a text"),) if not callable(model) else (model,))
    one_for_each = callable(constraint) and not isinstance(constraint, (Constraint, type))
    job = _Job(
        model,
        api_model,
        prompt,
        constraint if one_for_each else as_constraint(constraint),
        strategy or Retry(),
        max_new_tokens,
        None if checkpoint is None else os.path.abspath(checkpoint),
    )
    rows = dataset if hasattr(dataset, "map_batches") else data.from_items(_plain(dataset))
    return rows.map_batches(
        _Actor,
        fn_constructor_args=[job],
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=_pool(data, actors),
        max_restarts=-1,
        max_task_retries=-1,
        **resources,
    )


class _Actor:
    """A sampler, and the answers that are there."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._sampler: Any = None
        self._done = _read(job.checkpoint)

    def __call__(self, batch: Any) -> Any:
        rows = batch.to_pylist()
        answers = []
        new: dict[str, dict[str, Any]] = {}
        for row in rows:
            key, answer = self._answer(row)
            answers.append(answer)
            if key is not None and key not in self._done:
                new[key] = answer
        if new and self._job.checkpoint is not None:
            _write(self._job.checkpoint, new)
            self._done.update(new)
        return _table([{**row, **answer} for row, answer in zip(rows, answers, strict=True)])

    def _answer(self, row: Row) -> tuple[str | None, dict[str, Any]]:
        """The answer to a row, and its key; no key if the failure may be a passing one."""
        job = self._job
        try:
            prompt, constraint = job.prompt_of(row), job.constraint_of(row)
            key = job.key(prompt, constraint)
            if key in self._done:
                return key, self._done[key]
            return key, _result(self._ask(prompt, constraint))
        except NoValidOutput as error:
            return None, _failure(error, error.outcome)
        except Exception as error:  # of this row; the others go on
            return None, _failure(error)

    def _ask(self, prompt: Any, constraint: Constraint) -> Outcome:
        if self._sampler is None:
            self._sampler = _sampler(self._job)
        job = self._job
        return sample(
            self._sampler,
            prompt,
            constraint,
            job.strategy,
            max_new_tokens=job.max_new_tokens,
            on_failure="best",
        )


def _ray_data() -> Any:
    try:
        import ray.data
    except ImportError:
        raise ImportError(f"structgen.ray needs Ray: {install_hint('ray')}") from None
    return ray.data


def _pool(data: Any, actors: int | tuple[int, int]) -> Any:
    least, most = actors if isinstance(actors, tuple) else (actors, actors)
    return data.ActorPoolStrategy(min_size=least, max_size=most)


def _plain(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


def _sampler(job: _Job) -> Any:
    if not isinstance(job.model, str):
        return job.model()
    if job.model.startswith(("http://", "https://")):
        from openai import OpenAI

        from structgen.sampling import OpenAISampler

        client = OpenAI(base_url=job.model, api_key=os.environ.get("OPENAI_API_KEY", "none"))
        return OpenAISampler(client, job.api_model or client.models.list().data[0].id)
    from structgen.generation import TransformersSampler, load_model

    return TransformersSampler(*load_model(job.model))


def _result(outcome: Outcome) -> dict[str, Any]:
    return {
        "value": json.dumps(outcome.value, default=str, ensure_ascii=False) if outcome.ok else None,
        "text": outcome.text,
        "ok": outcome.ok,
        "attempts": len(outcome.attempts),
        "tokens": outcome.token_count,
        "error": None if outcome.ok else _reason(outcome),
    }


def _reason(outcome: Outcome) -> str:
    return outcome.reason or (outcome.chosen.error if outcome.chosen else None) or "there is no valid answer"


def _failure(error: Exception, outcome: Outcome | None = None) -> dict[str, Any]:
    known = _result(outcome) if outcome is not None else dict.fromkeys(_RESULTS)
    code = f"[{error.code}] " if isinstance(error, StructgenError) else ""
    told = f"{code}{type(error).__name__}: {error}"
    return {
        "attempts": 0,
        "tokens": 0,
        **known,
        "value": None,
        "ok": False,
        "text": known["text"] or "",
        "error": told,
    }


def _types() -> dict[str, Any]:
    import pyarrow as pa

    return {
        "value": pa.string(),
        "text": pa.string(),
        "ok": pa.bool_(),
        "attempts": pa.int64(),
        "tokens": pa.int64(),
        "error": pa.string(),
    }


def _table(rows: list[dict[str, Any]]) -> Any:
    """Rows as a table. The types of the results do not depend on what is in them, so that all blocks are alike."""
    import pyarrow as pa

    table = pa.Table.from_pylist(rows)
    for name, kind in _types().items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).cast(kind))
    return table


def _read(folder: str | None) -> dict[str, dict[str, Any]]:
    """The answers in a folder, by their keys. A file is complete: it gets its name when it is."""
    if folder is None or not os.path.isdir(folder):
        return {}
    import pyarrow.parquet as pq

    found: dict[str, dict[str, Any]] = {}
    for file in sorted(Path(folder).glob("*.parquet")):
        for row in pq.read_table(file).to_pylist():
            found[row.pop("key")] = row
    return found


def _write(folder: str, answers: dict[str, dict[str, Any]]) -> None:
    import pyarrow.parquet as pq

    os.makedirs(folder, exist_ok=True)
    path = Path(folder) / f"{uuid.uuid4().hex}.parquet"
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(_table([{"key": key, **answer} for key, answer in answers.items()]), unfinished)
    os.replace(unfinished, path)

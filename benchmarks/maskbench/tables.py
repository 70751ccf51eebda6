"""Tables: a summary for people. The first engine is the subject; the others are its peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from maskbench.cases import Case, position_at
from maskbench.summary import Place

Decode = Callable[[Sequence[int]], str]

_TIMED = ("first mask, ms", "cold, µs", "warm, µs")
_STATISTICS = ("mean", "p50", "p90", "p99", "p99.9", "max")
_NONE = "–"


def engines_table(report: Mapping[str, Any]) -> Table:
    """What became of the schemas and their instances."""
    table = _table("Schemas and answers", "engine", "version", "loaded", "schemas", "not measured")
    for title in ("valid, rejected", "invalid, accepted", "differ", "interrupted"):
        table.add_column(title, justify="right")
    for name in report["options"]["engines"]:
        found = report["engines"].get(name)
        if found is None:
            table.add_row(name, *[_NONE] * 8)
            continue
        outcomes = dict(found["schemas"])
        measured = outcomes.pop("measured", 0)
        table.add_row(
            name,
            report["versions"][name],
            f"{report['vocabulary load, s'][name]:.2f} s",
            str(measured),
            ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "0",
            f"{found['valid rejected']} of {found['valid instances']}",
            f"{found['invalid accepted']} of {found['invalid instances']}",
            str(found["mask and advance differ"]),
            str(found["interrupted tokens"]),
        )
    return table


def figures_table(report: Mapping[str, Any]) -> Table:
    """Each engine on all that it read."""
    table = _table("Unpaired: each engine on all that it read", "", "engine", "count", *_STATISTICS)
    for timed in _TIMED:
        for name, found in report["engines"].items():
            table.add_row(timed, name, *_figures(found[timed]))
        table.add_section()
    return table


def paired_table(report: Mapping[str, Any], peer: str) -> Table:
    """The subject and one peer on what both read."""
    subject = report["subject"]
    table = _table(f"Paired: what both {subject} and {peer} read", "", "", "count", *_STATISTICS)
    for timed in _TIMED:
        found = report["paired"][peer][timed]
        table.add_row(timed, subject, *_figures(found["subject"]))
        table.add_row("", peer, *_figures(found["peer"]))
        table.add_row(
            "", f"{subject} / {peer}", "", *_figures({"count": 0, **found["ratio"]})[1:], style="bold"
        )
        table.add_section()
    return table


def bounded_table(report: Mapping[str, Any]) -> Table:
    """What a large bound costs."""
    table = _table("Large bounds, compared with the same schema without", "", "engine", "first mask", "added")
    for request in ("cold", "warm"):
        for statistic in ("mean", "p50", "p99", "max"):
            table.add_column(f"{request} {statistic}", justify="right")
    for name, engines in report["large bounds"].items():
        for engine, found in engines.items():
            if "failed" in found:
                table.add_row(name, engine, escape(found["failed"].splitlines()[0][:60]))
                continue
            times = (f"{found[key]:.2f} ms" for key in ("first mask, ms", "first mask added, ms"))
            factors = (
                f"{found[f'{request}, ratio'].get(statistic, float('nan')):.2f}x"
                for request in ("cold", "warm")
                for statistic in ("mean", "p50", "p99", "max")
            )
            table.add_row(name, engine, *times, *factors)
        table.add_section()
    return table


def places_table(title: str, places: Sequence[Place], cases: Mapping[str, Case], decode: Decode) -> Table:
    """Where time went, with what is needed to go there again."""
    table = _table(title, "schema", "instance", "token", "microseconds", "where")
    for place in places:
        case = cases[place.case]
        where = f"{len(case.schema):,} bytes of schema"
        if place.instance is not None:
            where = _where(case, place.instance, place.token, decode)
        table.add_row(
            place.case,
            _NONE if place.instance is None else str(place.instance),
            _NONE if place.instance is None else str(place.token),
            ", ".join(f"{name} {time / 1e3:,.1f}" for name, time in place.nanoseconds.items()),
            escape(where),
        )
    return table


def wrong_table(
    engine: str, wrong: Sequence[Mapping[str, Any]], cases: Mapping[str, Case], decode: Decode
) -> Table:
    """Wrong answers, with the place in the text."""
    table = _table(f"Wrong answers of {engine}", "schema", "what", "instance", "where")
    for answer in wrong:
        instance = answer.get("instance")
        where = answer.get("reason", "")
        if "token" in answer and instance is not None:
            where = f"{_where(cases[answer['schema']], instance, answer['token'], decode)} {where}"
        table.add_row(
            answer["schema"], answer["kind"], str(_NONE if instance is None else instance), escape(where)
        )
    return table


def kinds_table(engine: str, found: Mapping[str, Mapping[str, float]]) -> Table:
    """Where in the texts the time of cold tokens went."""
    table = _table(
        f"Cold tokens of {engine} by what is being written, µs", "", "share", "count", *_STATISTICS
    )
    for kind, one in sorted(found.items(), key=lambda item: -item[1]["share"]):
        table.add_row(kind, f"{one['share']:.1%}", *_figures(one))
    return table


def _where(case: Case, number: int, position: int, decode: Decode) -> str:
    """Pointer, the text before, and the token in question."""
    tokens = next(instance.tokens for instance in case.instances if instance.number == number)
    before = decode(tokens[:position])
    token = decode(tokens[position : position + 1]) if position < len(tokens) else "end of text"
    return f"{position_at(before).pointer or '/'}  …{before[-30:]!r} · {token!r}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for column in columns:
        right = column in ("count", *_STATISTICS)
        table.add_column(
            column, justify="right" if right else "left", no_wrap=column in ("engine", "schema", "")
        )
    return table


def _figures(found: Mapping[str, float]) -> list[str]:
    return [f"{found.get('count', 0):,.0f}", *(_number(found.get(name)) for name in _STATISTICS)]


def _number(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"

"""The function that others call: a Lark grammar as a constraint."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from structgen.constraint import Constraint, judge_by_grammar
from structgen.constraint import Judge as ConstraintJudge
from structgen.errors import InvalidLarkError, Problem
from structgen.frontends.lark.adjacency import Adjacency
from structgen.frontends.lark.dead_ends import check_dead_ends, part_ignored
from structgen.frontends.lark.declared import Declared, rules_of_declared
from structgen.frontends.lark.judge import Judge, ParserName
from structgen.frontends.lark.lexing import Lexicon, readings
from structgen.frontends.lark.loading import Loaded, expand, load
from structgen.frontends.lark.rules import rules_of_expansions, rules_of_trees
from structgen.frontends.lark.sources import Source
from structgen.frontends.lark.tables import NotLALR, Table
from structgen.frontends.prepared import place
from structgen.grammar.expressions import EPSILON
from structgen.grammar.rules import Grammar, Reference, RuleExpression, Sequence, Terminal
from structgen.language.storing import from_data, to_data
from structgen.limits import Limits
from structgen.options import check_flags, check_option

Lexer = Literal["contextual", "dynamic"]

_RELATIVE_IMPORT = re.compile(r"^\s*%import\s+\.", re.MULTILINE)
"""Of a file that may have changed since. (What Lark has of its own does not.)"""


def lark(
    grammar: str | os.PathLike[str],
    *,
    start: str = "start",
    lexer: Lexer = "contextual",
    terminals: Mapping[str, Declared] | None = None,
    import_paths: SequenceOf[str | os.PathLike[str] | Callable[..., Any]] = (),
    strict: bool = True,
    limits: Limits | None = None,
) -> Constraint:
    """The text is one that Lark parses with a grammar.

    Args:
        grammar: the text of a grammar, the path of one (a `str` that ends in `.lark`, or a `Path`), or the name of one
            that comes with structgen: "arithmetic", "json".
        start: the rule that the whole text must match.
        lexer: "contextual": the longest match of the terminals that can come, as Lark's LALR parser with its
            contextual lexer reads; if the grammar is not LALR(1), Lark's Earley parser reads the texts too.
            "dynamic": a terminal ends where its own pattern does, whatever else could come, as in Lark's Earley
            parser.
        terminals: what stands for terminals that the grammar only declares; `docs/lark.md` has examples. Lark does
            not know these texts then: `validate()` checks them by the grammar, and their value is the text.
        import_paths: where `%import` looks first, as in Lark.
        strict: whether it is an error if texts could come out that Lark does not parse. Otherwise what may go wrong
            is listed in `constraint.unenforced`.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose value is the parse tree, a `lark.Tree`.

    Raises:
        InvalidLarkError: The grammar is malformed, or asks for what a mask can't do; with line and column.
        EmptyLanguageError: Its start rule has no text.
        InvalidOptionError: An option has a value that it may not have.

    `docs/lark.md` says how texts are read, and where that differs from Lark.

    >>> pair = lark('''
    ... start: "(" NUMBER "," NUMBER ")"
    ... %import common.NUMBER
    ... ''')
    >>> pair.is_valid("(1,2.5)"), pair.is_valid("(1,)")
    (True, False)
    """
    check_option("lexer", lexer, get_args(Lexer))
    check_flags(strict=strict)
    source, given = _find(grammar), dict(terminals or {})
    if given or import_paths or _RELATIVE_IMPORT.search(source.text):
        made = _make(source, start, lexer, given, import_paths, strict)
    else:
        made = _make_once(source.text, source.path, start, lexer, strict)
    return Constraint(
        made.grammar,
        made.judge,
        unenforced=made.unenforced,
        description=f"Lark grammar {source.path or _first_line(source.text)!r}",
        limits=limits or Limits(),
    )


@dataclass(frozen=True)
class _Made:
    """What a grammar becomes; what a `Constraint` is made of."""

    grammar: Grammar
    judge: ConstraintJudge
    unenforced: tuple[Problem, ...]


@lru_cache(32)
def _make_once(text: str, path: str, start: str, lexer: Lexer, strict: bool) -> _Made:
    """A server makes the same constraint for each request, and a process that starts those of the one before it."""
    source = Source(text, path)
    kept = place("lark", text, start, lexer, strict)
    known = _made_of(kept.find(), source, start)
    if known is not None:
        return known
    made = _make(source, start, lexer, {}, (), strict)
    kept.keep(lambda: _data_of(made))
    return made


def _data_of(made: _Made) -> Any:
    assert isinstance(made.judge, Judge)
    problems = [(problem.pointer, problem.reason) for problem in made.unenforced]
    return {"grammar": to_data(made.grammar), "parsers": made.judge.parsers, "unenforced": problems}


def _made_of(data: Any, source: Source, start: str) -> _Made | None:
    """What was kept of a grammar; None if nothing was, or nothing that makes sense."""
    try:
        parsers = tuple(data["parsers"])
        problems = tuple([Problem(str(pointer), str(reason)) for pointer, reason in data["unenforced"]])
        if not parsers or not set(parsers) <= set(get_args(ParserName)):
            return None
        return _Made(from_data(data["grammar"]), Judge(source, start, parsers), problems)
    except (KeyError, TypeError, ValueError):
        return None


def _make(
    source: Source,
    start: str,
    lexer: Lexer,
    given: dict[str, Declared],
    import_paths: SequenceOf[Any],
    strict: bool,
) -> _Made:
    prepared = prepare(source, start, import_paths, given, strict)
    loaded, skeleton, adjacency, lexicon = (
        prepared.loaded,
        prepared.skeleton,
        prepared.adjacency,
        prepared.lexicon,
    )
    table = None if lexer == "dynamic" or given else _table(loaded)
    parsers: tuple[ParserName, ...] = ("earley",) if table is None else ("lalr",)
    if table is not None and table.has_conflicts:
        parsers, table = (
            ("lalr", "earley"),
            None,
        )  # Lark's LALR chooses one way, and reads less than the rules say
    reading = readings(lexicon, table)
    check_dead_ends(
        loaded,
        skeleton,
        adjacency,
        lambda name: lexicon.texts.get(name) if table is None or name not in lexicon.collisions else None,
    )
    bodies, rules = rules_of_declared(loaded, given)
    ignore, explicit = part_ignored(
        reading, (texts.first for name, texts in lexicon.texts.items() if name not in loaded.ignored)
    )

    def with_ignored(terminal: Terminal) -> RuleExpression:
        before = explicit(terminal)
        return terminal if before is None else Sequence((before, terminal))

    if table is None or reading.places is None:
        rules |= rules_of_trees(
            loaded, lambda name: bodies.get(name) or with_ignored(reading.terminals[name])
        )
    else:
        rules |= rules_of_expansions(table.rules, lambda rule, index: with_ignored(reading.at(rule, index)))
    first = start
    at_end = explicit(None)
    if at_end is not None:
        first = f"{start}/text"
        rules[first] = Sequence((Reference(start), at_end))
    return _Made(
        Grammar(rules, first, ignore, lexer),
        judge_by_grammar if given else Judge(source, start, parsers, loaded),
        tuple(dict.fromkeys(lexicon.problems)),
    )


@dataclass(frozen=True)
class Prepared:
    """A grammar, loaded, and what is asked of it first.

    Attributes:
        loaded: as Lark loads it.
        skeleton: its rules, with terminals by name only.
        adjacency: who stands beside whom.
        lexicon: its terminals.
        formulas: those that the caller gave for terminals.
    """

    loaded: Loaded
    skeleton: dict[str, RuleExpression]
    adjacency: Adjacency
    lexicon: Lexicon
    formulas: tuple[str, ...]


def prepare(
    grammar: str | os.PathLike[str] | Source,
    start: str,
    import_paths: SequenceOf[Any],
    terminals: Mapping[str, Declared],
    strict: bool,
) -> Prepared:
    """Load a grammar; arguments and errors are those of `lark`, but for a `Source`, which was found already."""
    paths = [path if callable(path) else os.fspath(path) for path in import_paths]
    source = grammar if isinstance(grammar, Source) else _find(grammar)
    loaded = load(source, start, paths, terminals)
    skeleton = rules_of_trees(loaded, lambda name: Terminal(name, EPSILON))
    adjacency = Adjacency(skeleton, start)
    formulas = tuple(value for value in terminals.values() if isinstance(value, str))
    return Prepared(loaded, skeleton, adjacency, Lexicon(loaded, adjacency, strict), formulas)


def _table(loaded: Loaded) -> Table | None:
    """Lark's parse table; None if the grammar is not LALR(1)."""
    try:
        return Table(expand(loaded), loaded.start, loaded.ignored)
    except NotLALR:
        return None


def _find(grammar: str | os.PathLike[str]) -> Source:
    """The text of a grammar, and where it comes from."""
    if isinstance(grammar, str):
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", grammar):
            return _library(grammar)
        if "\n" in grammar or not grammar.endswith(".lark"):
            return Source(grammar)
    path = Path(grammar)
    try:
        return Source(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidLarkError(f"cannot read the grammar {str(path)!r}: {reason}") from None


def _library(name: str) -> Source:
    folder = files("structgen") / "grammars"
    there = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".lark"))
    if name not in there:
        near = get_close_matches(name, there, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, there))}"
        raise InvalidLarkError(f"no grammar called {name!r} comes with structgen; {hint}")
    return Source((folder / f"{name}.lark").read_text(encoding="utf-8"))


def _first_line(text: str) -> str:
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith(("//", "#"))
    ]
    shown = lines[0] if lines else ""
    return shown if len(shown) <= 60 else shown[:57] + "..."

"""`lark()`: compiles a Lark grammar into a `Constraint`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from structgen.collector import collector_paused
from structgen.constraint import Constraint, Validator, validate_by_grammar
from structgen.errors import Problem
from structgen.frontends.lark.declared import Declared, rules_of_declared
from structgen.frontends.lark.dialect import is_dialect, lark_of_dialect
from structgen.frontends.lark.first_match import terminals_as_lark_reads_them
from structgen.frontends.lark.loading import expand, load
from structgen.frontends.lark.rules import rules_of_expansions, rules_of_trees
from structgen.frontends.lark.sources import Source, find_source
from structgen.frontends.lark.validator import LarkValidator, ParserName
from structgen.frontends.prepared import place
from structgen.grammar.rules import Grammar, Reference, Sequence
from structgen.language.storing import from_data, to_data
from structgen.limits import LIMITS, Limits
from structgen.options import Instance, check_flags, check_option

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
        A constraint whose value is the parse tree, a `lark.Tree`. Of a grammar with extensions (`%json {...}`, `&`,
        `[lazy]` and the others in `docs/lark.md`) it is the text, and with `[capture]` a `structgen.Captured`.

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
    check_option("start", start, (Instance(str, "the name of a rule"),))
    check_option("terminals", terminals, (Instance(Mapping, "a mapping from names to terminals"), None))
    check_option("import_paths", import_paths, (Instance(list, "a list of paths"), Instance(tuple)))
    check_option("limits", limits, LIMITS)
    check_flags(strict=strict)
    source = find_source(grammar)
    if is_dialect(source.text):
        return _lark_with_extensions(
            source.text, source.path, start, dict(terminals or {}), limits or Limits()
        )
    return _lark_of_source(
        source.text,
        source.path,
        start=start,
        lexer=lexer,
        terminals=dict(terminals or {}),
        import_paths=list(import_paths),
        strict=strict,
        limits=limits or Limits(),
    )


def _lark_with_extensions(
    text: str, path: str, start: str, terminals: dict[str, Declared], limits: Limits
) -> Constraint:
    """The constraint of a grammar that llguidance reads and Lark does not."""
    description = f"Lark grammar {path or _first_line(text)!r}"
    found = lark_of_dialect(text, start, terminals, limits, description)
    return found.made_by(_lark_with_extensions, text, path, start, terminals, limits)


def _lark_of_source(text: str, path: str, *, limits: Limits, **options: Any) -> Constraint:
    """The constraint of a grammar that was read. A pickle holds its text, and the path from which imports are found."""
    made = _made_with(Source(text, path), **options)
    found = Constraint(
        made.grammar,
        made.validator,
        unenforced=made.unenforced,
        description=f"Lark grammar {path or _first_line(text)!r}",
        limits=limits,
    )
    return found.made_by(_lark_of_source, text, path, limits=limits, **options)


def _made_with(
    source: Source,
    *,
    start: str,
    lexer: Lexer,
    terminals: dict[str, Declared],
    import_paths: list[Any],
    strict: bool,
) -> _Made:
    with collector_paused():
        if terminals or import_paths or _RELATIVE_IMPORT.search(source.text):
            return _make(source, start, lexer, terminals, import_paths, strict)
        return _make_once(source.text, source.path, start, lexer, strict)


@dataclass(frozen=True)
class _Made:
    """What a grammar becomes; what a `Constraint` is made of."""

    grammar: Grammar
    validator: Validator
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
    assert isinstance(made.validator, LarkValidator)
    problems = [(problem.pointer, problem.reason) for problem in made.unenforced]
    return {"grammar": to_data(made.grammar), "parsers": made.validator.parsers, "unenforced": problems}


def _made_of(data: Any, source: Source, start: str) -> _Made | None:
    """What was kept of a grammar; None if nothing was, or nothing that makes sense."""
    try:
        parsers = tuple(data["parsers"])
        problems = tuple([Problem(str(pointer), str(reason)) for pointer, reason in data["unenforced"]])
        if not parsers or not set(parsers) <= set(get_args(ParserName)):
            return None
        return _Made(from_data(data["grammar"]), LarkValidator(source, start, parsers), problems)
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
    loaded = load(source, start, import_paths, given)
    if lexer == "dynamic" and not given:
        expand(loaded)  # so that rules that Lark refuses are refused now, not by the first `validate()`
    terminals = terminals_as_lark_reads_them(
        loaded, by_lalr=lexer == "contextual" and not given, strict=strict
    )
    bodies, rules = rules_of_declared(loaded, given)
    if terminals.rules is None:
        rules |= rules_of_trees(loaded, lambda name: bodies.get(name) or terminals.named(name))
    else:
        rules |= rules_of_expansions(terminals.rules, terminals.at)
    first = start
    if terminals.at_end is not None:
        first = f"{start}/text"
        rules[first] = Sequence((Reference(start), terminals.at_end))
    parsers: tuple[ParserName, ...] = ("lalr",) if terminals.is_lalr else ("earley",)
    if terminals.has_conflicts:
        parsers = ("lalr", "earley")
    validator = validate_by_grammar if given else LarkValidator(source, start, parsers, loaded)
    return _Made(Grammar(rules, first, terminals.ignored, lexer), validator, terminals.problems)


def _first_line(text: str) -> str:
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith(("//", "#"))
    ]
    shown = lines[0] if lines else ""
    return shown if len(shown) <= 60 else shown[:57] + "..."

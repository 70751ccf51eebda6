"""Lark's own loader, up to where it would write out what repeats.

    text ─► Loaded: terminals as Lark defines them, rules as trees, what is ignored, and Lark's grammar itself

The first steps are those of `lark.load_grammar.Grammar.compile`: literals become terminals, templates become rules.
Its next ones, which turn `a?`, `a*` and `a~2..5` into more rules, lose what the engine can count by itself, so they are
left out; `expand` takes them where Lark's parse table is needed.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lark import Tree
from lark.grammar import NonTerminal, Rule, Symbol
from lark.grammar import Terminal as TerminalSymbol
from lark.lexer import TerminalDef
from lark.load_grammar import (
    ApplyTemplates,
    PrepareAnonTerminals,
    PrepareLiterals,
    TerminalTreeToPattern,
    ValidateSymbols,
    load_grammar,
    nr_deepcopy_tree,
)
from lark.load_grammar import Grammar as LarkGrammar

from structgen.errors import InvalidLarkError
from structgen.frontends.lark.sources import Source

MAX_RULES = 20_000
MAX_NAME = 10_000
"""Rules that templates make, and characters of their names: a template may call itself with ever more."""

MAX_EXPANSIONS = 20_000
"""Alternatives of a rule, once Lark has written out its options."""


@dataclass(frozen=True)
class Loaded:
    """A grammar as Lark loads it.

    Attributes:
        source: its text.
        start: the rule to start with.
        grammar: Lark's own object.
        rules: the trees of the rules that the start needs, by name: `expansions`, `expansion`, `alias`, `expr`,
            `maybe`, and symbols.
        terminals: those that these rules name, by name.
        ignored: names of the terminals that may stand anywhere.
        defined: all terminals with a definition, needed or not.
    """

    source: Source
    start: str
    grammar: LarkGrammar
    rules: dict[str, Tree[Any]]
    terminals: dict[str, TerminalDef]
    ignored: tuple[str, ...]
    defined: dict[str, TerminalDef]

    def error(self, message: str, terminal: str) -> InvalidLarkError:
        """The error for what is said of a terminal, at its place."""
        definition = self.terminals[terminal]
        raw = definition.pattern.raw
        is_named = self.source.place(terminal) is not None
        return self.source.error(
            message, terminal if is_named or raw is None else str(raw), used=not is_named
        )

    def shown(self, terminal: str) -> str:
        """A terminal as people know it: a string by its text, a regular expression by its name."""
        pattern = self.terminals[terminal].pattern
        if pattern.type == "str":
            return f'"{pattern.value}"' + ("i" if "i" in pattern.flags else "")
        return str(pattern.raw or terminal) if terminal.startswith("__") else terminal


def load(source: Source, start: str, import_paths: Sequence[Any], declared: Collection[str] = ()) -> Loaded:
    """Load a grammar.

    Args:
        source: its text.
        start: the rule to start with.
        import_paths: as Lark's.
        declared: terminals that need no definition.

    Raises:
        InvalidLarkError: It is malformed, names what is not there, or nests or grows too much.
    """
    source.check()
    paths = [path if callable(path) else os.fspath(path) for path in import_paths]
    try:
        grammar, _ = load_grammar(source.text, source.path or "<string>", paths, False)
        terminals, rules = _prepare(grammar, source)
    except InvalidLarkError:
        raise
    except Exception as error:  # whatever its loader runs into: assertions, missing files, recursion
        raise source.rewrap(error) from None
    if start not in rules:
        raise source.error(_no_start(start, [name for name in rules if not name.startswith("_")]))
    used_rules, used_terminals = _reachable(start, rules, source)
    ignored = tuple(dict.fromkeys(map(str, grammar.ignore)))
    _check_declared(declared, terminals, used_terminals, ignored, source)
    used = [name for name in dict.fromkeys((*used_terminals, *ignored)) if name in terminals]
    return Loaded(
        source,
        start,
        grammar,
        {name: rules[name] for name in used_rules},
        {name: terminals[name] for name in used},
        ignored,
        terminals,
    )


def _check_declared(
    declared: Collection[str],
    terminals: Collection[str],
    used: Collection[str],
    ignored: Collection[str],
    source: Source,
) -> None:
    """Raise an error for a terminal that needs a definition, or needs none."""
    for name in declared:
        if name in terminals or name not in used or name in ignored:
            raise source.error(
                f"the terminal {name} is given, but the rules don't use one that is only declared", name
            )
    for name in (*used, *ignored):
        if name not in terminals and name not in declared:
            raise source.error(
                f"the terminal {name} is declared, but has no text; say what it is: terminals={{{name!r}: ...}}",
                name,
            )


def _no_start(start: str, names: list[str]) -> str:
    there = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"the start rule {start!r} is not defined; there {'is' if len(names) == 1 else 'are'} {there or 'none'}"


def _prepare(grammar: LarkGrammar, source: Source) -> tuple[dict[str, TerminalDef], dict[str, Tree[Any]]]:
    """Terminals by name, and the trees of rules by name, without templates."""
    terminals = _terminals(grammar, source)
    definitions = [
        (name, params, nr_deepcopy_tree(tree), options) for name, params, tree, options in grammar.rule_defs
    ]
    literals = PrepareAnonTerminals(terminals)
    transformer = PrepareLiterals() * ValidateSymbols() * literals * ApplyTemplates(definitions)
    rules: dict[str, Tree[Any]] = {}
    for name, params, tree, options in definitions:  # which grows while templates are applied
        if tree is None:
            raise source.error(f"the rule {name} is declared, but has no definition", str(name))
        if len(definitions) > len(grammar.rule_defs) + MAX_RULES or len(name) > MAX_NAME:
            raise source.error("templates make ever more rules of each other", str(name).partition("{")[0])
        if not params:
            literals.rule_options = options if options and options.keep_all_tokens else None
            rules[str(name)] = transformer.transform(tree)
    return {terminal.name: terminal for terminal in terminals}, rules


def _terminals(grammar: LarkGrammar, source: Source) -> list[TerminalDef]:
    """The terminals that have a definition."""
    for name, (tree, _) in grammar.term_defs:
        if tree is not None and not any(node.children for node in tree.find_data("expansion")):
            raise source.error(f"the terminal {name} is empty", name)
    to_pattern = PrepareLiterals() * TerminalTreeToPattern()
    return [
        TerminalDef(str(name), to_pattern.transform(nr_deepcopy_tree(tree)), priority)
        for name, (tree, priority) in grammar.term_defs
        if tree
    ]


def _reachable(start: str, rules: dict[str, Tree[Any]], source: Source) -> tuple[list[str], list[str]]:
    """The names of the rules and of the terminals that the start needs, in the order in which they are met."""
    found = {start: None}
    terminals: dict[str, None] = {}
    waiting = [start]
    while waiting:
        for symbol in symbols(rules[waiting.pop(0)]):
            name = str(symbol.name)
            if isinstance(symbol, TerminalSymbol):
                terminals[name] = None
            elif name not in found:
                if name not in rules:  # a template without its arguments
                    raise source.error(f"the rule {name} is not defined", name, used=True)
                found[name] = None
                waiting.append(name)
    return list(found), list(terminals)


def symbols(tree: Tree[Any]) -> Iterator[Symbol]:
    """The symbols of a tree, in order. What follows an arrow is no symbol."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Tree):
            stack.extend(node.children[:1] if node.data == "alias" else reversed(node.children))
        elif isinstance(node, (NonTerminal, TerminalSymbol)):
            yield node


def expand(loaded: Loaded) -> list[Rule]:
    """The rules as Lark writes them out for its parsers, without operators; only those that the start needs.

    Raises:
        InvalidLarkError: Lark refuses them, or would need more than is sensible.
    """
    for name, tree in loaded.rules.items():
        count = _expansions(tree)
        if count > MAX_EXPANSIONS:
            raise loaded.source.error(
                f"Lark would write the rule {name} out as {count:,} alternatives; give parts of it rules of their own",
                name.partition("{")[0],
            )
    try:
        _, rules, _ = loaded.grammar.compile([loaded.start], set())
    except Exception as error:
        raise loaded.source.rewrap(error) from None
    return _needed(rules, NonTerminal(loaded.start))


def _needed(rules: list[Rule], start: Symbol) -> list[Rule]:
    """The rules that the start needs, in the order in which they are met."""
    by_origin: dict[Symbol, list[Rule]] = {}
    for rule in rules:
        by_origin.setdefault(rule.origin, []).append(rule)
    origins = {start: None}
    for origin in (waiting := list(origins)):
        for symbol in (symbol for rule in by_origin.get(origin, ()) for symbol in rule.expansion):
            if isinstance(symbol, NonTerminal) and symbol not in origins:
                origins[symbol] = None
                waiting.append(symbol)
    return [rule for origin in origins for rule in by_origin.get(origin, ())]


def _expansions(tree: Any) -> int:
    """How many alternatives Lark writes a tree out as; some upper bound, if they are many."""
    if not isinstance(tree, Tree):
        return 1
    if tree.data == "expansions":
        return min(sum(map(_expansions, tree.children)), 10**9)
    if tree.data == "maybe":
        return _expansions(tree.children[0]) + 1
    if tree.data == "alias":
        return _expansions(tree.children[0])
    if tree.data == "expr":
        return _repeated_expansions(tree)
    product = 1
    for child in tree.children:
        product = min(product * _expansions(child), 10**9)
    return product


def _repeated_expansions(tree: Any) -> int:
    operator, inner = str(tree.children[1]), _expansions(tree.children[0])
    if operator == "?":
        return inner + 1
    if operator in ("*", "+"):
        return max(inner, 2)
    least, most = bounds(tree)
    if most >= 50:  # Lark makes rules of their own of these
        return min(10 * inner * inner * inner, 10**9)
    counts: list[int] = [pow(inner, n) for n in range(least, most + 1)]
    return min(sum(counts), 10**9)


def bounds(tree: Tree[Any]) -> tuple[int, int]:
    """Of an `expr` with the operator `~`: the least and the most repetitions."""
    numbers = [int(str(child)) for child in tree.children[2:]]
    return numbers[0], numbers[-1]

"""`sql(scope=True)`: a grammar in which a SELECT names only columns of the tables that its own FROM clause has.

A *scope* is the list of tables of one FROM clause, each with the qualifier of its columns. SELECT comes before FROM, so
the grammar has a copy of the rules of a SELECT for every scope. The parser follows all copies at once: a column
removes those that lack it, and the FROM clause then offers only tables of the copies that remain.

A schema has many scopes, so the copies are limited:

    plain      up to k different tables without aliases, in any order
    numbered   up to k tables with the aliases T1, T2, ... in this order; two may be the same table
    short      up to k different tables, each with an alias made of its first letters

`k` is the largest number, up to 3, for which a kind has at most `MOST_SCOPES` scopes. Two more scopes are a SELECT
without FROM, and a SELECT over one subquery, which names no columns.

The terminals belong to tables and to groups of columns, not to scopes, so the lexer does not grow with the scopes.

Left out: WITH, names of a subquery's columns, subqueries that name tables around them, names of outputs in ORDER BY.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations, product
from math import comb, perm

from structgen.frontends.sql.names import Names
from structgen.frontends.sql.schemas import Schema, fold_ascii
from structgen.grammar.expressions import Expression, Literal, concat
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Reference,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)
from structgen.language.renaming import rewritten

MOST_SCOPES = {1: 100_000, 2: 350, 3: 165}
"""Scopes of one kind, by the number of tables of the largest. Each costs some seventy rules: 0.03 ms to compile."""

_MOST_TABLES = max(MOST_SCOPES)
_SHARED = frozenset({"start", "query", "scalar", "cores_1", "cores_2", "united_1", "united_2", "literal"})
"""Rules of the grammar that belong to no scope; from them a rule of a scope may be that of any."""

_EMPTY: RuleExpression = Sequence(())


@dataclass(frozen=True)
class Scope:
    """The tables of a FROM clause.

    Attributes:
        kind: "plain", "numbered", "short", "nothing" or "subquery".
        tables: the qualifier and the name of each table.
    """

    kind: str
    tables: tuple[tuple[str, str], ...] = ()

    def rule(self, name: str) -> str:
        """The name of a rule in this scope."""
        return " ".join([name, "of", self.kind, *(f"{alias}={table}" for alias, table in self.tables)])


def scopes_of(schema: Schema, aliases: Mapping[str, str]) -> list[Scope]:
    """All scopes that a grammar over a schema has.

    Args:
        schema: tables and their columns.
        aliases: of the tables that have a short alias.
    """
    found = [Scope("nothing"), Scope("subquery")]
    tables = list(schema)
    for count in range(1, _largest(lambda size: comb(len(tables), size)) + 1):
        for chosen in combinations(tables, count):
            found.append(Scope("plain", tuple((table, table) for table in chosen)))
            if all(table in aliases for table in chosen):
                found.append(Scope("short", tuple((aliases[table], table) for table in chosen)))
    if not any(_numbered(number) in map(fold_ascii, tables) for number in range(_MOST_TABLES)):
        for count in range(1, _largest(lambda size: _rows(len(tables), size)) + 1):
            for row in product(tables, repeat=count) if count < 3 else permutations(tables, count):
                named = tuple((_numbered(place), table) for place, table in enumerate(row))
                found.append(Scope("numbered", named))
    return found


def _largest(number_of: Callable[[int], int]) -> int:
    """The largest number of tables in a scope, given how many scopes have so many tables."""
    size, total = 1, number_of(1)
    while size < _MOST_TABLES and total + number_of(size + 1) <= MOST_SCOPES[size + 1]:
        size += 1
        total += number_of(size)
    return size


def _rows(tables: int, size: int) -> int:
    """How many numbered scopes there are; three tables differ."""
    return tables**size if size < 3 else perm(tables, size)


def _numbered(place: int) -> str:
    return f"t{place + 1}"


def short_aliases(schema: Schema, word: str) -> dict[str, str]:
    """An alias for each table: its first letter, or as many letters as make it differ from all other names.

    Args:
        schema: the tables; one without letters that can be an alias has none.
        word: the pattern of a bare name that may be an alias.
    """
    taken = set(map(fold_ascii, schema))
    found = {}
    for table in schema:
        name = fold_ascii(table)
        for end in range(1, len(name)):
            alias = name[:end]
            if alias not in taken and re.fullmatch(word, alias):
                taken.add(alias)
                found[table] = alias
                break
    return found


class ScopedRules:
    """Makes the rules of a grammar for every scope.

    Args:
        template: the grammar; its rules `column`, `star`, `body` and `source` are replaced in each scope.
        schema: tables and their columns.
        names: how names are written.
        word: the pattern of a bare name that may be an alias.
        space: the space before an alias without AS.
    """

    def __init__(self, template: Grammar, schema: Schema, names: Names, word: str, space: Expression) -> None:
        self._template = template
        self._names = names
        self._space = space
        self._schema = schema
        self._scopes = scopes_of(schema, short_aliases(schema, word))
        self._local = _reaching(template, frozenset({"column", "star", "body", "source"}))
        self._terminals = {
            node.name: node
            for body in template.rules.values()
            for node in walk(body)
            if isinstance(node, Terminal)
        }
        self._tables_of: dict[str, set[str]] = {}  # by the name of a column, folded
        for table, columns in schema.items():
            for column in columns:
                self._tables_of.setdefault(fold_ascii(column), set()).add(table)
        self._written: dict[tuple[str, tuple[str, ...]], Terminal] = {}

    def grammar(self) -> Grammar:
        """The whole grammar."""
        rules: dict[str, RuleExpression] = {}
        for name, body in self._template.rules.items():
            if name not in self._local:
                rules[name] = rewritten(body, self._in_any_scope)
        for scope in self._scopes:
            here: dict[RuleExpression, RuleExpression] = {
                Reference(name): Reference(scope.rule(name)) for name in self._local
            }
            own = self._replaced(scope)
            for name in self._local:
                own.setdefault(name, self._template.rules[name])
                rules[scope.rule(name)] = _with_leaves(own[name], here)
            if 0 < len(scope.tables) < _MOST_TABLES:
                rules[scope.rule("sources before")] = self._source(scope, last=False)
        return Grammar(rules)

    def _in_any_scope(self, leaf: RuleExpression) -> RuleExpression:
        if isinstance(leaf, Reference) and leaf.name in self._local:
            return Choice(tuple(Reference(scope.rule(leaf.name)) for scope in self._scopes))
        return leaf

    def _replaced(self, scope: Scope) -> dict[str, RuleExpression]:
        """The rules that differ between scopes."""
        if scope.kind == "nothing":
            where = Sequence((self._terminals["WHERE"], Reference("row")))
            return {
                "column": Choice(()),
                "star": Choice(()),
                "source": Choice(()),
                "body": Choice((_EMPTY, where)),
            }
        star = self._terminals["STAR"]
        if scope.kind == "subquery":
            return {"column": Choice(()), "star": star, "source": self._subquery()}
        stars = [Sequence((self._qualifier(alias), star)) for alias, _ in scope.tables]
        return {"column": self._column(scope), "star": Choice((star, *stars)), "source": self._source(scope)}

    def _subquery(self) -> RuleExpression:
        alias = Choice(
            (
                _EMPTY,
                Sequence((self._terminals["AS"], self._terminals["OTHER"])),
                self._terminals["LABEL"],
            )
        )
        inner = (self._terminals["OPEN"], Reference("query"), self._terminals["CLOSE"])
        return Sequence((*inner, alias))

    def _column(self, scope: Scope) -> RuleExpression:
        """Any column, qualified; bare where only one table has it."""
        return Choice((*self._qualified(scope), *self._bare_columns([table for _, table in scope.tables])))

    def _qualified(self, scope: Scope) -> tuple[Terminal, ...]:
        return tuple(self._terminal("qualified", alias, table) for alias, table in scope.tables)

    def _bare_columns(self, tables: list[str]) -> list[Terminal]:
        """The columns that exactly one of the tables has, in groups that scopes share."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for column, having in self._tables_of.items():
            groups.setdefault(tuple(sorted(having)), []).append(column)
        return [
            self._terminal("bare", *having)
            for having in groups
            if sum(table in having for table in tables) == 1
        ]

    def _source(self, scope: Scope, *, last: bool = True) -> RuleExpression:
        """The tables, in any order or, with numbers, in theirs. USING joins two tables only.

        SQLite looks up bare names of every ON among all tables of the FROM clause, and where there is a RIGHT JOIN, no
        ON may name a table on its right. So only the last ON is any expression; the others compare qualified columns.

        Args:
            scope: the tables.
            last: whether no other table follows.
        """
        options: list[RuleExpression] = []
        for place, (alias, table) in enumerate(scope.tables):
            if scope.kind == "numbered" and place + 1 < len(scope.tables):
                continue
            left = Scope(scope.kind, (*scope.tables[:place], *scope.tables[place + 1 :]))
            named = self._declared(scope.kind, alias, table)
            if not left.tables:
                return named
            before = Reference(left.rule("sources before"))
            condition = Reference("row") if last else self._equality(scope)
            on = Sequence((self._terminals["ON"], condition))
            using = self._using(left, table) if last and len(left.tables) == 1 else ()
            conditions = Choice((_EMPTY, on, *using))
            options.append(Sequence((before, self._terminals["COMMA"], named)))
            options.append(Sequence((before, self._terminals["CROSS_JOIN"], named)))
            options.append(Sequence((before, self._terminals["JOIN"], named, conditions)))
        return Choice(tuple(options))

    def _equality(self, scope: Scope) -> RuleExpression:
        column = Choice(self._qualified(scope))
        return Sequence((column, self._terminals["COMPARE"], column))

    def _using(self, left: Scope, right: str) -> list[RuleExpression]:
        shared = tuple(
            column
            for column, having in self._tables_of.items()
            if right in having and sum(table in having for _, table in left.tables) == 1
        )
        if not shared:
            return []
        columns = self._terminal("using", *shared)
        return [Sequence((self._terminals["USING"], columns, self._terminals["CLOSE"]))]

    def _declared(self, kind: str, alias: str, table: str) -> RuleExpression:
        name = self._terminal("table", table)
        if kind == "plain":
            return name
        named = Sequence((self._terminals["AS"], self._terminal("alias", alias)))
        return Sequence((name, Choice((named, self._terminal("label", alias)))))

    def _qualifier(self, alias: str) -> Terminal:
        return self._terminal("qualifier", alias)

    def _terminal(self, kind: str, *parts: str) -> Terminal:
        """A terminal for names; the same one for the same names."""
        key = (kind, parts)
        if key not in self._written:
            self._written[key] = Terminal(" ".join((kind, *parts)), self._expression(kind, parts))
        return self._written[key]

    def _expression(self, kind: str, parts: tuple[str, ...]) -> Expression:
        written = self._names.written
        if kind == "qualified":
            alias, table = parts
            return concat(written([alias]), Literal("."), written(list(self._schema[table])))
        if kind == "bare":
            of_tables = set(parts)
            return written([name for name, having in self._tables_of.items() if having == of_tables])
        if kind == "qualifier":
            return concat(written(parts), Literal("."))
        return concat(self._space, written(parts)) if kind == "label" else written(parts)


def _with_leaves(body: RuleExpression, leaves: Mapping[RuleExpression, RuleExpression]) -> RuleExpression:
    """A body of choices and sequences with other leaves. What stays as it is stays the same object."""
    if not isinstance(body, (Choice, Sequence)):
        return leaves.get(body, body) if isinstance(body, Reference) else body
    parts = body.options if isinstance(body, Choice) else body.parts
    changed = tuple(_with_leaves(part, leaves) for part in parts)
    if all(map(operator.is_, parts, changed)):
        return body
    return Choice(changed) if isinstance(body, Choice) else Sequence(changed)


def _reaching(grammar: Grammar, targets: frozenset[str]) -> list[str]:
    """The rules that lead to one of the targets without passing a shared one."""
    found = set(targets)
    before = 0
    while before < len(found):
        before = len(found)
        for name, body in grammar.rules.items():
            if name not in _SHARED and any(
                isinstance(node, Reference) and node.name in found for node in walk(body)
            ):
                found.add(name)
    return [name for name in grammar.rules if name in found]

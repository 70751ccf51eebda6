"""A dialect's grammar, as rules of the IR.

Unlike `structgen.lark` this asks nothing about how Lark's own lexer would read a text: no text of SQL is judged by
Lark. The longest match counts, and the terminals of the dialects are written so that no other is needed.
"""

from __future__ import annotations

import re
import typing
from contextlib import suppress
from functools import lru_cache

from lark.grammar import NonTerminal
from lark.lexer import PatternStr, TerminalDef
from lark.load_grammar import load_grammar

from structgen.frontends.library import library_text
from structgen.frontends.prepared import Place, place
from structgen.grammar.expressions import Expression, Literal
from structgen.grammar.rules import Choice, Grammar, Reference, RuleExpression, Sequence, Terminal
from structgen.language.storing import from_data, to_data
from structgen.patterns import parse_regex

NameRules = typing.Literal["any", "schema", "lenient"]

_WORD = re.compile(r"^WORD: /(.*)/$", re.MULTILINE)
_FALLBACK = re.compile(r"^FALLBACK: /(.*)/$", re.MULTILINE)

_SCHEMA_RULES = """
TABLE: "<table>"
TABLE_QUALIFIER: "<table>."
BARE_COLUMN: "<column>"
COLUMN: "<table.column>"
OTHER: WORD
OUTPUT: "<output>"
%override QUALIFIER: "<other>."
%override LABEL: " <other>"
%override table: TABLE
%override label: OTHER
%override any_star: (TABLE_QUALIFIER | QUALIFIER) STAR
%override column: COLUMN | QUALIFIER BARE_COLUMN
%override bare_column: BARE_COLUMN
%override order: (expr | OUTPUT) [DIRECTION] [NULLS]
%override group: expr | OUTPUT
%override having: expr | OUTPUT COMPARE sum
"""
"""The rules for names of a schema, in Lark. Their terminals stand for others, which are made of the names (OTHER has
the texts of any bare name):

    TABLE, TABLE_QUALIFIER       a table of the schema; the same before a column or a star
    BARE_COLUMN, COLUMN          a column; after the name of a table one of its own, after an alias any
    OTHER, QUALIFIER, LABEL      an alias, which no table of the schema has as its name; the same before a column, and
                                 after a space
    OUTPUT                       an output of the query (`AS total`) that no column has as its name
"""

_LENIENT = {
    "sqlite": r"""
%override STRING: /'([^'\x00]|'')*'/ | /"([^"\x00]|"")*"/
%override JOIN: BLANK? [/(?ai:NATURAL)/ BLANK] [/(?ai:INNER|(LEFT|RIGHT|FULL)(\s+OUTER)?)/ BLANK] /(?ai:JOIN)/ BLANK?
""",
    "postgresql": "",
}
"""What people write and masks never do: `"x"` for a text, which SQLite reads so where no column has that name."""

_SPACED = re.compile(r"^([A-Z_]+(?:\.\d+)?:)(.*)$", re.MULTILINE)
_FUNCTIONS = re.compile(r'^(\w+)\.1: (.*?) BLANK\? "\(" BLANK\?$', re.MULTILINE)
_OUTER_SPACE = re.compile(r"^ BLANK(?= )| BLANK$")

_TYPED = {"sqlite": "", "postgresql": "%override typed: TYPE_WORD TYPED\n"}


@lru_cache(maxsize=16)
def grammar_of_dialect(dialect: str, starts: tuple[str, ...], names: NameRules = "any") -> Grammar:
    """The grammar of a dialect.

    Args:
        dialect: "sqlite" or "postgresql".
        starts: the rules that a text may match.
        names: "schema": terminals stand for the names of a schema. "any": any names. "lenient": any names, and what
            people write and masks never do; the parser of the database has to decide.
    """
    kept = place_of_dialect(dialect, starts, names)
    with suppress(ValueError):
        return from_data(kept.find())
    grammar = _read(_text(dialect, starts, names))
    kept.keep(lambda: to_data(grammar))
    return grammar


def place_of_dialect(dialect: str, starts: tuple[str, ...], names: NameRules) -> Place:
    """Where the grammar of a dialect is kept, once it was read. What `_text` makes of these is known by its code."""
    return place("sql", library_text(dialect), names, *starts)


def _text(dialect: str, starts: tuple[str, ...], names: NameRules) -> str:
    text = _functions_apart(library_text(dialect))
    text += f"\n%override start: ({' | '.join(starts)}) [SEMICOLON | BLANK]\n"
    if names == "schema":
        return text + _SCHEMA_RULES + _TYPED[dialect]
    return _spaces_optional(text) + _LENIENT[dialect] if names == "lenient" else text


def _functions_apart(text: str) -> str:
    """The grammar with a function's name and its parenthesis as two terminals.

    As one, which Lark's lexer needs, it would be tried as long as a space goes on: in `total > 10` past the column.
    """
    apart = _FUNCTIONS.sub(r"\1: \2", text)
    for name in {line[1] for line in _FUNCTIONS.finditer(text)}:
        apart = re.sub(rf"\b{name}(?= )", f"{name} OPEN", apart)
    return apart


def _spaces_optional(text: str) -> str:
    """The grammar without the need for a space around a keyword: `(a = 1)AND b = 2`."""
    return _SPACED.sub(lambda line: line[1] + _OUTER_SPACE.sub(" BLANK?", line[2]), text)


def word_pattern(dialect: str, *, fallback: bool = False) -> str:
    """The pattern of a bare name that is no reserved word.

    Args:
        dialect: "sqlite" or "postgresql".
        fallback: for the name of a table or column, which may be one of the reserved words that the dialect's parser
            takes for a name where no keyword can stand.
    """
    text = library_text(dialect)
    word, more = _WORD.search(text), _FALLBACK.search(text)
    assert word is not None, "the grammar of a dialect defines WORD in one line"
    return f"{word[1]}|{more[1]}" if fallback and more else word[1]


def _read(text: str) -> Grammar:
    loaded, _ = load_grammar(text, "<string>", [], False)
    terminals, rules, _ = loaded.compile(["start"], set())
    symbols: dict[str, RuleExpression] = {str(one.name): _terminal(one) for one in terminals}
    options: dict[str, dict[Sequence, None]] = {}
    for rule in rules:
        parts = tuple(
            Reference(str(symbol.name)) if isinstance(symbol, NonTerminal) else symbols[str(symbol.name)]
            for symbol in rule.expansion
        )
        options.setdefault(str(rule.origin.name), {})[Sequence(parts)] = None
    return Grammar({name: Choice(tuple(found)) for name, found in options.items()})


def _terminal(terminal: TerminalDef) -> Terminal:
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr):
        expression: Expression = Literal(pattern.value)
    else:
        flags = sum(getattr(re, flag.upper()) for flag in pattern.flags)
        expression = parse_regex(pattern.value, flags)
    return Terminal(
        str(terminal.name), expression, 2 * int(terminal.priority) + isinstance(pattern, PatternStr)
    )

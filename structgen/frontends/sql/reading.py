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

NameRules = typing.Literal["any", "schema", "lenient", "scope"]

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

_SCOPE_RULES = r"""
OTHER: WORD
OUTPUT: "<output>"
ROWS: /[0-9]{1,9}/
POSITION: "1"
%override LABEL: " <other>"
%override query: select_1 | select_2 | select_more | select_star | united_1 | united_2
scalar: select_1 | united_1
cores_1: core_1
cores_2: core_2
united_1: cores_1 (SET_OPERATOR cores_1)+ [ORDER_BY POSITION [DIRECTION]] [limit]
united_2: cores_2 (SET_OPERATOR cores_2)+ [ORDER_BY POSITION [DIRECTION]] [limit]
core_1: SELECT [DISTINCT] output body [grouping]
core_2: SELECT [DISTINCT] output COMMA output body [grouping]
select_1: SELECT [DISTINCT] output body end
select_2: SELECT [DISTINCT] output COMMA output body end
select_more: SELECT [DISTINCT] output COMMA output (COMMA output)+ body end
select_star: SELECT [DISTINCT] starred body end
%override starred: star | starred COMMA star | starred COMMA output | before_star COMMA star
before_star: output | before_star COMMA output
%override star: STAR
%override output: (group_expr | windowed) [AS OUTPUT]
body: FROM source [WHERE row]
end: ([ORDER_BY row_orders] | grouping [ORDER_BY group_orders]) [limit]
limit: LIMIT ROWS [(OFFSET | COMMA) ROWS]
%override source: OPEN query CLOSE [AS OTHER | LABEL] | source CROSS_JOIN column
               | source JOIN column [ON row | USING column CLOSE]
%override grouping: GROUP_BY key (COMMA key)* [HAVING group_expr]
key: (column | row_function) (PLUS [SIGN] row_unit | TIMES [SIGN] row_unit | MINUS row_unit)*
row_orders: row_order (COMMA row_order)*
row_order: key [COLLATE] [DIRECTION] [NULLS]
group_orders: group_order (COMMA group_order)*
group_order: group_key [COLLATE] [DIRECTION] [NULLS]
group_key: (column | group_function | aggregated) (PLUS [SIGN] group_unit | TIMES [SIGN] group_unit | MINUS group_unit)*
aggregated: aggregate [FILTER row CLOSE]
%override aggregate: COUNT (STAR | [DISTINCT] row) CLOSE
         | AGGREGATE [DISTINCT] row CLOSE
         | GROUP_CONCAT (DISTINCT row | row [COMMA row]) CLOSE
windowed: COUNT (STAR | row) CLOSE [FILTER row CLOSE] OVER window
        | AGGREGATE row CLOSE [FILTER row CLOSE] OVER window
        | WINDOW_0 CLOSE OVER window
        | WINDOW_1 row CLOSE OVER window
        | WINDOW_2 row [COMMA row [COMMA row]] CLOSE OVER window
%override window: [(PARTITION_BY row (COMMA row)* [ORDER_BY row_orders] | FIRST_ORDER_BY row_orders) [FRAME]] CLOSE
%override column: OTHER
literal: NUMBER | STRING | BLOB | CONSTANT
row_atom: row_value
group_atom: group_value | aggregated
row: row_expr
"""
"""The rules of `sql(scope=True)`, in Lark, without those for expressions. `scopes.py` makes copies of them.

`query` has any number of outputs, `scalar` one; both sides of a set operator have as many (`core_1`, `core_2`).
"""

_SCOPE_EXPRESSIONS = r"""
@_expr: @_clause ((AND | OR) @_clause)*
@_clause: NOT* @_sum [@_comparison]
@_comparison: COMPARE @_sum | IS [NOT] @_sum | IS_NULL | LIKE @_sum [ESCAPE STRING] | GLOB @_sum
            | BETWEEN @_sum AND @_sum | IN (scalar | @_expr (COMMA @_expr)*) CLOSE
@_sum: [SIGN] @_unit (PLUS [SIGN] @_unit | TIMES [SIGN] @_unit | MINUS @_unit)*
@_unit: @_atom [COLLATE]
@_value: literal | column | @_function
       | OPEN (@_expr | scalar) CLOSE
       | CASE (FIRST_WHEN | @_expr WHEN) @_expr THEN @_expr (WHEN @_expr THEN @_expr)* [ELSE @_expr] END
       | CAST @_expr AS TYPE CLOSE
       | EXISTS query CLOSE
@_function: FUNCTION_0 CLOSE
          | FUNCTION_1 @_expr CLOSE
          | FUNCTION_1_2 @_expr [COMMA @_expr] CLOSE
          | FUNCTION_2 @_expr COMMA @_expr CLOSE
          | FUNCTION_2_3 @_expr COMMA @_expr [COMMA @_expr] CLOSE
          | FUNCTION_3 @_expr COMMA @_expr COMMA @_expr CLOSE
          | FUNCTION_0_N [@_expr (COMMA @_expr)*] CLOSE
          | FUNCTION_1_N @_expr (COMMA @_expr)* CLOSE
          | FUNCTION_2_N @_expr (COMMA @_expr)+ CLOSE
"""
"""Expressions of a row ("row" for "@"), and those that may aggregate ("group"). Precedence does not change which texts
there are, so there are fewer levels than in the grammar of the library."""

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
            people write and masks never do; the parser of the database has to decide. "scope": the rules of which
            `scopes.py` makes copies.
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
    text = library_text(dialect)
    if names == "scope":
        text += _SCOPE_RULES + "".join(_SCOPE_EXPRESSIONS.replace("@", kind) for kind in ("row", "group"))
    text = _functions_apart(text)
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

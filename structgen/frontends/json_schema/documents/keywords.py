"""The keywords of JSON Schema: one row for each, from which the compiler, the report and the documentation are made.

A row says which types a keyword constrains, which drafts have it, what its value contains, and how it is handled.
docs/adding.md says how to add a keyword. docs/json-schema.md shows the rows (`Row.how`, `Row.caveat`); a test compares
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from structgen.frontends.json_schema.documents.json_types import ARRAY, NUMBER, OBJECT, STRING

Role = Literal["assertion", "combinator", "branch", "annotation"]
Holds = Literal["value", "schema", "list", "map", "schema or list"]
DRAFTS = ("4", "6", "7", "2019-09", "2020-12")


@dataclass(frozen=True, slots=True)
class Keyword:
    """One keyword.

    Attributes:
        name: as schemas write it.
        role: "assertion": constrains a value by itself; "combinator": combines schemas; "branch": belongs to a
            combinator; "annotation": constrains nothing.
        type: the types that an assertion constrains, as bits; 0 for all types.
        holds: the schemas in its value.
        since: the first draft that has it.
        until: the last draft that has it.
        needs: it says nothing unless one of these keywords is there.
        in_validation: it belongs to the vocabulary for validation (JSON Schema 2020-12, Validation, 6).
    """

    name: str
    role: Role = "annotation"
    type: int = 0
    holds: Holds = "value"
    since: str = DRAFTS[0]
    until: str = DRAFTS[-1]
    needs: tuple[str, ...] = ()
    in_validation: bool = False

    def is_in(self, draft: str) -> bool:
        """Returns True if a draft has the keyword. Annotations are never missed."""
        is_current = DRAFTS.index(self.since) <= DRAFTS.index(draft) <= DRAFTS.index(self.until)
        return is_current or self.role == "annotation"


@dataclass(frozen=True, slots=True)
class Row:
    """Keywords that are documented together.

    Attributes:
        keywords: in the order of the documentation.
        how: how they are enforced.
        caveat: what is refused, or narrower than in the specification.
    """

    keywords: tuple[Keyword, ...]
    how: str
    caveat: str = ""


def _assertion(
    name: str,
    type: int = 0,
    *,
    since: str = "4",
    needs: tuple[str, ...] = (),
    in_validation: bool = True,
) -> Keyword:
    return Keyword(name, "assertion", type, "value", since, needs=needs, in_validation=in_validation)


def _part(name: str, type: int, holds: Holds, since: str = "4", until: str = "2020-12") -> Keyword:
    """An assertion that contains schemas: of the vocabulary for applicators."""
    return Keyword(name, "assertion", type, holds, since, until)


def _combinator(
    name: str, holds: Holds, since: str = "4", until: str = "2020-12", needs: tuple[str, ...] = ()
) -> Keyword:
    return Keyword(name, "combinator", 0, holds, since, until, needs, name == "dependentRequired")


ROWS = (
    Row(
        (Keyword("$schema"),),
        "chooses the draft; a metaschema from `registry` without the vocabulary for validation voids its keywords",
    ),
    Row((Keyword("$id"), Keyword("id"), Keyword("$anchor")), "bases and anchors of references"),
    Row(
        (_combinator("$ref", "value"),),
        "a rule for each target; recursion in any direction",
        "siblings are void up to draft 7; a circle that consumes no input is an error",
    ),
    Row(
        (
            _combinator("$dynamicRef", "value", since="2020-12"),
            Keyword("$dynamicAnchor"),
            _combinator("$recursiveRef", "value", since="2019-09", until="2019-09"),
            Keyword("$recursiveAnchor"),
        ),
        "schemas are copied for each dynamic scope in which they are reached",
        "100,000 copies at most",
    ),
    Row(
        (
            Keyword("$defs", holds="map"),
            Keyword("definitions", holds="map"),
            *map(Keyword, ("$comment", "title", "description", "default", "examples", "deprecated")),
            *map(Keyword, ("readOnly", "writeOnly", "contentEncoding", "contentMediaType")),
            Keyword("contentSchema", holds="schema"),
        ),
        "annotations, as is any unknown keyword",
    ),
    Row(
        (_assertion("type"),),
        "one rule for each type; an assertion without `type` does not constrain the other types",
        "`1.0` is an integer to `validate()` and `exact=True` only",
    ),
    Row(
        (_assertion("enum"), _assertion("const", since="6")),
        "literals; those that other keywords of the schema forbid are dropped",
        "a value that is not JSON's (NaN) is an error",
    ),
    Row(
        (_part("properties", OBJECT, "map"),),
        "properties in order; a declared name is never written as an undeclared one",
    ),
    Row((_assertion("required", OBJECT),), "also of undeclared names, after the declared ones"),
    Row(
        (_part("additionalProperties", OBJECT, "schema"),),
        "names that are none of the declared ones and match no pattern; each is recorded, and not written twice",
        "not recorded with `exact=True`, in YAML, and where between 2,000 and a million names stand next to a "
        "property that must exist (of `not`) or in any order: there a name may come twice",
    ),
    Row(
        (_part("patternProperties", OBJECT, "map"),),
        "names that match the same patterns are one terminal; all that match apply",
        "64 such regions, else refused",
    ),
    Row((_part("propertyNames", OBJECT, "schema", since="6"),), "names are intersected with it"),
    Row(
        (_assertion("minProperties", OBJECT), _assertion("maxProperties", OBJECT)),
        "an automaton counts properties; large bounds cost nothing where properties come in order",
        "beyond 5,000 states or 500,000 ways between them (in any order, mostly) refused; as is a minimum above "
        "100,000,000; in YAML, where undeclared names would have to be distinguished to be counted",
    ),
    Row(
        (
            _combinator("dependentRequired", "value", since="2019-09"),
            _combinator("dependentSchemas", "map", since="2019-09"),
            _combinator("dependencies", "map", until="7"),
        ),
        "alternatives: without the name, or with it and what it needs",
        "alternatives, see below; at most 1,024 names",
    ),
    Row(
        (
            _combinator("unevaluatedProperties", "schema", since="2019-09"),
            _combinator("unevaluatedItems", "schema", since="2019-09"),
        ),
        "plain keywords in each alternative",
        "alternatives, see below",
    ),
    Row(
        (
            _part("items", ARRAY, "schema or list"),
            _part("prefixItems", ARRAY, "list", since="2020-12"),
            _part("additionalItems", ARRAY, "schema", until="2019-09"),
        ),
        "rules",
    ),
    Row(
        (_assertion("minItems", ARRAY), _assertion("maxItems", ARRAY)),
        "counted; large bounds cost nothing",
        "a minimum above 100,000,000 is refused: no text is that long",
    ),
    Row(
        (
            _part("contains", ARRAY, "schema", since="6"),
            _assertion("minContains", ARRAY, since="2019-09", needs=("contains",)),
            _assertion("maxContains", ARRAY, since="2019-09", needs=("contains",)),
        ),
        "an automaton over the items",
        "5,000 states; ten things to look for at once (of `allOf`)",
    ),
    Row(
        (_assertion("uniqueItems", ARRAY),),
        "scalars are recorded, in one spelling each; other items are compared by their values while they are read, "
        "with any order of properties and any spelling; items from short lists by rules",
        "refused: where there may be fewer distinct items than `minItems` or `minContains` (unless that is "
        "easy to see), `maxContains` with items that are not scalars, and its negation; in YAML all but "
        "scalars and short lists. With `exact=True` an item that writes a name twice can come to where nothing may "
        "follow",
    ),
    Row(
        (_assertion("minLength", STRING), _assertion("maxLength", STRING)),
        "code points of the decoded string; large bounds cost nothing",
        "a minimum above 100,000,000 is refused",
    ),
    Row(
        (_assertion("pattern", STRING),),
        "ECMA-262 (docs/regex.md), searched, over the decoded string",
        "backreferences only to groups with few texts; a malformed pattern is an `InvalidSchemaError`",
    ),
    Row(
        (_assertion("format", STRING, in_validation=False),),
        "the formats below; others are annotations",
    ),
    Row(
        (
            *(_assertion(name, NUMBER) for name in ("minimum", "maximum")),
            *(_assertion(name, NUMBER) for name in ("exclusiveMinimum", "exclusiveMaximum")),
        ),
        "digits are compared, exactly",
        "at most 400 digits",
    ),
    Row(
        (_assertion("multipleOf", NUMBER),),
        "by the last digits, and by the remainders of the digits read so far; short ranges are listed; "
        "multiples of an integer with more than 5,000 different last digits (64, 128, ... 8192, 6400) are written "
        "without a point",
        "what remains of the divisors without 2 and 5, forbidden ones included: a least common multiple of at most "
        "20,000, or at most 4,096 multiples within the bounds; with `exact=True` a product of at most 30; else "
        "refused",
    ),
    Row((_combinator("allOf", "list"),), "conjunction of keywords"),
    Row((_combinator("anyOf", "list"),), "alternatives"),
    Row(
        (_combinator("oneOf", "list"),),
        "alternatives; where branches overlap, each without the others, or left open",
        "see below",
    ),
    Row(
        (_combinator("not", "schema"),),
        "pushed inwards to complements of keywords",
        "refused: of `uniqueItems`, and twice over undeclared properties",
    ),
    Row(
        (
            _combinator("if", "schema", since="7", needs=("then", "else")),
            Keyword("then", "branch", 0, "schema", "7", needs=("if",)),
            Keyword("else", "branch", 0, "schema", "7", needs=("if",)),
        ),
        "two alternatives",
        "see below",
    ),
)

KEYWORDS = {keyword.name: keyword for row in ROWS for keyword in row.keywords}
ASSERTIONS = frozenset(name for name, one in KEYWORDS.items() if one.role == "assertion")
COMBINATORS = frozenset(name for name, one in KEYWORDS.items() if one.role == "combinator")
VALIDATION = frozenset(name for name, one in KEYWORDS.items() if one.in_validation)
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
DEFINITIONS = ("$defs", "definitions")

HOLDING_ONE = frozenset(name for name, one in KEYWORDS.items() if one.holds in ("schema", "schema or list"))
HOLDING_LISTS = frozenset(name for name, one in KEYWORDS.items() if one.holds in ("list", "schema or list"))
HOLDING_MAPS = frozenset(name for name, one in KEYWORDS.items() if one.holds == "map")


def void_in(draft: str) -> frozenset[str]:
    """The keywords of other drafts, which mean nothing in this one."""
    return frozenset(name for name, one in KEYWORDS.items() if not one.is_in(draft))

"""The function that others call: a schema, in; a `Constraint`, out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from structgen.constraint import Constraint
from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.compiler import Compiler
from structgen.frontends.json_schema.documents import Document, load
from structgen.frontends.json_schema.judge import JsonJudge
from structgen.frontends.json_schema.layout import layout
from structgen.grammar.expressions import Expression
from structgen.limits import Limits

if TYPE_CHECKING:
    import referencing

Whitespace = Literal["bounded", "compact", "any"]


def json_schema(
    schema: dict[str, Any] | bool | str | bytes | Any,
    *,
    whitespace: Whitespace | Expression = "bounded",
    strict: bool = True,
    draft: Literal["4", "6", "7", "2019-09", "2020-12"] | None = None,
    registry: referencing.Registry[Any] | None = None,
    formats: Literal["enforce", "annotate"] = "enforce",
    limits: Limits | None = None,
) -> Constraint:
    """The text is JSON that a schema allows.

    Args:
        schema: a JSON Schema, as a dict, a boolean or JSON text; or a Python type: a pydantic model, dataclass,
            TypedDict, NamedTuple, Enum, or an annotation such as `list[int]`.
        whitespace: "bounded": what `json.dumps` writes with any separators and indentation; "compact": none; "any":
            all that JSON allows, without bound; or an expression that says what may stand beside `{}[],:`.
        strict: a keyword that the mask cannot enforce is an error. Otherwise it is listed in `unenforced`, and
            `validate()` checks it.
        draft: which draft the schema is written in; by default what its `$schema` says, and else the latest.
        registry: documents that the schema refers to. Nothing is fetched from the network.
        formats: whether `format` is enforced where the specifications define it, or is an annotation.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose value is the parsed JSON; of a Python type, an instance.

    Raises:
        InvalidSchemaError: The schema is malformed.
        UnsupportedSchemaError: It has keywords that the mask cannot enforce; all of them are listed.
        EmptyLanguageError: No value satisfies the schema.

    The mask narrows what a validator accepts: members come in the order of the schema, undeclared ones last;
    whitespace and digits are bounded; what has to match something is spelled with no more escapes than it needs.
    `validate()` accepts any JSON text that the schema allows. docs/json-schema.md has all keywords.

    >>> person = json_schema({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})
    >>> person.validate('{"name": "Robert Burns"}')
    {'name': 'Robert Burns'}
    """
    if formats not in ("enforce", "annotate"):
        raise InvalidSchemaError("#", f'formats={formats!r}: expected "enforce" or "annotate"')
    if isinstance(schema, (str, bytes)):
        text: str | None = schema if isinstance(schema, str) else _decode(schema)
        assert text is not None
        root = _guarded(load, text)
    elif isinstance(schema, (dict, bool)):
        text, root = None, schema
    else:
        from structgen.frontends.types import constraint_of

        return constraint_of(
            schema,
            whitespace=whitespace,
            strict=strict,
            draft=draft,
            registry=registry,
            formats=formats,
            limits=limits,
        )
    document = Document(root, draft=draft, registry=registry, text=text)
    grammar, problems = _guarded(Compiler(document, layout(whitespace), formats).compile, strict=strict)
    judge = JsonJudge(document, complete=not problems, registry=registry)
    return Constraint(grammar, judge, problems, _describe(root), limits or Limits(), judge)


def _guarded(function: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return function(*arguments, **options)
    except RecursionError:
        raise InvalidSchemaError("#", "the schema nests too deeply") from None


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidSchemaError("#", f"the schema is not UTF-8: {error}") from None


def _describe(root: Any) -> str:
    title = root.get("title") if isinstance(root, dict) else None
    return f"JSON Schema {title!r}" if isinstance(title, str) and len(title) < 60 else "JSON Schema"

"""`json_schema()`: compile a schema, or a Python type, into a `Constraint`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from structgen.collector import collector_paused
from structgen.constraint import Constraint, remembers_arguments
from structgen.errors import InvalidOptionError, InvalidSchemaError, InvalidText, LimitExceeded, Problem
from structgen.formats.json import EVERY_JSON, JsonText, Whitespace, json_format
from structgen.formats.options import Escapes, Output, WhitespaceMode, format_of
from structgen.frontends.json_schema.compilation import compile_document
from structgen.frontends.json_schema.documents.document import Document, load
from structgen.frontends.json_schema.report import KeywordReport, report_of
from structgen.frontends.json_schema.style import Style
from structgen.frontends.json_schema.validator import JsonValidator, explain_malformed
from structgen.frontends.json_schema.view import SchemaView, view_of
from structgen.grammar.expressions import Expression
from structgen.grammar.rules import Grammar
from structgen.limits import LIMITS, Limits
from structgen.options import check_flags, check_option

if TYPE_CHECKING:
    import referencing

    from structgen.frontends.types import PythonType


class JsonConstraint(Constraint):
    """A constraint whose texts jsonschema can validate, too."""

    @cached_property
    def report(self) -> tuple[KeywordReport, ...]:
        """What becomes of every keyword of the schema: enforced by the mask, checked afterwards, or an annotation."""
        validator = self.schema
        assert isinstance(validator, JsonValidator)
        return report_of(validator.document, self.unenforced, formats=validator.formats)

    @property
    def is_json(self) -> bool:
        """Returns True if the texts are JSON: of one format that has several."""
        return isinstance(self.schema, JsonValidator) and self.schema.format.title == "JSON"

    @cached_property
    def view(self) -> SchemaView:
        """What the schema says about the value, place by place; a hint for repair, not a verdict."""
        assert self.schema is not None
        return view_of(self.schema.document)

    def validate(self, text: str) -> Any:
        """The value of `text`, as `Constraint.validate`; texts beyond the limits of the mask are valid all the same.

        Raises:
            InvalidText: The text is not what the schema says.
        """
        try:
            return super().validate(text)
        except LimitExceeded:
            if not isinstance(self.validator, JsonValidator):
                raise
            return self.validator.alone(text)

    def check_value(self, value: Any) -> tuple[Any, list[Problem]]:
        """Check a parsed value, as `Constraint.check_value`.

        If the grammar accepts its JSON, that is the verdict: it takes a tenth of the time of jsonschema. Nothing is
        parsed.
        """
        validator = self.schema
        assert isinstance(validator, JsonValidator)
        text = json_format().write(value)
        problems = [] if self._accepts(text, validator) else validator.problems(value)
        if problems or validator.instance is None:
            return value, problems
        try:
            return validator.instance(text, value, True), []
        except InvalidText as error:
            return value, [Problem("#", error.reason)]

    def _accepts(self, text: str, validator: JsonValidator) -> bool:
        """Returns True if the grammar accepts JSON, and says all that the schema does."""
        if not validator.complete or not isinstance(validator.format, JsonText):
            return False
        try:
            return self._compiled.find_error(text) is None
        except LimitExceeded:
            return False


DraftName = Literal["4", "6", "7", "2019-09", "2020-12"]
_DEFAULT_LIMITS = Limits()
Formats = Literal["enforce", "annotate"]
PropertyOrder = Literal["schema", "any"]
_ALLOWED: dict[str, tuple[str | None, ...]] = {
    "draft": (*get_args(DraftName), None),
    "escapes": get_args(Escapes),
    "formats": get_args(Formats),
    "output": get_args(Output),
    "property_order": get_args(PropertyOrder),
    "whitespace": get_args(WhitespaceMode),
}


@remembers_arguments
def json_schema(
    schema: dict[str, Any] | bool | str | bytes | Any,
    *,
    whitespace: WhitespaceMode | Whitespace | Expression = "bounded",
    strict: bool = True,
    draft: DraftName | None = None,
    registry: referencing.Registry[Any] | None = None,
    formats: Formats = "enforce",
    property_order: PropertyOrder = "schema",
    ensure_ascii: bool = False,
    escapes: Escapes = "any",
    closed: bool | None = None,
    exact: bool = False,
    output: Output = "json",
    limits: Limits | None = None,
) -> Constraint:
    r"""The text is JSON, YAML or TOML that a schema allows.

    Args:
        schema: a JSON Schema, as a dict, a boolean or JSON text; or a Python type: a pydantic model, dataclass,
            TypedDict, NamedTuple, Enum, or an annotation such as `list[int]`.
        whitespace: "bounded": what `json.dumps` writes with any separators and indentation; "compact": none; "any":
            all that JSON allows, without bound; `Whitespace(indent=2)` and the like: exactly what `json.dumps` writes
            with these options; or an expression that says what may stand around `{}[],:`.
        strict: a keyword that the mask cannot enforce is an error. Otherwise it is listed in `unenforced`, and
            `validate()` checks it.
        draft: which draft the schema is written in; by default what its `$schema` says, and else the latest.
        registry: documents that the schema refers to. Nothing is fetched from the network.
        formats: whether `format` is enforced where the specifications define it, or is an annotation.
        property_order: "schema": properties come as the schema declares them, the others last; "any": in any order.
        ensure_ascii: characters that are not ASCII are written as escapes, as `json.dumps` does.
        escapes: "any": strings that are free may have escapes that nothing needs (`\u0041`, `\/`); "needed": they may
            not, so a value has one text, numbers aside.
        closed: undeclared properties are not written, where a schema declares properties and says nothing of others.
            None: so for Python types (of pydantic too, unless `extra="allow"`), and not for schemas.
        exact: no narrowing at all: any whitespace, any order, every spelling of strings and numbers, formats as
            annotations, and names may be written twice. Not together with the options above.
        output: "json"; or "yaml": the text is YAML in blocks, of fewer tokens than JSON with spaces, and `validate()`
            needs ruamel.yaml; or "toml": the text is a TOML document, whose value is an object without null. The last
            two go neither with `whitespace` nor with `exact`.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose value is the parsed text; of a Python type, an instance.

    Raises:
        InvalidSchemaError: The schema is malformed.
        UnsupportedSchemaError: It has keywords that the mask cannot enforce; all of them are listed.
        EmptyLanguageError: No value satisfies the schema.
        InvalidOptionError: An option has a value that it may not have, or not together with another one.

    The mask narrows what a validator accepts: properties come in the order of the schema, undeclared ones last;
    whitespace and digits are bounded; what has to match something is spelled with no more escapes than it needs.
    `validate()` accepts any JSON text that the schema allows. docs/json-schema.md has all keywords.

    >>> person = json_schema({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})
    >>> person.validate('{"name": "Robert Burns"}')
    {'name': 'Robert Burns'}
    """
    check_option("formats", formats, _ALLOWED["formats"])
    check_option("property_order", property_order, _ALLOWED["property_order"])
    check_option("escapes", escapes, _ALLOWED["escapes"])
    check_option("output", output, _ALLOWED["output"])
    check_option("draft", draft, _ALLOWED["draft"])
    check_option("limits", limits, LIMITS)
    check_flags(strict=strict, ensure_ascii=ensure_ascii, exact=exact)
    check_option("closed", closed, (True, False, None))
    if not isinstance(whitespace, (Whitespace, Expression)):
        check_option("whitespace", whitespace, _ALLOWED["whitespace"], or_else="a Whitespace")
    if registry is not None and not hasattr(registry, "get_or_retrieve"):
        raise InvalidOptionError("registry", registry, "must be a referencing.Registry or None")
    if exact and output != "json":
        raise InvalidOptionError("output", output, "cannot be combined with exact or whitespace")
    python_type, text, root = _read(schema)
    is_closed = (python_type is not None and not exact) if closed is None else closed
    style = Style(format_of(output, whitespace, escapes, ensure_ascii), property_order == "any", is_closed)
    if exact:
        if style != Style() or formats != "enforce":
            reason = (
                "cannot be combined with whitespace, property_order, escapes, ensure_ascii, closed or formats"
            )
            raise InvalidOptionError("exact", exact, reason)
        formats, style = "annotate", Style(EVERY_JSON, any_order=True)
    document = Document(root, draft=draft, registry=registry, text=text)
    with collector_paused():
        grammar, problems = _guarded(
            partial(_compile, document, style, formats=formats == "enforce", strict=strict)
        )
    validator = JsonValidator(
        document,
        style.format,
        complete=not problems,
        formats=formats == "enforce",
        registry=registry,
        instance=None if python_type is None else python_type.instance,
    )
    limits = limits or _DEFAULT_LIMITS
    if python_type is None:
        return JsonConstraint(grammar, validator, problems, _describe(root), limits, validator)
    by_type = partial(_instance, validator, python_type, output == "json")
    description = f"{output.upper()} of {python_type.name}"
    return JsonConstraint(grammar, by_type, problems, description, limits, validator)


def _read(schema: Any) -> tuple[PythonType | None, str | None, Any]:
    """The Python type, the JSON text and the JSON Schema that the caller gave; None for those that it is not."""
    if isinstance(schema, (bytearray, memoryview)):
        schema = bytes(schema)
    if isinstance(schema, (str, bytes)):
        text = schema if isinstance(schema, str) else _decode(schema)
        return None, text, _guarded(partial(load, text))
    if isinstance(schema, (dict, bool)):
        return None, None, schema
    from structgen.frontends.types import read_type

    found = read_type(schema)
    return found, None, found.schema


def _instance(
    validator: JsonValidator, python_type: PythonType, is_json: bool, text: str, error: InvalidText | None
) -> Any:
    return python_type.instance(text, validator(text, error), is_json)


T = TypeVar("T")


def _guarded(function: Callable[[], T]) -> T:
    """Call a function; if the stack ends, call it again in a thread of its own, whatever the caller has used."""
    try:
        return function()
    except RecursionError:
        pass
    with ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(function).result()
        except RecursionError:
            raise InvalidSchemaError("#", "the schema nests too deeply") from None


def _compile(
    document: Document, style: Style, *, formats: bool, strict: bool
) -> tuple[Grammar, tuple[Problem, ...]]:
    try:
        return compile_document(document, style, formats=formats, strict=strict)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        # A schema is not checked against its metaschema on the path of a request: that takes longer than compiling.
        malformed = explain_malformed(document)
        if malformed is None:
            raise
        raise malformed from None


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidSchemaError("#", f"the schema is not UTF-8: {error}") from None


def _describe(root: object) -> str:
    title = root.get("title") if isinstance(root, dict) else None
    return f"JSON Schema {title!r}" if isinstance(title, str) and len(title) < 60 else "JSON Schema"

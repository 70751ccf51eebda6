"""Constraint: what the text must be. The one object that a user holds.

It pickles, and deepcopy returns it as it is. What makes a constraint says so (`made_by`): a pickle then holds the
name of that function and its arguments, no code and nothing compiled. Without that it holds the parts.

A front end (`structgen.frontends`) is a function that returns one. It joins three things: the grammar, which the
mask enforces; a validator, which says what a complete text means and checks what the mask could not; and the list
of what the mask leaves unenforced.

Knows no front end: neither JSON nor Lark nor the syntax of regular expressions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import wraps
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import ParamSpec, Self

from structgen.compiled_cache import COMPILED
from structgen.errors import InvalidGrammarError, InvalidText, Problem
from structgen.forms import form_of
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Grammar, Sequence, Terminal
from structgen.language.compose import compose
from structgen.language.parts import Alternatives, Concatenated, Node
from structgen.language.sampling import sample
from structgen.limits import LIMITS, Limits
from structgen.locks import Once
from structgen.matcher import CompiledGrammar, Explanation, compile_grammar
from structgen.options import Instance, Whole, check_option
from structgen.spans import Leaf, Reading, leaves
from structgen.vocabulary import Vocabulary

if TYPE_CHECKING:
    from structgen.repairing.pipeline import Repair

Arguments = ParamSpec("Arguments")
Validator = Callable[[str, InvalidText | None], Any]
"""Gives the value of a complete text, or raises `InvalidText`.

Called with the text and with what the grammar has against it (None if the text is in its language). A validator that
knows better than the grammar may accept all the same: a JSON text whose keys come in another order is valid,
though a mask would not have generated it.
"""


class SchemaValidator(Protocol):
    """What a constraint over JSON knows of its schema; a repair is guided by it."""

    @property
    def document(self) -> Any:
        """The schema, with its draft and its references."""

    def problems(self, value: Any) -> list[Problem]:
        """All that is wrong with a parsed value, by JSON Pointer."""


def validate_by_grammar(text: str, error: InvalidText | None) -> str:
    """The plainest validator: the grammar is right, and the text is its own value."""
    if error is not None:
        raise error
    return text


class Score(float):
    """How near a text is to a valid one (`Constraint.score`), from 0 to 1.

    Attributes:
        position: how many of its bytes a valid text begins with.
        is_valid: True if it is one.
    """

    position: int
    is_valid: bool

    def __new__(cls, value: float, position: int, is_valid: bool) -> Self:
        """A score with what it is made of."""
        found = super().__new__(cls, value)
        found.position = position
        found.is_valid = is_valid
        return found

    def __getnewargs__(self) -> tuple[float, int, bool]:  # type: ignore[override]
        return float(self), self.position, self.is_valid


@dataclass(frozen=True)
class Recipe:
    """How a constraint was made, and can be made again in another process.

    Attributes:
        function: a function of a module, which is found by its name.
        arguments: of the function, by their places.
        options: of the function, by their names.
    """

    function: Callable[..., Constraint]
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def make(self) -> Constraint:
        """Make it again."""
        return self.function(*self.arguments, **self.options)


@dataclass(frozen=True, eq=False)
class Constraint:
    """What the text must be.

    Made by `structgen.json_schema`, `regex`, `lark`, `choice`; give it to `generate`, `LogitsProcessor` or
    `compile`.

    Attributes:
        grammar: what the mask enforces.
        validator: gives the value of a complete text, or raises `InvalidText`.
        unenforced: what the mask leaves to `validate()`; empty unless the caller passed `strict=False`.
        description: what it was made from, in one line.
        limits: what compiling and masking may cost.
        schema: of JSON, what is known of its schema; None if the text is something else.
    """

    grammar: Grammar
    validator: Validator = validate_by_grammar
    unenforced: tuple[Problem, ...] = ()
    description: str = ""
    limits: Limits = field(default_factory=Limits)
    schema: SchemaValidator | None = None
    _recipe: Recipe | None = field(init=False, default=None, repr=False)
    _compilations: Once[CompiledGrammar] = field(init=False, default_factory=Once, repr=False)

    def made_by(self, function: Callable[..., Constraint], *arguments: Any, **options: Any) -> Self:
        """This constraint, which from now on knows that `function(*arguments, **options)` makes one like it.

        Containers among the arguments are copied: what the caller changes later does not change the recipe.
        """
        recipe = Recipe(function, _snapshot(arguments), _snapshot(options))
        object.__setattr__(self, "_recipe", recipe)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self._recipe is not None:
            return Recipe.make, (self._recipe,)
        return type(self), tuple(getattr(self, part.name) for part in fields(self) if part.init)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    @property
    def recipe(self) -> Recipe | None:
        """How it was made; None if nothing says so."""
        return self._recipe

    def to_json(self) -> str:
        """What the constraint was made of, as JSON, for requests, logs and files; `structgen.from_json` makes it again.

        Of a Python type the form holds the schema.

        Raises:
            InvalidOptionError: It was made of something that JSON cannot carry, such as a registry of schemas.
        """
        return json.dumps(form_of(self), ensure_ascii=False)

    @property
    def report(self) -> tuple[Any, ...]:
        """What becomes of every keyword of a JSON Schema (`KeywordReport`); empty for other constraints."""
        return ()

    @property
    def view(self) -> Any:
        """What a JSON Schema says about the value (`SchemaView`); None for other constraints."""
        return None

    @property
    def is_json(self) -> bool:
        """Returns True if the texts are JSON, in one of the forms that a front end for JSON writes."""
        return False

    @property
    def by_bytes(self) -> CompiledGrammar:
        """The compiled grammar over single bytes."""
        return self._compiled

    def __add__(self, other: Constraint | str) -> Constraint:
        """One after the other; docs/composition.md says how texts are read. A `str` is a text as it is."""
        return (
            composed(_concatenated(self, other)) if isinstance(other, (Constraint, str)) else NotImplemented
        )

    def __radd__(self, other: str) -> Constraint:
        return composed(_concatenated(other, self)) if isinstance(other, str) else NotImplemented

    def __or__(self, other: Constraint | str) -> Constraint:
        """One or the other; the first one, where a text is of both."""
        return (
            composed(_alternatives(self, other)) if isinstance(other, (Constraint, str)) else NotImplemented
        )

    def __ror__(self, other: str) -> Constraint:
        return composed(_alternatives(other, self)) if isinstance(other, str) else NotImplemented

    def validate(self, text: str) -> Any:
        """The value of `text`: the parsed JSON of a schema, an instance of a type, the text itself for the others.

        Args:
            text: a complete text.

        Raises:
            InvalidText: The text is not what the constraint says. Carries the position, the line and column, and
                what was expected there.
            LimitExceeded: That can't be decided within the limits of the constraint.
        """
        return self.validator(text, self._compiled.find_error(text))

    def check_value(self, value: Any) -> tuple[Any, list[Problem]]:
        """Check a parsed value, where `validate` checks a text.

        Args:
            value: a value that JSON can carry.

        Returns:
            The value as `validate` returns it, and all that is wrong with it, by JSON Pointer.

        Raises:
            TypeError: The constraint is no JSON Schema.
        """
        raise TypeError(f"{self!r} is no JSON Schema: it has texts, but no values")

    def is_valid(self, text: str) -> bool:
        """Returns True if `validate()` accepts `text`.

        Raises:
            LimitExceeded: That can't be decided within the limits of the constraint.
        """
        try:
            self.validate(text)
        except InvalidText:
            return False
        return True

    def score(self, text: str) -> Score:
        """How near a text is to a valid one: for trainers that need a graded reward, and for rankers.

        Returns:
            A number from 0 to 1, which is also a float:

            1           `validate()` accepts the text
            0.95        the grammar accepts it, and a check beyond the grammar does not
            below 0.9   0.9 n / (n + m) for a text of n bytes that a valid one begins with, where m bytes complete it;
                        0.9 p / n for one of n bytes of which only the first p begin a valid text

        Raises:
            LimitExceeded: It can't be decided within the limits of the constraint.
        """
        size = len(text.encode("utf-8", "surrogatepass"))
        length, missing = self._compiled.read(text)
        if length < size:
            return Score(0.9 * length / size, length, False)
        if self._compiled.accepts(text):
            is_valid = self.is_valid(text)
            return Score(1.0 if is_valid else 0.95, length, is_valid)
        return Score(0.9 * length / (length + max(missing, 1)), length, False)

    def repair(self, text: str | bytes, **options: Any) -> Repair:
        """The value that a damaged text was meant to have: `structgen.repair` with this constraint.

        Args:
            text: what a model wrote.
            options: those of `structgen.repair`.

        Raises:
            RepairError: No value in the text is what the constraint says.
        """
        from structgen.repairing.pipeline import repair

        return repair(text, self, **options)

    def sample(self, rng: Random, *, max_depth: int = 12) -> str:
        """Returns a random text of the grammar, without a model.

        Args:
            rng: the source of randomness; the same state gives the same text.
            max_depth: nesting of rules from which on only the shortest completion is taken.

        Special tokens have no text and leave no trace.

        Raises:
            InvalidOptionError: An argument has a value that it may not have.
        """
        check_option("rng", rng, (Instance(Random, "a random.Random"),))
        check_option("max_depth", max_depth, (Whole(1),))
        return sample(self.grammar, rng, max_depth=max_depth)

    def explain(self, prefix: str = "") -> Explanation:
        """What may come after `prefix`, in words, characters and terminals.

        Raises:
            InvalidText: No valid text begins with `prefix`.
        """
        return self._compiled.explain_text(prefix)

    def compile(self, vocabulary: Vocabulary, *, limits: Limits | None = None) -> CompiledGrammar:
        """The compiled grammar for a vocabulary; made once for each and kept with the constraint.

        Dropped, and made again when next used, if the compiled grammars of this process take too much memory
        (`structgen.cache_info`).

        Raises:
            LimitExceeded: It costs more than `limits` (by default the constraint's own) allow.
        """
        limits = limits or self.limits

        def make() -> CompiledGrammar:
            recipe = None if self._recipe is None else (_compiled_again, (self._recipe, vocabulary, limits))
            return CompiledGrammar(self.grammar, vocabulary, limits, recipe=recipe)

        return COMPILED.get(self._compilations, (vocabulary, limits), make)

    @property
    def _compiled(self) -> CompiledGrammar:
        """The grammar over single bytes: enough to read a text, whatever the tokenizer."""
        return self.compile(Vocabulary.of_bytes())

    def __repr__(self) -> str:
        return f"<Constraint {self.description or 'of a grammar'}>"


def remembers_arguments(function: Callable[Arguments, Constraint]) -> Callable[Arguments, Constraint]:
    """A function of a module that makes constraints, which know that it made them (`Constraint.made_by`)."""

    @wraps(function)
    def made(*arguments: Arguments.args, **options: Arguments.kwargs) -> Constraint:
        return function(*arguments, **options).made_by(made, *arguments, **options)

    return made


def _compiled_again(recipe: Recipe, vocabulary: Vocabulary, limits: Limits) -> CompiledGrammar:
    return recipe.make().compile(vocabulary, limits=limits)


_CONTAINERS = frozenset({dict, list, tuple})


def _snapshot(value: Any) -> Any:
    """The value, with copies of the plain containers in it; as it is if it nests too deeply for that."""
    try:
        return _copied(value)
    except RecursionError:
        return value


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copied(one) if type(one) in _CONTAINERS else one for key, one in value.items()}
    if type(value) in _CONTAINERS:
        return type(value)([_copied(one) if type(one) in _CONTAINERS else one for one in value])
    return value


class Composed(Constraint):
    """A constraint that is made of others."""

    @property
    def report(self) -> tuple[Any, ...]:
        """The reports of the parts, one after the other."""
        assert isinstance(self.validator, Reading)
        return tuple(row for leaf in leaves(self.validator.tree) for row in leaf.part.report)


def tree_of(part: Constraint | str) -> Node:
    """A constraint as the tree of a composition; of one that is composed, its own.

    Raises:
        InvalidGrammarError: A text has lone surrogates, which UTF-8 can't carry.
    """
    if isinstance(part, str):
        if any("\ud800" <= char <= "\udfff" for char in part):
            raise InvalidGrammarError(f"{part!r} is not a text that UTF-8 can carry")
        body = Terminal(repr(part), Literal(part)) if part else Sequence(())
        part = Constraint(Grammar({"start": body}), description=repr(part))
    if isinstance(part, Composed) and isinstance(part.validator, Reading):
        return part.validator.tree
    has_validator = part.validator is not validate_by_grammar
    name = part.description or "a grammar"
    return Leaf(part.grammar, name, part.is_json, part=part, has_validator=has_validator)


def composed(tree: Node) -> Constraint:
    """The constraint of a composition.

    Raises:
        InvalidGrammarError: It is not clear where one part ends and the next begins.
    """
    parts = [leaf.part for leaf in leaves(tree)]
    limits = Limits(
        **{one.name: max(getattr(part.limits, one.name) for part in parts) for one in fields(Limits)}
    )
    return Composed(
        compose(tree),
        Reading(tree, limits),
        unenforced=tuple(problem for part in parts for problem in part.unenforced),
        description=f"composition of {', '.join(part.description for part in parts)}"[:200],
        limits=limits,
    ).made_by(composed, tree)


def _concatenated(*parts: Constraint | str) -> Node:
    trees = [tree_of(part) for part in parts]
    return Concatenated(
        tuple(one for tree in trees for one in (tree.parts if isinstance(tree, Concatenated) else (tree,)))
    )


def _alternatives(*parts: Constraint | str) -> Node:
    trees = [tree_of(part) for part in parts]
    return Alternatives(
        tuple(one for tree in trees for one in (tree.parts if isinstance(tree, Alternatives) else (tree,)))
    )


def compile(
    constraint: Constraint | Grammar, vocabulary: Vocabulary | Any, *, limits: Limits | None = None
) -> CompiledGrammar:
    """Compile a constraint for a vocabulary: what a logits processor or a decoding loop of your own needs.

    Args:
        constraint: a constraint, or a bare grammar.
        vocabulary: a `Vocabulary`, or a tokenizer to take it from (`Vocabulary.from_tokenizer`).
        limits: what compiling and masking may cost; by default those of the constraint.

    Returns:
        The compiled grammar; of one constraint and vocabulary always the same object.

    Raises:
        InvalidGrammarError: The grammar is not well formed, or no text can match.
        InvalidOptionError: `constraint` or `limits` is something else.
        VocabularyError: The tokenizer cannot be mapped to bytes.
        LimitExceeded: It costs more than the limits allow.

    >>> import structgen
    >>> matcher = compile(structgen.choice(["yes", "no"]), Vocabulary.of_bytes()).matcher()
    >>> matcher.advance(ord("y"))
    >>> bytes(matcher.forced_tokens())
    b'es'
    """
    check_option("constraint", constraint, (Instance(Constraint), Instance(Grammar)))
    check_option("limits", limits, LIMITS)
    if not isinstance(vocabulary, Vocabulary):
        vocabulary = Vocabulary.from_tokenizer(vocabulary)
    if isinstance(constraint, Constraint):
        return constraint.compile(vocabulary, limits=limits)
    return compile_grammar(constraint, vocabulary, limits=limits)

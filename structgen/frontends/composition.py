"""Parts of a composition: what may be missing, what may be repeated, and text up to a mark.

Constraints are composed by `+` (one after the other) and `|` (one of several). docs/composition.md has examples, and
says what values come out, and how a text is read that can be read in several ways.
"""

from __future__ import annotations

from structgen.constraint import Constraint, composed, remembers_arguments, tree_of
from structgen.errors import InvalidGrammarError, InvalidOptionError
from structgen.grammar.expressions import ANY_TEXT, Complement, Literal, concat, union
from structgen.grammar.rules import Grammar, Repetition, Terminal
from structgen.language.parts import Repeated
from structgen.options import Instance, Whole, check_option
from structgen.spans import Maybe

_PART = (Instance(Constraint), Instance(str, "a text"))


@remembers_arguments
def optional(part: Constraint | str) -> Constraint:
    """The part, or nothing.

    Args:
        part: a constraint, or a text.

    Returns:
        A constraint whose value is the value of the part, or None.

    Raises:
        InvalidOptionError: The part is neither.

    >>> from structgen import regex
    >>> signed = optional("-") + regex("[0-9]+")
    >>> signed.validate("-12"), signed.validate("7")
    (('-', '12'), (None, '7'))
    """
    check_option("part", part, _PART)
    return composed(Maybe(tree_of(part), 0, 1))


@remembers_arguments
def repeat(
    part: Constraint | str, min: int = 0, max: int | None = None, *, separator: Constraint | str | None = None
) -> Constraint:
    """The part, several times.

    Args:
        part: a constraint, or a text.
        min: how often at least.
        max: how often at most; None: without bound.
        separator: what stands between two of them.

    Returns:
        A constraint whose value is the list of the values of the part; those of the separator are left out.

    Raises:
        InvalidOptionError: An argument has a value that it may not have.
        InvalidGrammarError: It is not clear where one part ends and the next begins.

    >>> from structgen import regex
    >>> repeat(regex("[a-z]+"), 1, separator=", ").validate("a, b, c")
    ['a', 'b', 'c']
    """
    check_option("part", part, _PART)
    check_option("separator", separator, (*_PART, None))
    check_option("min", min, (Whole(0),))
    check_option("max", max, (Whole(0), None))
    if max is not None and max < min:
        raise InvalidOptionError("max", max, f"must be {min} or more, as min is")
    between = None if separator is None else tree_of(separator)
    return composed(Repeated(tree_of(part), min, max, between))


@remembers_arguments
def until(*marks: str) -> Constraint:
    """Any text that contains none of the marks: what comes before the first of them.

    Args:
        marks: texts, at least one, none of them empty.

    Returns:
        A constraint whose value is the text.

    Raises:
        InvalidGrammarError: There are no marks, or one is empty.
        InvalidOptionError: A mark is not a text.

    >>> from structgen import regex
    >>> call = until("<call>") + "<call>" + regex("[a-z]+") + "</call>"
    >>> call.validate("Let me see. <call>search</call>")
    ('Let me see. ', '<call>', 'search', '</call>')
    """
    for mark in marks:
        check_option("marks", mark, (Instance(str, "a text"),))
    if not marks or not all(marks):
        raise InvalidGrammarError("until() needs at least one mark, and none of them empty")
    found = concat(ANY_TEXT, union(*map(Literal, marks)), ANY_TEXT)
    shown = " or ".join(map(repr, marks))
    text = Terminal(f"text without {shown}", Complement(found))
    return Constraint(Grammar({"start": Repetition(text, 0, 1)}), description=f"text without {shown}")

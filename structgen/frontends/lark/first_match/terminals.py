"""The terminals of a grammar as Lark reads them: all that this package finds, as one function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lark.grammar import Rule

from structgen.errors import Problem
from structgen.frontends.lark.first_match.adjacency import Adjacency
from structgen.frontends.lark.first_match.collisions import Collisions
from structgen.frontends.lark.first_match.lexicon import Lexicon
from structgen.frontends.lark.first_match.readings import Readings, readings
from structgen.frontends.lark.first_match.tables import NotLALR, Table
from structgen.frontends.lark.first_match.terminal_queries import Texts
from structgen.frontends.lark.first_match.unreachable import Ignored, check_terminals_end
from structgen.frontends.lark.loading import Loaded, expand
from structgen.frontends.lark.rules import rules_of_trees
from structgen.grammar.expressions import EPSILON
from structgen.grammar.rules import RuleExpression, Sequence, Terminal


def terminals_as_lark_reads_them(loaded: Loaded, *, by_lalr: bool = True, strict: bool = True) -> Terminals:
    """The terminals of a grammar: of each, the texts that Lark's lexer would take for it.

    Args:
        loaded: the grammar.
        by_lalr: whether Lark's LALR parser reads the texts, with its contextual lexer, if the grammar is LALR(1). Its
            Earley parser takes a terminal for what it matches.
        strict: whether it is an error if a mask can't follow what Lark does; otherwise it is listed.

    Raises:
        InvalidLarkError: A terminal is malformed, never ends, or can't be followed; Lark refuses the rules.
        EmptyLanguageError: The start rule has no text.
    """
    survey = Survey(loaded, strict)
    table = _table(loaded) if by_lalr else None
    # If it has conflicts, Lark's LALR parser chooses one way, and reads less than the rules say.
    decisive = None if table is None or table.has_conflicts else table
    reading = readings(loaded, survey.collisions, decisive)
    lexicon = survey.lexicon
    check_terminals_end(loaded, survey.rules, survey.adjacency, lexicon.texts.get, reading.of)
    return Terminals(
        None if decisive is None or reading.places is None else decisive.rules,
        tuple(dict.fromkeys(lexicon.problems)),
        table is not None,
        table is not None and table.has_conflicts,
        reading,
        Ignored(reading.ignored, survey.first_bytes()),
    )


@dataclass(frozen=True)
class Terminals:
    """The terminals of a grammar, as rules name them: each with what may be ignored before it.

    Attributes:
        rules: the rules as Lark writes them out, if some terminal is not read alike in all places; `at` then gives
            the terminals. Otherwise None, and `named` does.
        problems: what the mask can't enforce.
        is_lalr: whether Lark's LALR parser can read the texts.
        has_conflicts: whether it reads less than the rules say.
    """

    rules: list[Rule] | None
    problems: tuple[Problem, ...]
    is_lalr: bool
    has_conflicts: bool
    _readings: Readings
    _ignored: Ignored

    @property
    def ignored(self) -> tuple[Terminal, ...]:
        """The terminals that may stand anywhere."""
        return self._ignored.everywhere

    @property
    def at_end(self) -> RuleExpression | None:
        """What else may be ignored at the end of a text."""
        return self._ignored.before(None)

    def named(self, name: str) -> RuleExpression:
        """A terminal, by its name."""
        return self._after_ignored(self._readings.terminals[name])

    def at(self, rule: Rule, index: int) -> RuleExpression:
        """The terminal at a place: an index of one of `rules`."""
        return self._after_ignored(self._readings.at(rule, index))

    def _after_ignored(self, terminal: Terminal) -> RuleExpression:
        before = self._ignored.before(terminal)
        return terminal if before is None else Sequence((before, terminal))


class Survey:
    """What the rules say of the terminals, and the terminals of each other.

    Attributes:
        rules: the rules, with terminals by name only.
        adjacency: which terminals may follow each other.
        lexicon: what `re` matches first of each terminal.
        collisions: which terminals are in each other's way.
    """

    def __init__(self, loaded: Loaded, strict: bool) -> None:
        self.rules = rules_of_trees(loaded, lambda name: Terminal(name, EPSILON))
        self.adjacency = Adjacency(self.rules, loaded.start)
        self.lexicon = Lexicon(loaded, self.adjacency, strict)
        self.collisions = Collisions(self.lexicon)

    def first_bytes(self) -> list[frozenset[int]]:
        """For each terminal that is not ignored, the bytes that it begins with."""
        texts, ignored = self.lexicon.texts, self.lexicon.loaded.ignored
        return [texts[name].first for name in texts if name not in ignored]

    def unfinished(self) -> list[str]:
        """The rules that no text can finish."""
        return [name for name, body in self.rules.items() if not self.adjacency.edges(body).finishes]

    def shared(self) -> Iterator[tuple[str, str, str]]:
        """The pairs of terminals that match the same text: the one, the one that Lark takes, and a shortest text."""
        for name, taken, texts in self.collisions.shared():
            yield name, taken, Texts(texts).shortest


def _table(loaded: Loaded) -> Table | None:
    """Lark's parse table; None if the grammar is not LALR(1)."""
    try:
        return Table(expand(loaded), loaded.start, loaded.ignored)
    except NotLALR:
        return None

r"""References to groups, `\1` and `(?(1)a|b)`, as the cases that they stand for.

A reference is regular where its group has few texts: `(['"])x\1` is `'x'|"x"`. So a pattern is read with an
environment, the text of each group that is still needed, and each node becomes nodes without references, one for each
environment that it leads to:

    (['"])        {1: '}  '        {1: "}  "
    .*?\1         {}  .*?'         in the environment {1: '}
    all           {}  '.*?'|".*?"

Which match comes first does not matter for the set of texts, but inside atomic groups and assertions it does: what is
set there and needed outside is refused. A repetition whose groups are needed after it is taken apart: the last pass is
the one that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from structgen.errors import InvalidRegexError
from structgen.grammar.expressions import CharSet, Literal, charset
from structgen.patterns import characters
from structgen.patterns.tree import (
    Anchor,
    Atomic,
    Condition,
    Group,
    Look,
    Loop,
    Node,
    Options,
    Reference,
    Sequence,
    children,
    width,
)

MAX_TEXTS = 1024
"""Texts that a group may have. `\\d` has 760 characters in Python."""

MAX_CASES = 20_000
"""Nodes that are made for the cases of one pattern."""

MAX_SIZE = 100_000
"""Nodes of the cases, written out: as many as the expression of a pattern may have."""

_LONG = 64
"""Parts of a sequence that is not copied into another one."""

MAX_PASSES = 8
"""A repetition of at most so many passes is written out, where its groups are needed after it."""

Environment = tuple[tuple[int, str], ...]
"""The texts of groups, by number, sorted. A group that is not in it has matched nothing yet, or is not needed."""

Cases = dict[Environment, Node]
"""For each environment that a node leads to, the node without references."""

Groups = frozenset[int]
Failure = Callable[[str, int], InvalidRegexError]

_EMPTY = Sequence(())
_NEVER = Options(())


def without_references(node: Node, error: Failure, *, ecma: bool) -> Node:
    """The same texts, by a tree without groups, references and conditions on groups.

    Args:
        node: as it was read.
        error: makes the error to raise.
        ecma: whether a group that has matched nothing is referred to as the empty text; in Python, it is no match.

    Raises:
        InvalidRegexError: A group that is referred to has too many texts, or what it matched is not so easy to say.
    """
    return _Resolver(error, ecma).cases(node, (), frozenset()).get((), _NEVER)


class _Facts:
    """What the nodes of one tree mention, set and need; each is found once."""

    def __init__(self) -> None:
        self._mentions: dict[int, bool] = {}
        self._sets: dict[int, Groups] = {}
        self._needs: dict[tuple[int, Groups], Groups] = {}

    def mentions(self, node: Node) -> bool:
        """Returns True if a node has groups, or refers to some."""
        found = self._mentions.get(id(node))
        if found is None:
            found = isinstance(node, (Group, Reference, Condition)) or any(map(self.mentions, children(node)))
            self._mentions[id(node)] = found
        return found

    def set_in(self, node: Node) -> Groups:
        """The groups that a node may set."""
        found = self._sets.get(id(node))
        if found is None:
            own = frozenset({node.number}) if isinstance(node, Group) else frozenset()
            found = self._sets[id(node)] = own.union(*map(self.set_in, children(node)))
        return found

    def needed(self, node: Node, after: Groups) -> Groups:
        """The groups whose texts before a node are needed, in it or after it.

        Args:
            node: with groups or without.
            after: the groups that are needed after it.
        """
        key = id(node), after
        if key not in self._needs:
            self._needs[key] = self._needed(node, after) if self.mentions(node) else after
        return self._needs[key]

    def _needed(self, node: Node, after: Groups) -> Groups:
        if isinstance(node, Group):
            return self.needed(node.body, after - {node.number})
        if isinstance(node, Reference):
            return after | {node.number}
        if isinstance(node, Condition):
            return self.needed(node.then, after) | self.needed(node.otherwise, after) | {node.number}
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                after = self.needed(part, after)
            return after
        if isinstance(node, Options):
            return frozenset().union(*(self.needed(option, after) for option in node.options))
        if isinstance(node, Loop):  # what a second pass needs, the first one needs too, or it sets it
            once = self.needed(node.body, after)
            return once | after if node.min == 0 else once
        assert isinstance(node, (Look, Atomic))
        return self.needed(node.body, frozenset()) | after


class _Resolver:
    def __init__(self, error: Failure, ecma: bool) -> None:
        self._error = error
        self._ecma = ecma
        self._made = 0
        self._sizes: dict[int, tuple[Node, int]] = {}  # by id, with the node, so that its id stays its own
        self._facts = _Facts()

    def cases(self, node: Node, before: Environment, live: Groups) -> Cases:
        """The cases of a node.

        Args:
            node: with groups or without.
            before: the environment in front of it.
            live: the groups that are needed after it.
        """
        if not self._facts.mentions(node):
            return {_kept(before, live): node}
        if isinstance(node, Group):
            return self._group(node, before, live)
        if isinstance(node, Reference):
            return self._reference(node, before, live)
        if isinstance(node, Condition):
            chosen = node.then if node.number in dict(before) else node.otherwise
            return self.cases(chosen, before, live)
        if isinstance(node, Sequence):
            return self._sequence(node, before, live)
        if isinstance(node, Options):
            found = [self.cases(option, before, live) for option in node.options]
            return self._merged((case for cases in found for case in cases.items()), node)
        if isinstance(node, Loop):
            return self._loop(node, before, live)
        assert isinstance(node, (Look, Atomic))
        return self._closed(node, before, live)

    def _merged(self, cases: Iterable[tuple[Environment, Node]], node: Node) -> Cases:
        """Options where several cases have one environment."""
        found: dict[Environment, list[Node]] = {}
        for environment, one in cases:
            found.setdefault(environment, []).append(one)
            self._made += 1
            if self._made > MAX_CASES:
                raise self._error(
                    f"the backreferences of this pattern stand for more than {MAX_CASES:,} cases",
                    _position(node),
                )
        merged = {
            environment: nodes[0] if len(nodes) == 1 else Options(tuple(nodes))
            for environment, nodes in found.items()
        }
        if any(self._size(one) > MAX_SIZE for one in merged.values()):
            raise self._error(
                f"the cases of the backreferences of this pattern have more than {MAX_SIZE:,} nodes",
                _position(node),
            )
        return merged

    def _size(self, node: Node) -> int:
        """Nodes, written out: cases share what they have in common, which is compiled once for each."""
        known = self._sizes.get(id(node))
        if known is None:
            known = self._sizes[id(node)] = node, 1 + sum(map(self._size, children(node)))
        return known[1]

    def _group(self, node: Group, before: Environment, live: Groups) -> Cases:
        bodies = self.cases(node.body, before, live - {node.number})
        if node.number not in live:
            return bodies
        return self._merged(
            (
                (tuple(sorted((*environment, (node.number, text)))), one)
                for environment, body in bodies.items()
                for text, one in self._texts(body, node)
            ),
            node,
        )

    def _reference(self, node: Reference, before: Environment, live: Groups) -> Cases:
        text = dict(before).get(node.number, "" if self._ecma else None)
        if text is None:
            return {}
        return {_kept(before, live): self._written(text, node)}

    def _written(self, text: str, node: Reference) -> Node:
        if not node.ignore_case:
            return Literal(text)
        if self._ecma:
            return Sequence(tuple(characters.ecma_any_case(charset(char)) for char in text))
        return Sequence(tuple(characters.python_repeats(char, node.ascii_only) for char in text))

    def _sequence(self, node: Sequence, before: Environment, live: Groups) -> Cases:
        needed = [live]
        for part in reversed(node.parts[1:]):
            needed.append(self._facts.needed(part, needed[-1]))
        done: list[Node] = []  # what all cases begin with
        found: Cases = {before: _EMPTY}
        for part, after in zip(node.parts, reversed(needed), strict=True):
            found = self._followed(found, part, after)
            if len(found) == 1:
                ((environment, one),) = found.items()
                done.append(one)
                found = {environment: _EMPTY}
        return {environment: _row(*done, one) for environment, one in found.items()}

    def _followed(self, cases: Cases, part: Node, live: Groups) -> Cases:
        """The cases, and a part after them."""
        return self._merged(
            (
                (after, _row(one, following))
                for environment, one in cases.items()
                for after, following in self.cases(part, environment, live).items()
            ),
            part,
        )

    def _loop(self, node: Loop, before: Environment, live: Groups) -> Cases:
        inside = live | self._facts.needed(node.body, live)
        changed = self._facts.set_in(node.body) & inside
        if not changed:
            body = self.cases(node.body, before, inside)
            one = next(iter(body.values()), _NEVER)
            return {_kept(before, live): Loop(one, node.min, node.max, node.greedy, node.position)}
        if width(node.body)[0] == 0 and (node.min, node.max) != (0, 1):
            raise self._error(
                "a backreference to a group in a repetition of what may be empty: what it matched last is not clear",
                node.position,
            )
        if node.max is not None and node.max <= MAX_PASSES:
            return self._passes(node, before, live, inside)
        return self._last_pass(node, before, live, inside)

    def _pass(self, node: Loop, cases: Cases, live: Groups) -> Cases:
        """One more pass of a repetition. In ECMA-262 each begins with its groups empty (22.2.2.3.1)."""
        forgotten = self._facts.set_in(node.body) if self._ecma else frozenset()
        begun = self._merged(
            (
                (tuple(one for one in environment if one[0] not in forgotten), done)
                for environment, done in cases.items()
            ),
            node,
        )
        return self._followed(begun, node.body, live)

    def _passes(self, node: Loop, before: Environment, live: Groups, inside: Groups) -> Cases:
        """A repetition written out."""
        found: list[tuple[Environment, Node]] = []
        cases: Cases = {before: _EMPTY}
        for count in range((node.max or 0) + 1):
            if count >= node.min:
                found += [(_kept(environment, live), one) for environment, one in cases.items()]
            cases = self._pass(node, cases, inside)
        return self._merged(found, node)

    def _last_pass(self, node: Loop, before: Environment, live: Groups, inside: Groups) -> Cases:
        """Any passes, and then the one that says what the groups matched."""
        changed = self._facts.set_in(node.body) & inside
        if self._facts.needed(node.body, changed):
            raise self._error(
                "a backreference to a group in a repetition that does not match anew in each pass",
                node.position,
            )
        bodies = self._pass(node, {before: _EMPTY}, inside)
        most = None if node.max is None else node.max - 1
        any_pass = next(iter(self._merged((((), one) for one in bodies.values()), node).values()), _NEVER)
        earlier = Loop(any_pass, max(node.min - 1, 0), most, node.greedy, node.position)
        found = [(_kept(after, live), Sequence((earlier, one))) for after, one in bodies.items()]
        if node.min == 0:
            found.append((_kept(before, live), _EMPTY))
        return self._merged(found, node)

    def _closed(self, node: Look | Atomic, before: Environment, live: Groups) -> Cases:
        """What a matcher does not go back into: only its first match sets groups."""
        if isinstance(node.body, Group) and self._is_the_only_text(node, live):
            bodies = self.cases(node.body, before, live)
            return self._merged(((after, replace(node, body=one)) for after, one in bodies.items()), node)
        if self._facts.set_in(node.body) & live:
            raise self._error(
                "a backreference to a group that is set in an assertion, an atomic group or a possessive repetition",
                node.position,
            )
        body = self.cases(node.body, before, live if isinstance(node, Atomic) else frozenset())
        one = next(iter(body.values()), _NEVER)
        if isinstance(node, Look):
            return {_kept(before, live): Look(one, node.ahead, node.negated, node.position)}
        least, most = width(one)
        if least != most and self._facts.set_in(node.body):
            raise self._error(
                "a backreference inside an atomic group or possessive repetition", node.position
            )
        return {_kept(before, live): Atomic(one, node.position)}

    def _is_the_only_text(self, node: Look | Atomic, live: Groups) -> bool:
        """Returns True if only one text of the body can match at a place: all are equally long, and set one group."""
        assert isinstance(node.body, Group)
        least, most = width(node.body)
        is_negated = isinstance(node, Look) and node.negated
        return least == most and not is_negated and not self._facts.set_in(node.body.body) & live

    # The texts of a group.

    def _texts(self, body: Node, group: Group) -> Iterable[tuple[str, Node]]:
        """Each text of a group, with what matches it there: assertions may stand around it."""
        found: dict[str, list[Node]] = {}
        for text, node in self._spelled(body, group):
            found.setdefault(text, []).append(node)
        for text, nodes in found.items():
            yield text, nodes[0] if len(nodes) == 1 else Options(tuple(nodes))

    def _spelled(self, node: Node, group: Group) -> list[tuple[str, Node]]:
        if isinstance(node, Literal):
            return [(node.text, node)]
        if isinstance(node, CharSet):
            if sum(last - first + 1 for first, last in node.ranges) > MAX_TEXTS:
                raise self._too_many(group)
            codes = (code for first, last in node.ranges for code in range(first, last + 1))
            return [(chr(code), Literal(chr(code))) for code in codes if not 0xD800 <= code <= 0xDFFF]
        if isinstance(node, Sequence):
            found: list[tuple[str, Node]] = [("", _EMPTY)]
            for part in node.parts:
                found = self._joined(found, self._spelled(part, group), group)
            return found
        if isinstance(node, Options):
            every = [one for option in node.options for one in self._spelled(option, group)]
            return self._few(every, group)
        if isinstance(node, Loop):
            return self._repeated(node, group)
        if isinstance(node, (Anchor, Look)):
            return [("", node)]
        raise self._too_many(group)

    def _repeated(self, node: Loop, group: Group) -> list[tuple[str, Node]]:
        if node.max is None or node.max > MAX_TEXTS:
            raise self._too_many(group)
        bodies = self._spelled(node.body, group)
        found: list[tuple[str, Node]] = []
        passes: list[tuple[str, Node]] = [("", _EMPTY)]
        for count in range(node.max + 1):
            if count >= node.min:
                found = self._few([*found, *passes], group)
            if count < node.max:
                passes = self._joined(passes, bodies, group)
        return found

    def _joined(
        self, before: list[tuple[str, Node]], after: list[tuple[str, Node]], group: Group
    ) -> list[tuple[str, Node]]:
        if len(before) * len(after) > MAX_TEXTS:
            raise self._too_many(group)
        return [(a + b, _both(x, y)) for a, x in before for b, y in after]

    def _few(self, found: list[tuple[str, Node]], group: Group) -> list[tuple[str, Node]]:
        if len(found) > MAX_TEXTS:
            raise self._too_many(group)
        return found

    def _too_many(self, group: Group) -> InvalidRegexError:
        return self._error(
            f"a backreference is regular only where its group has few texts: group {group.number} has more than "
            f"{MAX_TEXTS:,}, and which one it matched would have to be remembered",
            group.position,
        )


def _row(*nodes: Node) -> Node:
    """The nodes, one after the other, in one sequence. Long ones are kept as they are: copying them takes its time."""
    parts: list[Node] = []
    for node in nodes:
        is_short = isinstance(node, Sequence) and len(node.parts) < _LONG
        parts += node.parts if isinstance(node, Sequence) and is_short else (node,)
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


def _both(before: Node, after: Node) -> Node:
    if isinstance(before, Literal) and isinstance(after, Literal):
        return Literal(before.text + after.text)
    if before == _EMPTY:
        return after
    return before if after == _EMPTY else Sequence((before, after))


def _kept(environment: Environment, live: Groups) -> Environment:
    return tuple(one for one in environment if one[0] in live)


def _position(node: Node) -> int:
    found = getattr(node, "position", None)
    return found if isinstance(found, int) else next(map(_position, children(node)), 0)

"""The oracle: a slow matcher in plain Python, written from the definitions. It says what a mask should be.

    oracle = Oracle(grammar)
    position = oracle.start()
    position = oracle.read(position, byte)       None where the byte may not come
    oracle.can_stop(position)                    whether the text may end there
    allowed_tokens(oracle, vocabulary, text)     the ids that a mask should allow after a text

It shares nothing with the engine but the grammar: its expressions (`oracle_expressions.py`) are followed by their
derivatives; its parser is Earley's of 1970, with items that know where they began, over rules written out in plain
Backus-Naur form. What a text means is defined in `structgen/grammar/rules.py`:

    On a byte, the terminals that can still match after it go on, and the others are dropped. Where none can, the
    terminal ends before the byte: of those that match there, the ones of the highest priority are handed to the
    parser, together. Terminals are never empty, and an ignored one leaves the parser where it is. A special
    token is read whole; it ends the terminal before it, if that may end. A terminal that cannot go on with any
    byte ends at once. Where no terminal can go on, but the guard of one that competes can, the byte may not come.
    With a dynamic lexer no terminal competes with another: a text is in several places at once, one for each.
    Of the terminals handed to the parser, those that record are left out where the text was recorded in the innermost
    scope; a byte may not come where nothing else can become of the terminals that are being read.

Knows no mask, no cost and no JSON. Results are remembered only so that tests run in seconds.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from oracle_expressions import ByteExpressions

from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
)
from structgen.vocabulary import Vocabulary

# ---------------------------------------------------------------------------------------------------------------------
# Rules: plain Backus-Naur form. A symbol is a number; it stands for a terminal, for a special token, or for a list of
# productions. What counts or remembers is written out: {2,5} needs {1,4}, {0,3}, and so on.


class Rules:
    """A grammar in Backus-Naur form, without what can never finish."""

    def __init__(self, grammar: Grammar, expressions: ByteExpressions) -> None:
        self._grammar = grammar
        self._numbers: dict[tuple, int] = {}
        self._keys: list[tuple] = []
        self.productions: list[list[tuple[int, ...]]] = []
        self.terminals: dict[int, Terminal | SpecialToken] = {}
        self.ignored = [self._terminal(terminal) for terminal in grammar.ignore]
        self.start = self._body(Reference(grammar.start))
        written = 0
        while written < len(self._keys):
            self.productions.append(self._write_out(self._keys[written]))
            written += 1
        possible = {
            number
            for number, terminal in self.terminals.items()
            if isinstance(terminal, SpecialToken)
            or _is_possible(expressions, expressions.lower(terminal.expression))
        }
        self.ignored = [number for number in self.ignored if number in possible]
        self._remove_unfinishable(possible)

    def _remove_unfinishable(self, possible: set[int]) -> None:
        waiting: dict[
            int, list[tuple[int, list[int]]]
        ] = {}  # symbol -> (head, [symbols of its body yet to finish])
        stack = list(possible)
        for head, bodies in enumerate(self.productions):
            for body in bodies:
                missing = [len(set(body))]
                for symbol in set(body):
                    waiting.setdefault(symbol, []).append((head, missing))
                if not body:
                    stack.append(head)
        finishing = set(stack)
        while stack:
            for head, missing in waiting.get(stack.pop(), ()):
                missing[0] -= 1
                if missing[0] == 0 and head not in finishing:
                    finishing.add(head)
                    stack.append(head)
        self.productions = [
            [body for body in bodies if finishing.issuperset(body)] for bodies in self.productions
        ]
        self.is_empty = self.start not in finishing

    def _symbol(self, *key: object) -> int:
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._keys)
            self._keys.append(key)
        return found

    def _terminal(self, terminal: Terminal | SpecialToken) -> int:
        number = self._symbol("terminal", terminal)
        self.terminals[number] = terminal
        return number

    def _body(self, body: RuleExpression) -> int:
        if isinstance(body, (Terminal, SpecialToken)):
            return self._terminal(body)
        if isinstance(body, Reference):
            return self._symbol("rule", body.name)
        if isinstance(body, Choice):
            return self._symbol("choice", tuple(self._body(option) for option in body.options))
        if isinstance(body, Repetition):
            return self._symbol("repetition", self._body(body.part), body.min, body.max)
        assert isinstance(body, (Sequence, Permutation))
        if isinstance(body, Sequence) and body.separator is None:
            return self._symbol("sequence", tuple(self._body(part) for part in body.parts))
        items = []
        for part in body.parts:
            if isinstance(part, Repetition):
                items.append((self._body(part.part), part.min, part.max))
            else:
                items.append((self._body(part), 1, 1))
        separator = () if body.separator is None else (self._body(body.separator),)
        kind = "row" if isinstance(body, Sequence) else "permutation"
        return self._symbol(kind, tuple(items), separator, False)

    def _write_out(self, key: tuple) -> list[tuple[int, ...]]:
        kind = key[0]
        if kind == "terminal":
            return []
        if kind == "rule":
            return [(self._body(self._grammar.rules[key[1]]),)]
        if kind == "choice":
            return [(option,) for option in key[1]]
        if kind == "sequence":
            return [key[1]]
        if kind == "repetition":
            _, part, least, most = key
            bodies: list[tuple[int, ...]] = [] if least else [()]
            if most is None or most > 0:
                bodies.append((part, self._symbol(kind, part, *_one_less(least, most))))
            return bodies
        _, items, separator, begun = key  # a row with separators, or a permutation
        before = separator if begun else ()
        if kind == "row":
            if not items:
                return [()]
            (part, least, most), rest = items[0], items[1:]
            bodies = [] if least else [(self._symbol(kind, rest, separator, begun),)]
            if most is None or most > 0:
                left = ((part, *_one_less(least, most)), *rest)
                bodies.append((*before, part, self._symbol(kind, left, separator, True)))
            return bodies
        bodies = [] if any(least for _, least, _ in items) else [()]
        for place, (part, _, most) in enumerate(items):
            left = items if most is None else items[:place] + items[place + 1 :]
            bodies.append((*before, part, self._symbol(kind, left, separator, True)))
        return bodies


def _one_less(least: int, most: int | None) -> tuple[int, int | None]:
    return max(least - 1, 0), None if most is None else most - 1


def _is_possible(expressions: ByteExpressions, node: int) -> bool:
    """Whether it denotes any text but the empty one."""
    return any(
        not expressions.is_empty(expressions.derive(node, byte)) for byte in expressions.representatives()
    )


# ---------------------------------------------------------------------------------------------------------------------
# Parsing: Earley (1970). An item is (head, body, how much of it is read, the set where it began).


Item = tuple[int, tuple[int, ...], int, "ItemSet"]
"""(head, body, dot, origin)"""

_TEXT = -1  # the head of the item that waits for the start rule


class ItemSet:
    """The items between two terminals. Sets are compared by identity: each knows those before it.

    Args:
        rules: of the grammar.
        kernel: the items that a terminal led to; None before any.
    """

    def __init__(self, rules: Rules, kernel: set[Item] | None) -> None:
        self.kernel: set[Item] = {(_TEXT, (rules.start,), 0, self)} if kernel is None else kernel
        self.items = set(self.kernel)
        self._close(rules)
        self._by_symbol: dict[int, list[Item]] = {}
        for item in self.items:
            if item[2] < len(item[1]):
                self._by_symbol.setdefault(item[1][item[2]], []).append(item)
        self.terminals = frozenset(symbol for symbol in self._by_symbol if symbol in rules.terminals)
        self.accepts = any(head == _TEXT and dot == 1 for head, _, dot, _ in self.items)

    def waiting_for(self, symbol: int) -> list[Item]:
        return self._by_symbol.get(symbol, [])

    def _close(self, rules: Rules) -> None:
        """Predict and complete until nothing is new."""
        waiting: dict[int, list[Item]] = {}
        done: set[int] = set()  # what began and ended here: a later item may wait for it
        stack = list(self.items)

        def add(item: Item) -> None:
            if item not in self.items:
                self.items.add(item)
                stack.append(item)

        while stack:
            item = stack.pop()
            head, body, dot, origin = item
            if dot == len(body):
                if origin is self:
                    done.add(head)
                    parents = list(waiting.get(head, ()))
                else:
                    parents = origin.waiting_for(head)
                for parent, parent_body, parent_dot, parent_origin in parents:
                    add((parent, parent_body, parent_dot + 1, parent_origin))
                continue
            symbol = body[dot]
            waiting.setdefault(symbol, []).append(item)
            if symbol in done:
                add((head, body, dot + 1, origin))
            if symbol not in rules.terminals:
                for production in rules.productions[symbol]:
                    add((symbol, production, 0, self))


Rest = tuple[int, int, int]
"""(terminal, what is left of it, what is left of its guard)"""

Memory = tuple[tuple[frozenset[bytes], ...], bytes]
"""(what was recorded, by scope; the text of the terminal that is being read)"""

Place = tuple[ItemSet, "tuple[Rest, ...] | None", Memory]
"""(items, what is left of the terminals that are being read, None between terminals; memory)"""


class Position:
    """Where a text has got to: one place, or with a dynamic lexer any number of them."""

    __slots__ = ("_read", "places")

    def __init__(self, places: frozenset[Place]) -> None:
        self.places = places
        self._read: dict[int, Position | None] = {}


class Oracle:
    """Reads texts byte by byte."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._expressions = ByteExpressions()
        self._rules = Rules(grammar, self._expressions)
        self._positions: dict[frozenset[Place], Position] = {}
        self._following: dict[tuple[ItemSet, frozenset[int]], ItemSet] = {}
        self._start = self._position({(ItemSet(self._rules, None), None, ((frozenset(),), b""))})

    @property
    def is_empty(self) -> bool:
        """Whether the language of the grammar is empty, by its rules alone."""
        return self._rules.is_empty

    def start(self) -> Position:
        return self._start

    def read(self, position: Position, byte: int) -> Position | None:
        """The position after a byte; None if it may not come."""
        if byte not in position._read:
            found = {after for place in position.places for after in self._after(place, byte)}
            position._read[byte] = self._position(found) if found else None
        return position._read[byte]

    def read_text(self, position: Position | None, text: bytes) -> Position | None:
        """The position after a text; None if it may not come."""
        for byte in text:
            if position is None:
                return None
            position = self.read(position, byte)
        return position

    def read_special(self, position: Position, token: str | int) -> Position | None:
        """The position after a special token that the grammar names `token`; None if it may not come."""
        after: set[Place] = set()
        for place in map(self._ended, position.places):
            numbers = place[0].terminals if place else ()
            found = [n for n in numbers if self._rules.terminals[n] == SpecialToken(token)]
            if place and found:
                after.add((self._handed(place[0], frozenset(found)), None, place[2]))
        return self._position(after) if after else None

    def can_stop(self, position: Position) -> bool:
        return any(place is not None and place[0].accepts for place in map(self._ended, position.places))

    def accepts(self, text: bytes) -> bool:
        position = self.read_text(self._start, text)
        return position is not None and self.can_stop(position)

    def special_tokens(self) -> set[str | int]:
        """The special tokens that the grammar names."""
        return {node.token for node in self._rules.terminals.values() if isinstance(node, SpecialToken)}

    def terminals(self, position: Position) -> list[str]:
        """The names of the terminals that are being read, or may begin; special tokens in angle brackets."""
        numbers: set[int] = set()
        for items, rests, _ in position.places:
            begun = [number for number, left, _ in rests or () if not self._expressions.is_empty(left)]
            numbers.update(begun or [*items.terminals, *self._rules.ignored])
        nodes = [self._rules.terminals[number] for number in numbers]
        return sorted(node.name if isinstance(node, Terminal) else f"<{node.token}>" for node in nodes)

    def _position(self, places: set[Place]) -> Position:
        key = frozenset(places)
        return self._positions.setdefault(key, Position(key))

    def _after(self, place: Place, byte: int) -> list[Place]:
        """Where a place leads with a byte; nowhere, if it may not come."""
        items, rests, memory = place
        if rests is None:
            return [
                found
                for begun in self._begun(items)
                for found in self._going_on((items, begun, memory), byte) or ()
            ]
        found = self._going_on(place, byte)
        if found is not None:
            return found
        ended = self._ended(place)
        return [] if ended is None else self._after(ended, byte)

    def _begun(self, items: ItemSet) -> list[tuple[Rest, ...]]:
        """The terminals that may begin: those that compete are together."""
        lower = self._expressions.lower
        fresh = [
            (number, lower(terminal.expression), lower(terminal.guard))
            for number in sorted({*items.terminals, *self._rules.ignored})
            if isinstance(terminal := self._rules.terminals[number], Terminal)
        ]
        return [(rest,) for rest in fresh] if self.grammar.lexer == "dynamic" else [tuple(fresh)]

    def _going_on(self, place: Place, byte: int) -> list[Place] | None:
        """Where a place leads if a terminal goes on; None if none can, nor a guard."""
        items, rests, (scopes, text) = place
        if any(self._effect(number) == "record" for number, _, _ in rests or ()):
            text += bytes([byte])  # only then does it matter what it is
        memory = scopes, text
        derive, is_empty = self._expressions.derive, self._expressions.is_empty
        derived = [(n, derive(left, byte), derive(guard, byte)) for n, left, guard in rests or ()]
        alive = tuple(rest for rest in derived if not (is_empty(rest[1]) and is_empty(rest[2])))
        if all(is_empty(left) for _, left, _ in alive):
            return [] if alive else None
        if not any(self._can_be_new(number, left, memory) for number, left, _ in alive):
            return []
        if any(_is_possible(self._expressions, node) for rest in alive for node in rest[1:]):
            return [(items, alive, memory)]
        ended = self._ended((items, alive, memory))
        return [] if ended is None else [ended]

    def _can_be_new(self, number: int, left: int, memory: Memory) -> bool:
        """Whether what is left of a terminal has a text that may be read."""
        build, (scopes, text) = self._expressions, memory
        if self._effect(number) != "record":
            return not build.is_empty(left)
        ends = [build.literal(one[len(text) :]) for one in scopes[-1] if one.startswith(text)]
        return not build.is_empty(build.both([left, build.negate(build.alt(ends))]))

    def _effect(self, number: int) -> str | None:
        terminal = self._rules.terminals[number]
        return terminal.effect if isinstance(terminal, Terminal) else None

    def _ended(self, place: Place) -> Place | None:
        """The place after the terminal that is being read ends here; None if it may not."""
        items, rests, (scopes, text) = place
        if rests is None:
            return place
        matching = {}
        for number, left, _ in rests:
            terminal = self._rules.terminals[number]
            assert isinstance(terminal, Terminal)
            if self._expressions.nullable(left):
                matching[number] = terminal.priority
        if not matching:
            return None
        best = max(matching.values())
        handed = {n for n, priority in matching.items() if priority == best}
        if text in scopes[-1]:
            handed = {n for n in handed if self._effect(n) != "record"}
        if not handed:
            return None
        effects = {self._effect(n) for n in handed}
        if "record" in effects:
            scopes = (*scopes[:-1], scopes[-1] | {text})
        if "open" in effects:
            scopes = (*scopes, frozenset())
        if "close" in effects:
            scopes = scopes[:-1] or (frozenset(),)
        return self._handed(items, frozenset(handed)), None, (scopes, b"")

    def _handed(self, items: ItemSet, terminals: frozenset[int]) -> ItemSet:
        """The items after the parser got one of the terminals, whichever."""
        key = items, terminals
        if key not in self._following:
            following = {
                (head, body, dot + 1, origin)
                for number in terminals
                for head, body, dot, origin in items.waiting_for(number)
            }
            if terminals & set(self._rules.ignored):
                following |= items.kernel
            self._following[key] = ItemSet(self._rules, following)
        return self._following[key]


# ---------------------------------------------------------------------------------------------------------------------
# Tokens


def allowed_tokens(
    grammar: Grammar | Oracle, vocabulary: Vocabulary, after: bytes | Position | None = None
) -> set[int]:
    """The ids that a mask should allow after a text (or at a position, where special tokens were read)."""
    oracle = grammar if isinstance(grammar, Oracle) else Oracle(grammar)
    position = after if isinstance(after, Position) else oracle.read_text(oracle.start(), after or b"")
    assert position is not None, f"the text cannot be read: {after!r}"
    allowed: set[int] = set()
    stack = [(_trie_of(vocabulary), position)]
    while stack:
        (children, ids), here = stack.pop()
        allowed.update(ids)
        for byte, child in children.items():
            following = oracle.read(here, byte)
            if following is not None:
                stack.append((child, following))
    for token in oracle.special_tokens():
        if oracle.read_special(position, token) is not None:
            allowed.add(token if isinstance(token, int) else vocabulary.special_tokens[token])
    if oracle.can_stop(position):
        allowed |= vocabulary.eos_token_ids
    return allowed


def read_token(oracle: Oracle, vocabulary: Vocabulary, position: Position, token_id: int) -> Position | None:
    """The position after a token that is not the end of the text; None if it may not come."""
    if vocabulary[token_id]:
        return oracle.read_text(position, vocabulary[token_id])
    for token in oracle.special_tokens():
        if token_id == (token if isinstance(token, int) else vocabulary.special_tokens[token]):
            return oracle.read_special(position, token)
    return None


TrieNode = tuple[dict, list]
"""(child by byte, ids of the tokens that end here)"""

_tries: WeakKeyDictionary[Vocabulary, TrieNode] = WeakKeyDictionary()


def _trie_of(vocabulary: Vocabulary) -> TrieNode:
    if vocabulary not in _tries:
        root: TrieNode = ({}, [])
        for token_id, token in enumerate(vocabulary.tokens):
            if token and token_id not in vocabulary.eos_token_ids:
                node = root
                for byte in token:
                    node = node[0].setdefault(byte, ({}, []))
                node[1].append(token_id)
        _tries[vocabulary] = root
    return _tries[vocabulary]


def describe(grammar: Grammar | Oracle, after: bytes | Position = b"") -> str:
    """For the message of a failing test: the grammar, and what the oracle makes of a text."""
    oracle = grammar if isinstance(grammar, Oracle) else Oracle(grammar)
    position = after if isinstance(after, Position) else oracle.read_text(oracle.start(), after)
    lines = [repr(oracle.grammar), f"after {after!r}" if isinstance(after, bytes) else "after tokens"]
    if position is None:
        return "\n".join([*lines, "which cannot be read"])
    following = bytes(byte for byte in range(256) if oracle.read(position, byte) is not None)
    return "\n".join(
        [
            *lines,
            f"terminals: {', '.join(oracle.terminals(position))}",
            f"bytes: {following!r}",
            f"can stop: {oracle.can_stop(position)}",
        ]
    )

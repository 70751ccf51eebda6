"""The oracle's expressions: regular expressions over bytes, and their derivatives (Brzozowski 1964).

A node is a number. Equal nodes are the same number, and unions and intersections are sets of nodes: then every
expression has finitely many derivatives, and a search through them ends.

Shares nothing with the engine. Slow: bytes are tried one by one, and whether an intersection is empty is found by
looking at all its derivatives.
"""

from __future__ import annotations

from collections.abc import Iterable

from structgen.grammar.expressions import (
    CharSet,
    Complement,
    Concat,
    Divisible,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
)


class ByteExpressions:
    """Regular expressions over bytes, lowered from the grammar's expressions."""

    def __init__(self) -> None:
        self._numbers: dict[tuple, int] = {}
        self._nodes: list[tuple] = []
        self._nullable: list[bool] = []
        self._plain: list[bool] = []  # free of "and" and "not": it denotes something unless it is NONE
        self._derivatives: dict[tuple[int, int], int] = {}
        self._empty: dict[int, bool] = {}
        self._lowered: dict[Expression, int] = {}
        self._byte_sets: set[int] = set()
        self._representatives: list[int] | None = None
        self.none = self._node(("alt", frozenset()), nullable=False)
        self.epsilon = self._node(("epsilon",), nullable=True)
        self.all_texts = self._charset(((0, 0x10FFFF),))
        self.all_texts = self.repeat(self.all_texts, 0, None)

    # The kinds of nodes. Each constructor applies the laws that need no thought: x|x = x, x·∅ = ∅, and so on.

    def _node(self, node: tuple, nullable: bool, parts: Iterable[int] = ()) -> int:
        found = self._numbers.get(node)
        if found is None:
            found = self._numbers[node] = len(self._nodes)
            self._nodes.append(node)
            self._nullable.append(nullable)
            self._plain.append(node[0] not in ("and", "not") and all(self._plain[part] for part in parts))
        return found

    def byte_set(self, mask: int) -> int:
        """One byte, of those whose bit is set."""
        if not mask:
            return self.none
        if mask not in self._byte_sets:
            self._byte_sets.add(mask)
            self._representatives = None
        return self._node(("byte", mask), nullable=False)

    def literal(self, text: bytes) -> int:
        """Exactly the bytes."""
        found = self.epsilon
        for byte in reversed(text):
            found = self.concat(self.byte_set(1 << byte), found)
        return found

    def concat(self, first: int, second: int) -> int:
        if self.none in (first, second):
            return self.none
        if first == self.epsilon:
            return second
        if second == self.epsilon:
            return first
        if self._nodes[first][0] == "concat":  # to the right, so that equal texts are equal nodes
            _, left, right = self._nodes[first]
            return self.concat(left, self.concat(right, second))
        nullable = self._nullable[first] and self._nullable[second]
        return self._node(("concat", first, second), nullable, (first, second))

    def alt(self, parts: Iterable[int]) -> int:
        flat: set[int] = set()
        for part in parts:
            flat |= self._nodes[part][1] if self._nodes[part][0] == "alt" else {part}
        if len(flat) == 1:
            return flat.pop()
        return self._node(("alt", frozenset(flat)), any(self._nullable[part] for part in flat), flat)

    def both(self, parts: Iterable[int]) -> int:
        flat: set[int] = set()
        for part in parts:
            flat |= self._nodes[part][1] if self._nodes[part][0] == "and" else {part}
        if self.none in flat:
            return self.none
        if len(flat) == 1:
            return flat.pop()
        return self._node(("and", frozenset(flat)), all(self._nullable[part] for part in flat), flat)

    def negate(self, part: int) -> int:
        if self._nodes[part][0] == "not":
            return self._nodes[part][1]
        return self._node(("not", part), not self._nullable[part], (part,))

    def repeat(self, part: int, least: int, most: int | None) -> int:
        if most == 0 or part == self.epsilon:
            return self.epsilon
        if part == self.none:
            return self.epsilon if least == 0 else self.none
        if self._nullable[part]:
            least = 0  # the iterations that are asked for may be empty
        if (least, most) == (1, 1):
            return part
        return self._node(("repeat", part, least, most), least == 0, (part,))

    def divisible(self, modulus: int, remainder: int) -> int:
        for char in ".0123456789":
            self._byte_sets.add(1 << ord(char))
            self._representatives = None
        return self._node(("divisible", modulus, remainder), remainder == 0)

    def nullable(self, node: int) -> bool:
        """Whether the empty text is in it."""
        return self._nullable[node]

    def derive(self, node: int, byte: int) -> int:
        """What may follow the byte."""
        key = node, byte
        found = self._derivatives.get(key)
        if found is None:
            found = self._derivatives[key] = self._derive(self._nodes[node], byte)
        return found

    def _derive(self, node: tuple, byte: int) -> int:
        kind = node[0]
        if kind == "epsilon":
            return self.none
        if kind == "byte":
            return self.epsilon if node[1] >> byte & 1 else self.none
        if kind == "concat":
            _, first, second = node
            result = self.concat(self.derive(first, byte), second)
            return self.alt((result, self.derive(second, byte))) if self._nullable[first] else result
        if kind == "alt":
            return self.alt([self.derive(part, byte) for part in node[1]])
        if kind == "and":
            return self.both([self.derive(part, byte) for part in node[1]])
        if kind == "not":
            return self.negate(self.derive(node[1], byte))
        if kind == "divisible":
            _, modulus, remainder = node
            if byte == ord("."):
                return self.divisible(modulus, remainder)
            known = chr(byte) in "0123456789"
            return self.divisible(modulus, int(f"{remainder}{chr(byte)}") % modulus) if known else self.none
        _, part, least, most = node
        rest = self.repeat(part, max(least - 1, 0), None if most is None else most - 1)
        return self.concat(self.derive(part, byte), rest)

    def is_empty(self, node: int) -> bool:
        """Whether it denotes nothing."""
        if self._plain[node]:
            return node == self.none
        found = self._empty.get(node)
        if found is None:
            found = self._empty[node] = self._is_empty(node)
        return found

    def _is_empty(self, node: int) -> bool:
        kind, *parts = self._nodes[node]
        if kind == "concat":
            return any(self.is_empty(part) for part in parts)
        if kind == "alt":
            return all(self.is_empty(part) for part in parts[0])
        if kind == "repeat":
            return parts[1] > 0 and self.is_empty(parts[0])
        seen, stack = (
            {node},
            [node],
        )  # of "and" and "not": is there any way to a derivative with the empty text?
        while stack:
            one = stack.pop()
            if self._nullable[one] or self._empty.get(one) is False:
                return False
            for byte in self.representatives():
                following = self.derive(one, byte)
                if following not in seen and following != self.none:
                    seen.add(following)
                    stack.append(following)
        self._empty.update(dict.fromkeys(seen, True))
        return True

    def representatives(self) -> list[int]:
        """One byte of each class of bytes that no expression tells apart."""
        if self._representatives is None:
            classes = {tuple(mask >> byte & 1 for mask in self._byte_sets): byte for byte in range(256)}
            self._representatives = list(classes.values())
        return self._representatives

    # From expressions over texts to expressions over bytes.

    def lower(self, expression: Expression) -> int:
        found = self._lowered.get(expression)
        if found is None:
            found = self._lowered[expression] = self._lower(expression)
        return found

    def _lower(self, expression: Expression) -> int:
        if isinstance(expression, Literal):
            result = self.epsilon
            for byte in reversed(expression.text.encode()):
                result = self.concat(self.byte_set(1 << byte), result)
            return result
        if isinstance(expression, CharSet):
            return self._charset(expression.ranges)
        if isinstance(expression, Concat):
            result = self.epsilon
            for part in reversed(expression.parts):
                result = self.concat(self.lower(part), result)
            return result
        if isinstance(expression, Union):
            return self.alt([self.lower(part) for part in expression.parts])
        if isinstance(expression, Intersection):
            return self.both([self.all_texts, *(self.lower(part) for part in expression.parts)])
        if isinstance(expression, Complement):
            return self.both([self.all_texts, self.negate(self.lower(expression.part))])
        if isinstance(expression, Divisible):
            return self.divisible(expression.modulus, expression.remainder)
        assert isinstance(expression, Repeat)
        return self.repeat(self.lower(expression.part), expression.min, expression.max)

    def _charset(self, ranges: tuple[tuple[int, int], ...]) -> int:
        parts = []
        for first, last in ranges:
            for low, high in (
                (0, 0x7F),
                (0x80, 0x7FF),
                (0x800, 0xD7FF),
                (0xE000, 0xFFFF),
                (0x10000, 0x10FFFF),
            ):
                if max(first, low) <= min(last, high):
                    parts.append(self._span(chr(max(first, low)).encode(), chr(min(last, high)).encode()))
        return self.alt(parts)

    def _span(self, low: bytes, high: bytes) -> int:
        """The byte strings from `low` to `high` whose bytes after the first are 0x80 to 0xBF; of one length."""
        if len(low) == 1:
            return self.byte_set(sum(1 << byte for byte in range(low[0], high[0] + 1)))
        if low[0] == high[0]:
            return self.concat(self.byte_set(1 << low[0]), self._span(low[1:], high[1:]))
        length = len(low) - 1
        parts = [
            self.concat(self.byte_set(1 << low[0]), self._span(low[1:], b"\xbf" * length)),
            self.concat(self.byte_set(1 << high[0]), self._span(b"\x80" * length, high[1:])),
        ]
        between = sum(1 << byte for byte in range(low[0] + 1, high[0]))
        parts.append(self.concat(self.byte_set(between), self._span(b"\x80" * length, b"\xbf" * length)))
        return self.alt(parts)

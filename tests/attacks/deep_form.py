"""A stored constraint that nests 20,000 levels deep."""

from attacking import attack

attack(form='{"structgen": 1, "kind": "optional", "part": ' * 20_000)

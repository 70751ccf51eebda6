"""A schema that nests 100,000 levels deep."""

from attacking import attack

attack(schema='{"items": ' * 100_000 + "{}" + "}" * 100_000)

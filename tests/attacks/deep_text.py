"""A text that nests 100,000 levels deep, under the schema of any value."""

from attacking import attack

attack(schema={}, valid=["[]"], invalid=["[" * 100_000])

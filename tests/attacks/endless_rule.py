"""A rule that has no text."""

from attacking import attack

attack(lark='start: "a" start')

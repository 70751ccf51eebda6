"""start: start start | "a": the number of parses grows with the square of Catalan numbers."""

from attacking import attack

attack(lark='start: start start | "a"', valid=["a" * 60], invalid=["b"])

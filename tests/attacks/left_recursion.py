"""CVE-2025-57809: a grammar that refers to itself on the left overran the stack."""

from attacking import attack

attack(lark='start: start "x" | "x"', valid=["xxx"], invalid=["y"])

"""A rule of 3,000 alternatives."""

from attacking import attack

attack(lark="start: " + " | ".join(f'"w{i}x"' for i in range(3000)), valid=["w7x"], invalid=["w7"])

"""An alternation of 20,000 words."""

from attacking import attack

attack(regex="|".join(f"w{i}x" for i in range(20_000)), valid=["w7x"], invalid=["w7"])

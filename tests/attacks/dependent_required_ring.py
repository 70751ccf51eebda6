"""dependentRequired in a ring of a thousand names: one of them requires all."""

from attacking import attack

N = 1000
RING = {f"a{i}": [f"a{(i + 1) % N}"] for i in range(N)}
attack(schema={"dependentRequired": RING}, valid=["{}"], invalid=['{"a0": 1}'])

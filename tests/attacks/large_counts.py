"""Bounds of a hundred million characters, in eight properties."""

from attacking import attack

attack(
    schema={
        "properties": {f"p{i}": {"type": "string", "maxLength": 10**8} for i in range(8)},
        "type": "object",
    },
    valid=['{"p0": "x"}'],
    invalid=['{"p0": 1}'],
)

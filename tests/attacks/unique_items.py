"""uniqueItems over thousands of values: which of them remain is counted at every item."""

from attacking import attack

attack(
    schema={"type": "array", "items": {"enum": [f"v{i}" for i in range(5000)]}, "uniqueItems": True},
    valid=['["v1", "v2"]'],
    invalid=['["v1", "v1"]'],
)

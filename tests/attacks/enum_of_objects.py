"""An enum of 20,000 objects."""

from attacking import attack

attack(
    schema={"enum": [{"name": f"n{i}", "value": i} for i in range(20_000)]},
    valid=['{"name": "n7", "value": 7}'],
    invalid=['{"name": "n7", "value": 8}'],
)

"""The same with anyOf."""

from attacking import attack

N = 60
attack(
    schema={
        "$defs": {
            **{f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(N)},
            f"d{N}": {"type": "integer"},
        },
        "$ref": "#/$defs/d0",
    },
    valid=["5"],
    invalid=['"x"'],
)

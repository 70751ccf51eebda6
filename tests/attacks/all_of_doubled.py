"""allOf of the next definition twice: a validator that collects all errors takes 2^60 of them."""

from attacking import attack

N = 60
attack(
    schema={
        "$defs": {
            **{f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(N)},
            f"d{N}": {"type": "integer"},
        },
        "$ref": "#/$defs/d0",
    },
    valid=["5"],
    invalid=['"x"'],
)

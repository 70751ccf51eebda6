"""allOf of properties, an anyOf of two required names, and the next definition: 2^11 combinations."""

from attacking import attack

N = 11
attack(
    schema={
        "$defs": {
            **{
                f"n{i}": {
                    "allOf": [
                        {"properties": {f"p{i}": {"type": "string"}}},
                        {"anyOf": [{"required": [f"p{i}"]}, {"required": [f"q{i}"]}]},
                        {"$ref": f"#/$defs/n{i + 1}"},
                    ]
                }
                for i in range(N)
            },
            f"n{N}": {"type": "object"},
        },
        "$ref": "#/$defs/n0",
    },
    invalid=["{}"],
)

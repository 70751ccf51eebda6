"""A chain of oneOf of which a branch holds the rest of the chain as a property."""

from attacking import attack

N = 60
BRANCH = {"type": "object", "required": ["k"]}
attack(
    schema={
        "$defs": {
            **{
                f"d{i}": {
                    "oneOf": [
                        {**BRANCH, "properties": {"k": {"const": "l"}, "v": {"$ref": f"#/$defs/d{i + 1}"}}},
                        {"$ref": f"#/$defs/d{i + 1}"},
                    ]
                }
                for i in range(N)
            },
            f"d{N}": {"type": "integer"},
        },
        "$ref": "#/$defs/d0",
    },
    invalid=["[]"],
)

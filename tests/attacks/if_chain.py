"""if, then and else all refer to the next definition: three ways at every level."""

from attacking import attack

N = 60
attack(
    schema={
        "$defs": {
            **{
                f"d{i}": {
                    "if": {"$ref": f"#/$defs/d{i + 1}", "minimum": i},
                    "then": {"$ref": f"#/$defs/d{i + 1}"},
                    "else": {"$ref": f"#/$defs/d{i + 1}", "maximum": i + 100},
                }
                for i in range(N)
            },
            f"d{N}": {"type": "integer"},
        },
        "$ref": "#/$defs/d0",
    },
    invalid=['"x"'],
)

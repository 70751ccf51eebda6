"""Each definition is oneOf the next one twice: written out, the alternatives double at every level."""

from attacking import attack

N = 60
attack(
    schema={
        "$defs": {
            **{
                f"d{i}": {
                    "oneOf": [{"$ref": f"#/$defs/d{i + 1}"}, {"$ref": f"#/$defs/d{i + 1}", "minimum": i}]
                }
                for i in range(N)
            },
            f"d{N}": {"type": "integer"},
        },
        "$ref": "#/$defs/d0",
    },
    invalid=['"x"'],
)

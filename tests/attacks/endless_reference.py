"""A schema that refers to itself and to nothing else."""

from attacking import attack

attack(schema={"$ref": "#"})

"""A reference to another host: it must not be fetched."""

from attacking import attack

attack(schema={"$ref": "http://127.0.0.1:9/schema.json"})

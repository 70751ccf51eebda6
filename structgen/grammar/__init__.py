"""The intermediate representation: expressions (regular) and rules (context-free). Pure data."""

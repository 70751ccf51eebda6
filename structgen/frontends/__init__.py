"""Front ends: what the user has, in; a `Constraint`, out. Each is one function in the module of its name.

    choice         a list of strings; the one to read first
    regex          a regular expression, Python's dialect or ECMA-262's
    lark           a Lark grammar
    json_schema    a JSON Schema
    types          a pydantic model, dataclass, TypedDict or annotation

A new language is a new module here and touches nothing else.
"""

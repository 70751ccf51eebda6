"""SQL: a dialect and the tables of a database, in; a `Constraint`, out.

In reading order, each importing only from those below it:

    build.py     `sql()`: a grammar of the library, with the names of a schema
    scopes.py    `sql(scope=True)`: the rules of a SELECT for each FROM clause
    names.py     the names of a schema, as expressions
    reading.py   a grammar of the library, as rules
    validators.py what a grammar cannot know: the database's own parser checks it
    schemas.py   tables and their columns, from what the user has
"""

from __future__ import annotations

from structgen.frontends.sql.build import sql

__all__ = ["sql"]

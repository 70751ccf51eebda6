"""SQL: a dialect and the tables of a database, in; a `Constraint`, out.

In reading order:

    build.py     the function that others call: a grammar of the library, with the names of a schema
    schemas.py   tables and their columns, from what the user has
    judges.py    what a grammar cannot know: the database's own parser is asked
"""

from __future__ import annotations

from structgen.frontends.sql.build import sql

__all__ = ["sql"]

"""A pydantic model that a spawned process finds by its name."""

from __future__ import annotations

import pydantic


class Poet(pydantic.BaseModel):
    """A type for a constraint."""

    name: str
    born: int = pydantic.Field(ge=1000, le=2100)

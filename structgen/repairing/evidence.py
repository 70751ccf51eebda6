"""What speaks against a place for a member: its name, its value, its indentation; and where else it may belong."""

from __future__ import annotations

from structgen.repairing.readings import (
    AGAIN,
    ODD_LAYOUT,
    SCALAR_KINDS,
    UNKNOWN,
    UNKNOWN_IN_CLOSED,
    Frame,
    Moves,
    Reading,
)
from structgen.repairing.tokens import Token


class Evidence(Moves):
    """Weighs names and layout."""

    def _misplaced(self, r: Reading, token: Token, index: int) -> list[Reading]:
        """What a key says against the bracket it stands in, by its name or its indentation: other places for it."""
        frame = r.frame
        assert frame is not None
        ways: list[Reading] = []
        guide, name = frame.guide, token[3]
        column = self._column(token[1])
        odd = column is not None and r.key_column is not None and column != r.key_column
        if r.key_column is None and column is not None:
            r.key_column = column
        alien = guide is not None and self._is_alien(frame, name, index)
        again = r.count > 0 and name == r.first
        if not r.count:
            r.first = name
        if again and r.state == "k" and frame.parent is not None and frame.parent.kind == "[":
            ways.append(self._opened(self._closed(r.fork(), token[1], "i"), "{", token[1]))
            ways[-1].cost -= 1.0  # both brackets went together
        if again:
            r.cost += AGAIN
        if not odd and not alien:
            return ways
        if r.state == "k":
            above, levels = frame.parent, 1
            while above is not None and levels < 8:
                fits_name = (
                    above.guide is not None and above.guide.declares(name) if alien else above.kind == "{"
                )
                fits_column = not odd or (column or 0) <= (r.key_column or 0)
                if above.kind == "{" and fits_name and fits_column:
                    other = r.fork()
                    for _ in range(levels):
                        other = self._closed(other, token[1], "k")
                    ways.append(other)
                    if alien:
                        break
                above, levels = above.parent, levels + 1
            if r.closed is not None and r.closed.kind == "{":
                inner = r.closed
                if (alien and inner.guide is not None and inner.guide.declares(name)) or (odd and not alien):
                    ways.append(self._reopened(r.fork(), token[1], "k"))
        if alien:
            assert guide is not None
            r.cost += UNKNOWN_IN_CLOSED if guide.closed else UNKNOWN
        if odd:
            r.cost += ODD_LAYOUT
        return ways

    def _is_alien(self, frame: Frame, name: str, index: int) -> bool:
        """Whether the schema says that a member does not belong here: by its name, or by what its value is."""
        guide = frame.guide
        assert guide is not None
        if index + 2 < len(self.tokens) and self.tokens[index + 1][0] == ":":
            kind = self.tokens[index + 2][0]
            if kind in "{[sb":
                kinds = guide.member(name).kinds
                fits = {"{": {"object"}, "[": {"array"}}.get(kind, SCALAR_KINDS) & kinds
                if kinds and not fits:
                    return True
        if guide.declares(name):
            return False
        return bool(guide.names) or (
            not guide.never
            and frame.parent is not None
            and frame.parent.guide is not None
            and frame.parent.guide.declares(name)
        )

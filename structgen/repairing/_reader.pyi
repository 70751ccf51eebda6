"""The native half of the JSON repair."""



def check(text: str) -> int:
    """
    0: not JSON; 1: JSON in which no object has a name twice; 2: JSON in which some object may.
    """

def row(text: str, start: int, stop: int) -> tuple[list[object], list[tuple[int, int]], bool, int]:
    """
    Read containers with nothing but blanks between them.

    Returns them, their spans, whether nothing was repaired, and how far the text was read.
    """

def read(text: str, start: int, stop: int, items: bool) -> tuple[object, int, tuple[bytes, int] | None, list[tuple[int, tuple[list[object], int, int, tuple[bytes, int] | None] | None]] | None, int]:
    """
    Read the container at `start`, or the items of an array from there on.

    Returns (value, its end, marks, None, 0); or (None, how far the text was read, None, open brackets, cut).
    Of an open bracket: its start, and of an array (items, start of the last, its end, marks) as far as it is
    complete. `cut`: 0 if something is wrong; 1 if the text breaks off, 2 if it does in a string.
    """

"""Every weight of a repair, with its reason. Only their order and sums matter: 1.0 is one missing bracket.

The reasons say what a weight must be above or below.
"""

from __future__ import annotations

# Brackets (bracket_search/): what it costs to insert, delete or replace one character

CLOSING_MISSING = 1.0
"""The unit. Models forget closing brackets more often than any other character."""
OPENING_MISSING = 1.1
"""A little rarer than a closing one, so that of two readings the missing closing bracket wins."""
SURPLUS = 1.0
"""A surplus bracket is as frequent as a missing one; the layout and the names have to decide."""
SURPLUS_OPENING_MISFIT = 1.05
"""A surplus opening bracket where the schema wants another kind: just above `SURPLUS`, so that a surplus closing one
wins a tie."""
SUBSTITUTED = 1.1
"""One bracket in place of another: below a missing and a surplus one together."""
COMMA = 0.5
"""A missing or surplus comma: half a bracket, as it changes no nesting."""
COLON = 0.6
"""A missing colon: a little more than a comma, so that `"a" "b"` in an array lacks a comma."""
COLON_TWICE = 0.4
"""A colon after a colon: below every other reading of it."""
TRAILING_COMMA = 0.3
"""A comma before a closing bracket: the most frequent damage of all, and legal in most programming languages."""
KEY_LOST = 1.5
"""A key without a value is dropped: dearer than any character, as content is lost."""
KEY_LOST_AT_END = 0.1
"""The same where the text breaks off: there it is expected."""
CLOSED_AT_END = 0.1
"""Each further bracket that is closed at the end of the text: those that are cut off are cut off together."""
TOKEN_LOST = 2.5
"""A token that fits nowhere is dropped: dearer than two changed characters, which are preferred."""
RUN_AS_ONE = 5.0
"""Several items of an array are taken for one value: only if nothing else is possible."""

# Brackets: what speaks against a reading

MISFIT = 0.8
"""A value of another type than the schema wants: below one bracket, as types are coerced afterwards."""
MISFIT_IN_LIST = 0.4
"""The same for a scalar where an array may be meant: half, as `a, b` is often a list without brackets."""
ODD_LAYOUT = 0.6
"""A line that is indented otherwise than its siblings: below one bracket, above a comma."""
UNKNOWN_NAME = 0.4
"""A property that the schema does not declare, where others are allowed."""
UNKNOWN_NAME_IN_CLOSED = 1.0
"""The same where `additionalProperties` is false: as dear as a bracket, so that moving the property costs no more."""
REPEATED_FIRST_NAME = 1.2
"""The first name of an object comes again: a new object begins. Above one bracket, so that two are tried."""
BOTH_BRACKETS = -1.0
"""`}, {` between two objects of an array is lost at once: one bracket of the two is free."""
LIST_CLOSED = -0.1
"""A `]` where an array around the last values lacks its `[`: the closing bracket is evidence for it."""

# Brackets: limits of the search

SLACK = 3.0
"""How much dearer than the cheapest hypothesis another may be. More than any single change costs."""
HOPELESS, WINDOW = 25.0, 64
"""If so many tokens cost so much, one hypothesis is followed until fewer do: that part is hardly JSON, and not worth
the time. A rate, never a sum over the text: a bracket lost in each of ten thousand records is no worse than in one."""
TIE = 1e-6
"""Costs that differ by less are equal: sums of floats."""

# Candidates (json/candidates.py): which of several values in a text is the payload

GRADES = {"lossless": 0.0, "guessed": 0.7, "dropped": 1.5}
"""What an edit says against a candidate, by its grade."""
PLAUSIBLE, PLAUSIBLE_GROWTH = 4.0, 0.6
"""A candidate may cost this much, and this times the square root of its length: prose in brackets costs more."""
PLAUSIBLE_EACH = 0.5
"""Each key and scalar that JSON itself would have written so allows this much more: prose has hardly any, and what is
lost in each of many records is no reason to doubt them."""
EMPTY = 1.0
"""An empty object that costs this much is prose, such as `{...}`."""
DROPPED, DROPPED_EACH = 3.0, 200
"""Edits that may drop something: these, and one more for so many characters."""
EMBEDDED = 3.0
"""JSON inside a string may cost this much; else it is text that begins with a bracket."""
IN_A_ROW = 1.0
"""Values in a row (JSON Lines) may cost less than this each: all but the last, which may be cut off."""

# Coercion (coerce.py): how badly a value fits one alternative of a schema

CHANGED = 1.0
"""Any change: its type, the spelling of a name, a wrapper that is taken off."""
QUOTED = 0.5
"""A word without quotes becomes the string that is wanted: half, as it was damaged anyway."""
SPELLED = 0.1
"""`True` for `true`: nothing is in doubt."""
PROPERTY_LOST = 4.0
"""A property that the schema does not allow is dropped, or stays and is wrong. Below a missing one."""
PROPERTY_MISSING = 5.0
"""A required property is missing."""
WRONG = 10.0
"""A value that stays wrong: above any number of small changes in one alternative."""
NEVER = 20.0
"""The alternative `false`: after all others."""
UNDECLARED = 0.6
"""A property that this alternative does not declare while another one does: below one change."""

# YAML by lines (yaml/levels.py): what speaks against a level for a line

DRIFT, FAR, FARTHER = 1.0, 2.05, 0.1
"""An indentation off by one, by two, and each space more. One space is a slip; from two on it is another level, and
above `PROPERTY_UNDECLARED`, so that the indentation wins over a name that merely is not declared."""
UNINDENTED = 2.5
"""A value that is not indented more than its key: above `FAR`."""
BY_PATTERN, UNNAMED, PROPERTY_UNDECLARED, CLOSED = 0.1, 1.0, 2.0, 3.0
"""A name that only a pattern allows there; no names are declared there; others are; and no more may come. The more
the schema says, the more it costs."""
STRANGER = 1.0
"""The first property below is not declared in what would be its object."""
AGAIN = 4.0
"""The name is there already: above everything that the schema says. Half of it at the same indentation, where the text
itself repeats the name."""
TYPE_MISFIT = 2.0
"""A value of another type, or a level that the next line needs is closed: as `PROPERTY_UNDECLARED`."""
CHILDLESS = 1.0
"""The lines below cannot be the value: half a type."""
UNLIKE = 0.5
"""The item before it is a container and this is none, or the other way round: only to break ties."""
UNUSUAL_STEP = 0.6
"""The lines below would be indented by another step than is usual in the text: below one space."""
VALUE_NEVER_CAME = 0.5
"""The awaited value never came, though the line is indented more than its key."""

"""Every weight of a repair, with its reason. Only their order and sums matter: 1.0 is one missing bracket.

The reasons say what a weight must be above or below.

The four numbers above each weight say how many of 866 cases come back worse when that weight alone is 0, half, twice or
eight times as large (`benchmarks/repair_costs.py --cases 200`: the cases of the tests, and damaged instances of
MaskBench). No case came back better. Four zeros mean that only the order of several weights matters.
"""

from __future__ import annotations

# Brackets (bracket_search/): what it costs to insert, delete or replace one character

# 2/0/2/14
CLOSING_MISSING = 1.0
"""The unit. Models forget closing brackets more often than any other character."""
# 11/2/5/26
OPENING_MISSING = 1.1
"""A little rarer than a closing one, so that of two readings the missing closing bracket wins."""
# 3/0/2/6
SURPLUS = 1.0
"""A surplus bracket is as frequent as a missing one; the layout and the names have to decide."""
# 1/1/1/1
SURPLUS_OPENING_MISFIT = 1.05
"""A surplus opening bracket where the schema wants another kind: just above `SURPLUS`, so that a surplus closing one
wins a tie."""
# 4/1/4/4
SUBSTITUTED = 1.1
"""One bracket in place of another: below a missing and a surplus one together."""
# 0/0/0/4
COMMA = 0.5
"""A missing or surplus comma: half a bracket, as it changes no nesting."""
# 0/0/0/0
COLON = 0.6
"""A missing colon: a little more than a comma, so that `"a" "b"` in an array lacks a comma."""
# 0/0/0/0
COLON_TWICE = 0.4
"""A colon after a colon: below every other reading of it."""
# 0/0/0/0
TRAILING_COMMA = 0.3
"""A comma before a closing bracket: the most frequent damage of all, and legal in most programming languages."""
# 6/2/0/0
KEY_LOST = 1.5
"""A key without a value is dropped: dearer than any character, as content is lost."""
# 0/0/0/0
KEY_LOST_AT_END = 0.1
"""The same where the text breaks off: there it is expected."""
# 0/0/0/0
CLOSED_AT_END = 0.1
"""Each further bracket that is closed at the end of the text: those that are cut off are cut off together."""
# 6/0/0/0
TOKEN_LOST = 2.5
"""A token that fits nowhere is dropped: dearer than two changed characters, which are preferred."""
# 0/0/0/0
RUN_AS_ONE = 5.0
"""Several items of an array are taken for one value: only if nothing else is possible."""

# Brackets: what speaks against a reading

# 2/0/0/0
MISFIT = 0.8
"""A value of another type than the schema wants: below one bracket, as types are coerced afterwards."""
# 1/0/0/0
MISFIT_IN_LIST = 0.4
"""The same for a scalar where an array may be meant: half, as `a, b` is often a list without brackets."""
# 2/0/0/0
ODD_LAYOUT = 0.6
"""A line that is indented otherwise than its siblings: below one bracket, above a comma."""
# 0/0/0/0
UNKNOWN_NAME = 0.4
"""A property that the schema does not declare, where others are allowed."""
# 1/0/0/0
UNKNOWN_NAME_IN_CLOSED = 1.0
"""The same where `additionalProperties` is false: as dear as a bracket, so that moving the property costs no more."""
# 6/1/0/0
REPEATED_FIRST_NAME = 1.2
"""The first name of an object comes again: a new object begins. Above one bracket, so that two are tried."""
# 1/1/0/0
BOTH_BRACKETS = -1.0
"""`}, {` between two objects of an array is lost at once: one bracket of the two is free."""
# 0/0/1/2
LIST_CLOSED = -0.1
"""A `]` where an array around the last values lacks its `[`: the closing bracket is evidence for it."""

# Brackets: limits of the search

# 57/0/0/0
SLACK = 3.0
"""How much dearer than the cheapest hypothesis another may be. More than any single change costs."""
# 32/0/0/0
HOPELESS, WINDOW = 25.0, 64
"""If so many tokens cost so much, one hypothesis is followed until fewer do: that part is hardly JSON, and not worth
the time. A rate, never a sum over the text: a bracket lost in each of ten thousand records is no worse than in one."""
TIE = 1e-6
"""Costs that differ by less are equal: sums of floats."""

# Candidates (json/candidates.py): which of several values in a text is the payload

GRADES = {"lossless": 0.0, "guessed": 0.7, "dropped": 1.5}
"""What an edit says against a candidate, by its grade."""
# PLAUSIBLE 0/0/0/0, PLAUSIBLE_GROWTH 0/0/0/0
PLAUSIBLE, PLAUSIBLE_GROWTH = 4.0, 0.6
"""A candidate may cost this much, and this times the square root of its length: prose in brackets costs more."""
# 0/0/0/0
PLAUSIBLE_EACH = 0.5
"""Each key and scalar that JSON itself would have written so allows this much more: prose has hardly any, and what is
lost in each of many records is no reason to doubt them."""
# 0/0/0/0
EMPTY = 1.0
"""An empty object that costs this much is prose, such as `{...}`."""
# 21/2/0/0
DROPPED, DROPPED_EACH = 3.0, 200
"""Edits that may drop something: these, and one more for so many characters."""
# 0/0/0/0
EMBEDDED = 3.0
"""JSON inside a string may cost this much; else it is text that begins with a bracket."""
# 9/0/0/0
IN_A_ROW = 1.0
"""Values in a row (JSON Lines) may cost less than this each: all but the last, which may be cut off."""

# Coercion (coerce.py): how badly a value fits one alternative of a schema

# 0/0/0/0
CHANGED = 1.0
"""Any change: its type, the spelling of a name, a wrapper that is taken off."""
# 2/0/0/0
QUOTED = 0.5
"""A word without quotes becomes the string that is wanted: half, as it was damaged anyway."""
# 0/0/0/0
SPELLED = 0.1
"""`True` for `true`: nothing is in doubt."""
# 0/0/0/0
PROPERTY_LOST = 4.0
"""A property that the schema does not allow is dropped, or stays and is wrong. Below a missing one."""
# 0/0/0/0
PROPERTY_MISSING = 5.0
"""A required property is missing."""
# 0/0/0/0
WRONG = 10.0
"""A value that stays wrong: above any number of small changes in one alternative."""
# 0/0/0/0
NEVER = 20.0
"""The alternative `false`: after all others."""
# 0/0/0/0
UNDECLARED = 0.6
"""A property that this alternative does not declare while another one does: below one change."""

# YAML by lines (yaml/levels.py): what speaks against a level for a line

# DRIFT 0/0/0/7, FAR 16/0/0/0, FARTHER 0/0/0/0
DRIFT, FAR, FARTHER = 1.0, 2.05, 0.1
"""An indentation off by one, by two, and each space more. One space is a slip; from two on it is another level, and
above `PROPERTY_UNDECLARED`, so that the indentation wins over a name that merely is not declared."""
# 0/0/2/2
UNINDENTED = 2.5
"""A value that is not indented more than its key: above `FAR`."""
# BY_PATTERN 0/0/0/0, UNNAMED 0/0/0/6, PROPERTY_UNDECLARED 2/0/0/0, CLOSED 0/0/0/0
BY_PATTERN, UNNAMED, PROPERTY_UNDECLARED, CLOSED = 0.1, 1.0, 2.0, 3.0
"""A name that only a pattern allows there; no names are declared there; others are; and no more may come. The more
the schema says, the more it costs."""
# 0/0/0/0
STRANGER = 1.0
"""The first property below is not declared in what would be its object."""
# 0/0/0/0
AGAIN = 4.0
"""The name is there already: above everything that the schema says. Half of it at the same indentation, where the text
itself repeats the name."""
# 2/0/0/0
TYPE_MISFIT = 2.0
"""A value of another type, or a level that the next line needs is closed: as `PROPERTY_UNDECLARED`."""
# 0/0/0/0
CHILDLESS = 1.0
"""The lines below cannot be the value: half a type."""
# 1/0/0/0
UNLIKE = 0.5
"""The item before it is a container and this is none, or the other way round: only to break ties."""
# 0/0/0/0
UNUSUAL_STEP = 0.6
"""The lines below would be indented by another step than is usual in the text: below one space."""
# 0/0/0/0
VALUE_NEVER_CAME = 0.5
"""The awaited value never came, though the line is indented more than its key."""

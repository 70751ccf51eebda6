"""Calls of tools: what a model may call, how its family writes calls, and what it answered.

tool       Tool: of a function, a type, a dict of an API
format     Format: how a family writes calls, as data; families/ has them, bodies/ what they share
build      tools(): the constraint
grammar    the grammar of a whole reply
reading    a text becomes a Reply
stream     StreamingReply: the same, piece by piece
"""

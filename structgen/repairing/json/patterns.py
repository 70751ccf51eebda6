"""Patterns of the tolerant lexer. Look-ahead is bounded in all of them, so matching is linear. Data."""

from __future__ import annotations

import itertools
import re

_numbers = itertools.count()


def _all(of: str) -> str:
    """As many as there are, never fewer: `X*+` of Python 3.11. Spaces in front of spaces took square time without."""
    name = f"run{next(_numbers)}"
    return f"(?=(?P<{name}>{of}*))(?P={name})"


# What well-formed text consists of, with a look at what follows, in one match.
PLAIN = re.compile(
    r"[ \t\n\r]*(?:([{}\[\],:])"
    r'|"([^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)"'
    r'(?=[ \t\n\r]*(?:[:}\]]|,[ \t\n\r]*(?:["{\[\d}\]-]|true\b|false\b|null\b)))'
    r"|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[ \t\n\r]*[,}\]])"
    r"(?!,\d{3}(?:,\d{3})*(?:\.\d+)?[ \t\n\r]*[,}]))"
)
SPACE = re.compile(r"[\s\ufeff\u200b]*")
COMMENT = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
STOP = re.compile(r"```|~~~|</?[A-Za-z_|][^>\n]{0,80}>|\[/?TOOL_CALLS?\]|;?\s*\Z")
QUOTES = {
    '"': '"',
    "'": "'",
    "“": '”“"',
    "”": '”“"',
    "„": '“”"',
    "‘": "’‘'",
    "’": "’‘'",
    "`": "`'",
    "«": "»",
    "´": "´",
}
ANY_QUOTE = "\"'“”„‘’`«´"
NEXT_CLOSE = {
    ends: re.compile(rf"(?:[^\\{re.escape(ends)}]|\\.|\\\Z)*", re.DOTALL) for ends in {*QUOTES.values()}
}
_S, _LINE_END = r"\s", r"[^\S\n]{0,200}\n"
KEYISH = (
    rf"(?:[{ANY_QUOTE}][^\"\n{{}}]{{0,100}}[{ANY_QUOTE}»]|[A-Za-z_$][\w$.-]{{0,100}}[{ANY_QUOTE}]?)"
    r"[ \t]*(?::|=)"
)
_OPEN_KEY = r'[A-Za-z_][\w$.-]{0,60}:\s{0,20}(?:-?\d|["{\[]|(?:true|false|null)\b)'
"""After the opening quote of a key that lacks its closing one."""
LOST_OPENING = re.compile(r',[^\S\n]{0,20}[^\s",:;{}\[\]][^",:;{}\[\]\n]{0,60}"\s{0,40}[,\]]')
"""After the closing quote of an item: an item that lacks its opening one."""
IMPLICIT_JOIN = re.compile(
    r'(\s{1,100})(?=(?:"[^"\\\n]{0,300}(?:\\.[^"\\\n]{0,300}){0,20}"\s{0,100}){1,20}[,}])'
)
"""After the closing quote of a property's value: more strings, as Python and C join them."""
AFTER_KEY = re.compile(r"\s*(?::(?!//)|=>?)")
AFTER_KEY_ALONE = re.compile(
    _all(r"\s")
    + r'(?:[{\[]|"[^"\n]*"'
    + _all(r"\s")
    + r"[,}]|(?:-?\d[\d.eE+-]*|true|false|null)"
    + _all(r"\s")
    + "[,}])"
)
AFTER_VALUE = re.compile(
    _all(r"[^\S\n]")
    + rf"(?:{_all(_S)}(?:[}}\]\)](?={_LINE_END}|{_all(_S)}(?:[,}}\]\);`<]|\Z))|\Z|;?{_all(_S)}```"
    rf"|,?{_all(_S)}(?://|/\*|\#)"
    rf"|,{_all(_S)}(?:{KEYISH}|[}}\]]|,|\.\.\.|[{ANY_QUOTE}]?[^{ANY_QUOTE}\n]{{0,100}}[{ANY_QUOTE}]?{_all(_S)}\Z)"
    rf"|[{ANY_QUOTE}][^\"\n:]{{0,100}}[{ANY_QUOTE}]{_all(_S)}:|\+{_all(_S)}[{ANY_QUOTE}]"
    rf"|;(?:{_LINE_END}|{_all(_S)}(?:{KEYISH}|[}}\]]))|(?<=\s)\"{_OPEN_KEY}"
    rf"|(?<=[\w.!?%]\")[A-Za-z_]\w{{0,60}}\"\s{{0,20}}:)"
    rf"|,?{_LINE_END}{_all(_S)}{KEYISH})"
)
_AFTER_ITEM = (
    rf"{_all(_S)}(?:\](?={_LINE_END}|{_all(_S)}(?:[,}}\]\);`<]|\Z))|\}}(?={_all(_S)}(?:[,}}\]]|\Z))|\Z|;?{_all(_S)}```"
    rf"|,?{_all(_S)}(?://|/\*|\#)|[,;]{_LINE_END}"
    rf"|[,;]{_all(_S)}(?:[{ANY_QUOTE}{{\[\d+\],.-]|true\b|false\b|null\b|True\b|False\b|None\b|[a-zA-Z]{{0,5}}\Z)"
    rf"|(?<=\s)[{ANY_QUOTE}](?=\w)|[{ANY_QUOTE}](?=[^\"\s,\]][^\"\n]{{0,100}}[{ANY_QUOTE}]{_all(_S)}[,\]])"
    rf"|\+{_all(_S)}[{ANY_QUOTE}]"
    rf"|{_all(_S)}\)(?={_all(_S)};?{_all(_S)}\Z)"
)
AFTER_ITEM = re.compile(_AFTER_ITEM + ")")
AFTER_TUPLE = re.compile(_AFTER_ITEM + rf"|{_all(_S)},?{_all(_S)}\)(?={_all(_S)}[,:}}\]\)]))")
"""The same in round brackets."""
OPENS_KEY = re.compile(rf"[{ANY_QUOTE}][^\"\n{{}}]{{0,100}}[{ANY_QUOTE}]\s*:")
BEFORE_KEY = re.compile(r"(?:,\s*|\s*\n\s*)\Z")
KEY_CUT = re.compile(r"\s*([A-Za-z_$][\w $.-]{0,60}?)\s*(?=:)")
BARE_KEY = re.compile(r"[^\s:=,{}\[\]\"][^:=,{}\[\]\n\"]{0,300}?(?=\s*(?:[:=,{}\[\]\n\"]|\Z))")
NUMBER = re.compile(
    r"[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d*)?)n?(?=\s*(?:[,}\]\);\n\[{]|\Z|//|/\*|#|\"[^\"\n:{}]{0,100}\"\s*[:,\]])|\s+[\d-])"
)
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?=\s*(?:[}\n]|\Z|,\s*[\"'A-Za-z_\n]))")
BARE_VALUE = re.compile(
    rf"(?:[^,;}}\]\n/#`<\"]|(?<=:)/|(?<=:/)/|\"(?![^\"\n:{{}}]{{0,100}}\"\s*:)|/(?![/*])|\#(?!\s)|`(?!``)|<(?!/|\|)|[,;](?!\s*(?:{KEYISH}|[}}\]]|\Z|\n)))+"
)
NEXT_LINE = re.compile(
    rf"\s{{0,40}}\n(?!\s{{0,40}}(?:[}}\],{{\[{ANY_QUOTE}]|{KEYISH}|//|/\*|\#|~~~|</|\Z))"
    r"[^\S\n]{0,40}([^\n{}\[\]]{0,2000}[^\s,;{}\[\]])(?=[\s,;]{0,40}\n|\s{0,40}\Z)"
)
"""A line that goes on with the text before it: it is no property, and has no bracket."""
SPACED = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f]\d{3}){1,6}(?:\.\d+)?(?=\s*(?:[,}\]\n]|\Z))")
UNFINISHED = re.compile(r"(?:tru|fal|fals|nul|Tru|Fal|Fals|Non)\Z")
FEET = re.compile(r"\d\s?['’′]\s?\d+\Z")
BRACKET = re.compile(r"[{}\[\]]")
BARE_ITEM = re.compile(r"(?:[^,;\]\n}/`<]|(?<=:)/|(?<=:/)/|/(?![/*])|`(?!``)|<(?!/|\|))+")
CALL = re.compile(r"(?:new\s+)?[A-Za-z_][\w.]{0,60}\(\s*(?=[\"'{\[\d)-])")
PREFIX = re.compile(r"[rbufRBUF]{1,2}(?=[\"'])")
TRIPLE = re.compile(r'"""(?!\s*[,}\]])(.*?)(?:"""|\Z)|' r"'''(?!\s*[,}\]])(.*?)(?:'''|\Z)", re.DOTALL)
JOIN = re.compile(rf"\s*\+\s*(?=[{ANY_QUOTE}])")
ESCAPE = re.compile(
    r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\}|[0-7]{3}|\r?\n|.|\Z)", re.DOTALL
)
PATH = re.compile(r"[A-Za-z]:\\(?!\\)")
LATEX = re.compile(
    r"[bf][a-zA-Z]|(?:nu|ne|neq|neg|nabla|not|rho|right|rm|text[a-z]*|tau|theta|times|to|tan)(?![a-zA-Z])"
)
"""Commands that begin like an escape of JSON."""
SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"'}
SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
ELLIPSIS = re.compile(r"(?:\.\.\.+|…)[^\n,\]}\"]{0,60}")
MORE = re.compile(r"\.\.\.|…|\bmore\b|\brest\b|\bremaining\b|\betc\b")
OPENED_BY = {"}": "{", "]": "["}
PROSE = re.compile(
    r"(?=[^\n{}\[\]\"':A-Za-z]{0,200}[A-Za-z][^\n{}\[\]\"':]{0,200}\s)[^\n{}\[\]\"]{0,2000}(?:\n|\Z)"
)
NEXT_VALUE = re.compile(r"\s*,\s*[{\[]")
AT_END = re.compile(r"\s*\Z")
CONTROL = re.compile(r"[\x00-\x1f]")
RESTART = re.compile(
    r'\n[^\S\n]{0,20}[A-Za-z][^\n{}\[\]":]{0,200}[:.!…-]?[^\S\n]{0,20}\n(?:[^\S\n]{0,20}(?:```\w{0,20}|~~~\w{0,20})?\n){0,3}[{\[]'
)
"""A line of prose, and a value that begins at the margin."""
GOES_ON = re.compile(rf"\s*(?:[}}\]](?!\))|,\s*(?:[\"{{\[]|{KEYISH}|\d+\s*[,\]]))")

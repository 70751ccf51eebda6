"""Corruptions of valid JSON and YAML, as models make them. Each takes a text and a random generator."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable
from typing import Any

Damage = Callable[[str, random.Random], "str | None"]


def _structural(text: str) -> list[tuple[int, str]]:
    """The structural characters and quotes of valid JSON, by place."""
    found = []
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', text):
        if match.group()[0] == '"':
            found += [(match.start(), '"'), (match.end() - 1, '"')]
        else:
            found.append((match.start(), match.group()))
    return found


def _delete(characters: str) -> Damage:
    def damage(text: str, rng: random.Random) -> str | None:
        places = [at for at, char in _structural(text) if char in characters]
        if not places:
            return None
        at = rng.choice(places)
        return text[:at] + text[at + 1 :]

    return damage


def _double(characters: str) -> Damage:
    def damage(text: str, rng: random.Random) -> str | None:
        places = [at for at, char in _structural(text) if char in characters]
        if not places:
            return None
        at = rng.choice(places)
        return text[: at + 1] + text[at:]

    return damage


def _strings(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r'"(?:[^"\\]|\\.)*"(\s*:)?', text))


def _outside(text: str, pattern: str, replacement: Callable[[re.Match[str]], str]) -> str | None:
    parts, at, changed = [], 0, 0
    for string in re.finditer(r'"(?:[^"\\]|\\.)*"', text):
        part, count = re.subn(pattern, replacement, text[at : string.start()])
        parts += [part, string.group()]
        changed += count
        at = string.end()
    part, count = re.subn(pattern, replacement, text[at:])
    return "".join([*parts, part]) if changed + count else None


def _mismatched(text: str, rng: random.Random) -> str | None:
    places = [(at, char) for at, char in _structural(text) if char in "}]"]
    at, char = rng.choice(places)
    return text[:at] + ("]" if char == "}" else "}") + text[at + 1 :]


def _trailing_comma(text: str, rng: random.Random) -> str | None:
    places = [at for at, char in _structural(text) if char in "}]" and text[:at].rstrip()[-1] not in "{["]
    if not places:
        return None
    at = rng.choice(places)
    return text[:at] + "," + text[at:]


def _single_quotes(text: str, rng: random.Random) -> str | None:
    if "'" in text or "\\" in text:
        return None
    return re.sub(r'"((?:[^"\\]|\\.)*)"', r"'\1'", text)


def _typographic(text: str, rng: random.Random) -> str | None:
    if "“" in text or "”" in text or "\\" in text:
        return None
    return re.sub(r'"((?:[^"\\]|\\.)*)"', "“\\1”", text)


def _bare_keys(text: str, rng: random.Random) -> str | None:
    made, count = re.subn(r'"([A-Za-z_][A-Za-z0-9_]*)"(\s*:)', r"\1\2", text)
    return made if count else None


def _python_literals(text: str, rng: random.Random) -> str | None:
    names = {"true": "True", "false": "False", "null": "None"}
    return _outside(text, r"\b(?:true|false|null)\b", lambda found: names[found.group()])


def _comment(text: str, rng: random.Random) -> str | None:
    places = [at for at, char in _structural(text) if char == ","]
    if not places:
        return None
    at = rng.choice(places)
    return text[: at + 1] + rng.choice([" // as agreed\n", " /* see above */ ", " # note\n"]) + text[at + 1 :]


def _fenced(text: str, rng: random.Random) -> str | None:
    return f"Here is the result:\n\n```json\n{text}\n```\n\nLet me know if anything {{else}} is needed!"


def _unclosed_fence(text: str, rng: random.Random) -> str | None:
    return f"Sure, here you go:\n```\n{text}"


def _prose(text: str, rng: random.Random) -> str | None:
    return f"Of course! The answer is {text}. I hope this helps."


def _inner_quotes(text: str, rng: random.Random) -> str | None:
    values = [found for found in _strings(text) if not found.group(1) and '\\"' in found.group()]
    if not values:
        return None
    found = rng.choice(values)
    return text[: found.start()] + '"' + found.group()[1:-1].replace('\\"', '"') + '"' + text[found.end() :]


def with_quotes(value: Any, rng: random.Random) -> Any:
    """The value with a word of one of its longer strings in quotes; the value itself if it has none."""
    text = json.dumps(value, ensure_ascii=False)
    values = [
        found for found in _strings(text) if not found.group(1) and re.search(r"\w \w+ \w", found.group())
    ]
    if not values:
        return value
    found = rng.choice(values)
    inner = rng.choice(list(re.finditer(r"(?<= )\w+(?= )", found.group())))
    start, end = found.start() + inner.start(), found.start() + inner.end()
    return json.loads(f'{text[:start]}\\"{text[start:end]}\\"{text[end:]}')


def _end_missing(text: str, rng: random.Random) -> str | None:
    stripped = text.rstrip("}] \n")
    return (
        stripped + text[len(stripped) :].rstrip()[: rng.randrange(0, 1)]
        if len(stripped) < len(text)
        else None
    )


def _arrow(text: str, rng: random.Random) -> str | None:
    places = [at for at, char in _structural(text) if char == ":"]
    if not places:
        return None
    at = rng.choice(places)
    return text[:at] + rng.choice(["=", " =>"]) + text[at + 1 :]


def _escaped(text: str, rng: random.Random) -> str | None:
    return json.dumps(text)[1:-1]


def _jsonp(text: str, rng: random.Random) -> str | None:
    return f"callback({text});"


def _raw_newline(text: str, rng: random.Random) -> str | None:
    values = [
        found
        for found in _strings(text)
        if not found.group(1) and "\\n" in found.group() and "\\\\" not in found.group()
    ]
    if not values:
        return None
    found = rng.choice(values)
    return text[: found.start()] + found.group().replace("\\n", "\n") + text[found.end() :]


def _yaml_unquoted(text: str, rng: random.Random) -> str | None:
    made, count = re.subn(r"""(?m)^([ ]*(?:- )*(?:[^\s'"][^\n:]*: )?)(['"])([^'"\\\n]+)\2$""", r"\1\3", text)
    return made if count else None


def _yaml_drifting(text: str, rng: random.Random) -> str | None:
    lines = text.split("\n")
    places = [n for n, line in enumerate(lines) if line.startswith("  ")]
    if not places:
        return None
    n = rng.choice(places)
    lines[n] = " " + lines[n] if rng.random() < 0.5 else lines[n][1:]
    return "\n".join(lines)


def _yaml_tabs(text: str, rng: random.Random) -> str | None:
    made = re.sub(
        r"(?m)^( +)", lambda found: "\t" * (len(found.group(1)) // 2) + " " * (len(found.group(1)) % 2), text
    )
    return made if made != text else None


def _yaml_tight(text: str, rng: random.Random) -> str | None:
    places = list(re.finditer(r"(?m)^[ -]*\w+:( )\w", text))
    if not places:
        return None
    found = rng.choice(places)
    return text[: found.start(1)] + text[found.end(1) :]


def _yaml_tight_items(text: str, rng: random.Random) -> str | None:
    made, count = re.subn(r"(?m)^( *)- (?=[A-Za-z])", r"\1-", text)
    return made if count else None


def _yaml_open_quote(text: str, rng: random.Random) -> str | None:
    places = list(re.finditer(r"""(?m)['"]$""", text))
    if not places:
        return None
    at = rng.choice(places).start()
    return text[:at] + text[at + 1 :]


def _yaml_fenced(text: str, rng: random.Random) -> str | None:
    return f"Here is the result:\n\n```yaml\n{text}```\n\nLet me know: anything else?"


def _yaml_prose(text: str, rng: random.Random) -> str | None:
    return f"Here is the result:\n\n{text}\nI hope this helps!\n"


YAML_DAMAGES: dict[str, Damage] = {
    "quotes left out": _yaml_unquoted,
    "drifting indentation": _yaml_drifting,
    "tabs": _yaml_tabs,
    "no blank after the colon": _yaml_tight,
    "no blank after the dash": _yaml_tight_items,
    "closing quote missing": _yaml_open_quote,
    "fence and prose": _yaml_fenced,
    "prose around": _yaml_prose,
}
"""The same for YAML as PyYAML writes it."""

DAMAGES: dict[str, Damage] = {
    "closing bracket deleted": _delete("}]"),
    "opening bracket deleted": _delete("{["),
    "closing bracket doubled": _double("}]"),
    "opening bracket doubled": _double("{["),
    "bracket mismatched": _mismatched,
    "comma deleted": _delete(","),
    "comma doubled": _double(","),
    "trailing comma": _trailing_comma,
    "colon deleted": _delete(":"),
    "colon doubled": _double(":"),
    "quote deleted": _delete('"'),
    "quote doubled": _double('"'),
    "single quotes": _single_quotes,
    "typographic quotes": _typographic,
    "keys without quotes": _bare_keys,
    "literals of Python": _python_literals,
    "comment": _comment,
    "fence and prose": _fenced,
    "unclosed fence": _unclosed_fence,
    "prose around": _prose,
    "unescaped quotes": _inner_quotes,
    "raw newline": _raw_newline,
    "closing brackets at the end missing": _end_missing,
    "= or => for a colon": _arrow,
    "escaped as a string": _escaped,
    "function call around": _jsonp,
}
"""What is done to a text. Each gives None where it does not apply."""


def _line_prefix(prefix: Callable[[int], str]) -> Damage:
    def damage(text: str, rng: random.Random) -> str | None:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        lines = text.split("\n")
        return (
            "\n".join(prefix(number) + line for number, line in enumerate(lines, 1))
            if len(lines) > 1
            else None
        )

    return damage


def _envelope(text: str, rng: random.Random) -> str | None:
    """A call of a tool, as several models and servers write it."""
    inner = json.loads(text)
    if not isinstance(inner, dict):
        return None
    chosen = rng.randrange(6)
    as_text = json.dumps(inner, ensure_ascii=False)
    envelopes: list[Any] = [
        {"name": "submit", "arguments": inner},
        {"type": "function", "id": "call_1", "function": {"name": "submit", "arguments": as_text}},
        {"action": "submit", "action_input": inner},
        {"tool_calls": [{"name": "submit", "parameters": inner}]},
        {"data": inner, "status": "ok"},
        {"type": "tool_use", "id": "toolu_1", "name": "submit", "input": inner},
    ]
    shown = json.dumps(envelopes[chosen], ensure_ascii=False)
    return f"<tool_call>\n{shown}\n</tool_call>" if chosen == 0 else shown


def _latex(text: str, rng: random.Random) -> str | None:
    """A raw formula at the end of a text; the value has its backslashes twice."""
    marked = r"\alpha\_1 + \sqrt{2}"
    return text.replace(json.dumps(marked)[1:-1], marked) if json.dumps(marked)[1:-1] in text else None


def with_latex(value: Any, rng: random.Random) -> Any:
    """The value with a formula at the end of one of its texts; the value itself if it has none."""
    text = json.dumps(value, ensure_ascii=False)
    values = [found for found in _strings(text) if not found.group(1) and len(found.group()) > 3]
    if not values:
        return value
    at = rng.choice(values).end() - 1
    return json.loads(text[:at] + json.dumps(r" \alpha\_1 + \sqrt{2}")[1:-1] + text[at:])


def _restart(text: str, rng: random.Random) -> str | None:
    if len(text) < 10:
        return None
    words = rng.choice(
        ["Sorry, let me start again:", "Wait, that is wrong. Correction:", "Here it is once more:"]
    )
    return f"{text[: rng.randrange(2, len(text) * 3 // 4)]}\n\n{words}\n{text}"


def _semicolons(text: str, rng: random.Random) -> str | None:
    return _outside(text, ",", lambda found: ";")


def _headless(text: str, rng: random.Random) -> str | None:
    stripped = text.strip()[1:-1].strip()
    return stripped if text[0] == "{" and stripped and not stripped.startswith("{") else None


def _key_open(text: str, rng: random.Random) -> str | None:
    keys = [found for found in _strings(text) if found.group(1) and re.fullmatch(r'"\w+"\s*:', found.group())]
    if not keys:
        return None
    at = rng.choice(keys)
    end = at.start() + at.group().rindex('"')
    return text[:end] + text[end + 1 :]


def _item_tail(text: str, rng: random.Random) -> str | None:
    items = list(re.finditer(r'(?<=[\[,])(\s*)"[A-Za-z]\w*"(?=\s*[,\]])', text))
    if not items:
        return None
    at = rng.choice(items).end(1)
    return text[:at] + text[at + 1 :]


def _doubled_braces(text: str, rng: random.Random) -> str | None:
    return _outside(text, r"[{}]", lambda found: found.group() * 2)


def _comma_and_quote(text: str, rng: random.Random) -> str | None:
    places = list(re.finditer(r'",(\s*)"', text))
    if not places:
        return None
    found = rng.choice(places)
    return (
        text[: found.start() + 1]
        + found.group(1)
        + text[found.end() - 1 :].replace('"', "", rng.randrange(2))
    )


def _repr(text: str, rng: random.Random) -> str | None:
    return repr(json.loads(text))


def _thoughts(text: str, rng: random.Random) -> str | None:
    return f'<think>The user wants {{"a": 1}}, I guess.</think>\n{text}<|im_end|>'


def _echoed_schema(text: str, rng: random.Random) -> str | None:
    value = json.loads(text)
    if not isinstance(value, dict):
        return None
    schema = {"type": "object", "properties": {key: {"description": "as it says"} for key in value}}
    return f"Schema:\n```json\n{json.dumps(schema, indent=2)}\n```\n\nAnswer:\n```json\n{text}\n```"


def _wrapped(text: str, rng: random.Random) -> str | None:
    return (
        f'{{"{rng.choice(["response", "result", "answer", "output"])}": {text}}}' if text[0] == "{" else None
    )


def _stringified(text: str, rng: random.Random) -> str | None:
    value = json.loads(text)
    names = [key for key in value if isinstance(value[key], (dict, list))] if isinstance(value, dict) else []
    if not names:
        return None
    name = rng.choice(names)
    return json.dumps({**value, name: json.dumps(value[name])}, ensure_ascii=False)


def _numbers_as_texts(text: str, rng: random.Random) -> str | None:
    return _outside(text, r"-?\d[\d.eE+-]*", lambda found: f'"{found.group()}"')


def _wide_marks(text: str, rng: random.Random) -> str | None:
    return _outside(text, "[:,]", lambda found: {":": "：", ",": "，"}[found.group()])


def _entities(text: str, rng: random.Random) -> str | None:
    return html.escape(text, quote=False).replace('"', "&quot;") if "\\" not in text else None


MODEL_DAMAGES: dict[str, Damage] = {
    "marks of a diff": _line_prefix(lambda number: "+"),
    "marks of a quotation": _line_prefix(lambda number: "> "),
    "line numbers": _line_prefix(lambda number: f"{number:3} | "),
    "raw formula": _latex,
    "begun again": _restart,
    "semicolons": _semicolons,
    "outer braces lost": _headless,
    "closing quote of a key lost": _key_open,
    "opening quote of an item lost": _item_tail,
    "doubled braces": _doubled_braces,
    "comma and quote lost": _comma_and_quote,
    "repr of Python": _repr,
    "thoughts and an end token": _thoughts,
    "full-width punctuation": _wide_marks,
    "entities of HTML": _entities,
    "envelope of a tool call": _envelope,
    "schema echoed": _echoed_schema,
    "wrapped": _wrapped,
    "nested value as text": _stringified,
    "numbers as texts": _numbers_as_texts,
}
"""What models and the ways to them do to a text besides. The last five only a schema can tell from what was meant."""

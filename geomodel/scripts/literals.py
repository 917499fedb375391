"""Values and calls as Python reads them."""

from __future__ import annotations

import math
from typing import Any

WIDTH = 100  # characters in a line


def call(begin: str, keywords: dict[str, str], first: str = "") -> str:
    """A call, in one line where it is short."""
    arguments = [*([first] if first else []), *(f"{name}={value}" for name, value in keywords.items())]
    line = f"{begin}({', '.join(arguments)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    return "\n".join((f"{begin}(", *(f"    {argument}," for argument in arguments), ")"))


def literal(value: Any) -> str:
    """A value as Python reads it. Long lists take several lines."""
    match value:
        case float() if math.isinf(value):
            return 'float("inf")' if value > 0 else '-float("inf")'
        case float():
            return repr(float(value))  # without the type's name of NumPy
        case dict():
            return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
        case tuple():
            return _tuple([literal(item) for item in value])
        case str():
            return _double_quoted(value)
        case _:
            return repr(value)


def _double_quoted(text: str) -> str:
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain.startswith("'") and '"' not in text else plain


def _tuple(items: list[str]) -> str:
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) > WIDTH - 12:
            lines.append(line)
            line = ""
        line += f"{item}, "
    if not lines:
        return f"({line.rstrip() if len(items) == 1 else line.rstrip(', ')})"
    return "\n".join(("(", *(f"        {part.rstrip()}" for part in (*lines, line)), "    )"))

"""Printing on consoles whose encoding lacks our notation: what it cannot show is spelled out, σ as "sigma"."""

from __future__ import annotations

import codecs
import sys
import unicodedata

_SPELLED = {
    "−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "′": "'", "“": '"', "”": '"', "‘": "'", "’": "'", "…": "...",
    "‖": "||", "√": "sqrt ", "∞": "inf", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "Σ": "sum ",
    "∫": "integral ", "∂": "d", "°": " deg", "∅": "none",
}  # fmt: skip
_HANDLER = "geomodel.spelled"


def spell_out() -> None:
    """Make standard output and error write ASCII for what their encoding lacks, instead of raising an error."""
    codecs.register_error(_HANDLER, _spell_error)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # None under pythonw; streams of other programs may lack it
        if reconfigure is not None:
            reconfigure(errors=_HANDLER)


def spelled(text: str) -> str:
    """The text in ASCII."""
    return "".join(character if character.isascii() else _spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character in _SPELLED:
        return _SPELLED[character]
    name = unicodedata.name(character, "")
    for case, change in (("GREEK SMALL LETTER ", str.lower), ("GREEK CAPITAL LETTER ", str.title)):
        if name.startswith(case):
            return change(name.removeprefix(case).removeprefix("FINAL ").partition(" ")[0])
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part.isascii())
    if plain and "SUPERSCRIPT" in name:
        return f"^{plain}"
    if plain and "SUBSCRIPT" in name:
        return f"_{plain}"
    return plain or "?"


def _spell_error(error: UnicodeError) -> tuple[str, int]:
    """The handler of codecs: what stands for the characters that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return spelled(error.object[error.start : error.end]), error.end

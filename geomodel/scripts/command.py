"""Writes a run as a command line."""

from __future__ import annotations

import shlex
import unicodedata
from typing import Any

import msgspec

from geomodel import cli, cli_hints
from geomodel.origin import Computed, NetworkIdentity
from geomodel.scripts.stated import refuse_own_code, stated
from geomodel.settings import CUSTOM, RunSettings

LONGEST_ARGUMENT = 100_000  # bytes; Linux takes 131,071 in one argument
UNTYPED = ("Cc", "Cs")  # kinds of characters that no terminal passes on, beside the end of a line


def command_line(
    settings: RunSettings, network: NetworkIdentity | None = None, computed: Computed | None = None
) -> str:
    """A command for a POSIX shell, in the program's folder, that writes the run of these settings as NPZ and CSV.

    Its numbers are those of the run, bit for bit, as with `python`. Raises ValueError, with a sentence, where a command
    line cannot hold the run: the network is a person's own code, the list of levels is too long, or a name has
    characters that no terminal passes on.
    """
    refuse_own_code(settings)
    said, computed = stated(settings), computed or Computed()
    if settings.schedule == CUSTOM:
        del said["schedule"]  # the option --levels says it
    words = ["python", "main.py", "run"]
    for option, name, _ in cli.FIELDS:
        if name in said:
            words += _option(option, _text(said[name]))
    words += ["--final-zero"] if "final_zero" in said else []
    words += ["--no-beside"] if "beside" in said else []
    for name, value in settings.options.items():
        words += ["--option", f"{name}={_text(value)}"]
    if settings.network:
        for name, answer in (network.hints if network else {}).items():
            words += ["--hint", f"{name}={_hint(answer)}"]
        words += ["--device", computed.device] if computed.device != "cpu" else []
        words += ["--piece", str(computed.piece)] if computed.piece else []
    words += ["--threads", str(computed.threads)] if computed.threads else []
    for word in words:
        _check_word(word)
    return shlex.join(words)


def _option(option: str, text: str) -> list[str]:
    """Two words, or one where the value would be taken for an option."""
    return [f"{option}={text}"] if text.startswith("-") else [option, text]


def _text(value: Any) -> str:
    """A value as the command line reads it."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return repr(float(value))
        case tuple():
            return ",".join(map(_text, value))
        case _:
            return str(value)


def _hint(answer: Any) -> str:
    """An answer as the command line reads it: JSON, or the word itself where that is read as this word."""
    if isinstance(answer, str) and cli_hints.value(answer) == answer:
        return answer
    return msgspec.json.encode(answer).decode()


def _check_word(word: str) -> None:
    if len(word.encode("utf-8", "surrogatepass")) > LONGEST_ARGUMENT:
        raise ValueError("The list of levels is longer than a command line takes; copy the run as Python.")
    if any(unicodedata.category(character) in UNTYPED for character in word.replace("\n", "")):
        raise ValueError(
            f"{ascii(word)[:200]} has a character that no terminal passes on; copy the run as Python, or rename it."
        )

"""Writes a run as a command line."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Collection
from typing import Any

import msgspec

from geomodel import cli, cli_hints, strokes
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
    return joined(words(settings, network, computed or Computed(), "run"))


def words(settings: RunSettings, network: NetworkIdentity | None, computed: Computed, *command: str) -> list[str]:
    """The words of a command over these settings, on this machine. Raises ValueError as `command_line`."""
    refuse_own_code(settings)
    found = ["python", "main.py", *command, *options(settings)]
    if settings.network:
        for name, answer in (network.hints if network else {}).items():
            found += ["--hint", f"{name}={_hint(answer)}"]
        found += ["--device", computed.device] if computed.device != "cpu" else []
        found += ["--piece", str(computed.piece)] if computed.piece else []
    return [*found, *(["--threads", str(computed.threads)] if computed.threads else [])]


def options(settings: RunSettings, only: Collection[str] | None = None) -> list[str]:
    """The options that state settings: all of them, or those of these fields."""
    said = {name: value for name, value in stated(settings).items() if only is None or name in only}
    if settings.schedule == CUSTOM:
        said.pop("schedule", None)  # the option --levels says it
    found: list[str] = []
    for option, name, _ in cli.FIELDS:
        if name in said:
            found += _option(option, strokes.text(said[name]) if name == "drawing" else _text(said[name]))
    found += ["--final-zero"] if "final_zero" in said else []
    found += ["--no-beside"] if "beside" in said else []
    if only is None or "driver_options" in only:
        for name, value in settings.driver_options.items():
            found += ["--driver-option", option_text(name, value)]
    for name, value in settings.options.items():
        found += ["--option", option_text(name, value)]
    return found


def option_text(name: str, value: Any) -> str:
    """An option of a solver or of a driver as the command line reads it."""
    return f"{name}={_text(value)}"


def joined(found: list[str]) -> str:
    """The words as a line for a POSIX shell. ValueError for one that no shell or terminal takes."""
    for word in found:
        _check_word(word)
    return shlex.join(found)


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
        raise ValueError("A list of levels or a drawing is longer than a command line takes; copy the run as Python.")
    if any(unicodedata.category(character) in UNTYPED for character in word.replace("\n", "")):
        raise ValueError(
            f"{ascii(word)[:200]} has a character that no terminal passes on; copy the run as Python, or rename it."
        )

"""Writes a run as code: a Python script, and a command line, that give the very same numbers again.

Both state the settings, the hints that a checkpoint was opened with, and what decides the last bits beside them: the
threads of torch, the device and the pieces of the network (`geomodel.origin.Computed`).
"""

from __future__ import annotations

import math
import shlex
import unicodedata
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec

import resources
from geomodel import __version__, cli, cli_hints, solvers
from geomodel.checkpoints.hints import nested
from geomodel.origin import Computed, NetworkIdentity
from geomodel.places import CODE, absolute
from geomodel.settings import CUSTOM, RunSettings

WIDTH = 100  # characters in a line of a script
LONGEST_ARGUMENT = 100_000  # bytes; Linux takes 131,071 in one argument
# Stated in any case, because these are what a person changes first.
ALWAYS = ("data", "driver", "solver", "schedule", "steps", "sigma_max", "sigma_min", "count", "seed")
UNTYPED = ("Cc", "Cs")  # kinds of characters that no terminal passes on, beside the end of a line

LOAD_DATA = """data = gm.datasets.load(
    settings.data, count=settings.data_count, seed=settings.data_seed, columns=settings.data_columns
)"""
COMPUTE = "run = gm.runs.compute(settings, data, network)"
PLOT = """
# A picture, where matplotlib is installed: sampling trajectories blue, denoising trajectories red and dashed.
try:
    import matplotlib.pyplot as plt
except ImportError:
    print("Install matplotlib to see a picture.")
else:
    axes = plt.subplots()[1]
    if run.x[0, 0].size == 2:
        x, denoised = (curve.reshape(len(curve), -1, 2).T for curve in (run.x, run.denoised))
        axes.plot(*x.swapaxes(1, 2), color="#0072B2", linewidth=0.5)
        axes.plot(*denoised.swapaxes(1, 2), "--", color="#D55E00", linewidth=0.5)
        axes.set(aspect="equal", xlabel="x₁", ylabel="x₂")
    else:
        axes.plot(run.sigmas, gm.geometry.distance_to_end(run.x), color="#0072B2", linewidth=0.5)
        axes.plot(run.sigmas[:-1], gm.geometry.distance_to_end(run.denoised), "--", color="#D55E00", linewidth=0.5)
        axes.set(xlabel="noise level σ", ylabel="distance to the end of the curve")
        axes.invert_xaxis()
    plt.show()
"""


def python(settings: RunSettings, network: NetworkIdentity | None = None, computed: Computed | None = None) -> str:
    """A script that computes the run of these settings again, and draws it where matplotlib is installed.

    It runs where this program is installed. On the same machine, with the same versions, its `run` has the same
    numbers, bit for bit. A run that was stopped is computed to its end.

    network, computed: what the run says of them (`geomodel.origin.origin`); None where it says nothing. Raises
    ValueError, with a sentence, where the network is a denoiser of a person's own code.
    """
    title = f"{solvers.row(settings.solver).title}, {settings.steps} steps"
    return "\n".join((*_opening(title, settings, network, computed or Computed()), COMPUTE, PLOT))


def command_line(
    settings: RunSettings, network: NetworkIdentity | None = None, computed: Computed | None = None
) -> str:
    """A command for a POSIX shell, in the program's folder, that writes the run of these settings as NPZ and CSV.

    Its numbers are those of the run, bit for bit, as with `python`. Raises ValueError, with a sentence, where a command
    line cannot hold the run: the network is a person's own code, the list of levels is too long, or a name has
    characters that no terminal passes on.
    """
    _refuse_own_code(settings)
    stated, computed = _stated(settings), computed or Computed()
    if settings.schedule == CUSTOM:
        del stated["schedule"]  # the option --levels says it
    words = ["python", "main.py", "run"]
    for option, name, _ in cli.FIELDS:
        if name in stated:
            words += _option(option, _text(stated[name]))
    words += ["--final-zero"] if "final_zero" in stated else []
    words += ["--no-beside"] if "beside" in stated else []
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


# ---------------------------------------------------------------- what both state


def _stated(settings: RunSettings) -> dict[str, Any]:
    """The fields that code states, by name: the usual ones, and what differs from the defaults and has an effect.

    Paths are absolute, so that the code finds the files from any folder.
    """
    settings = replace(settings, data=absolute(settings.data), network=absolute(settings.network))
    found = {item.name: getattr(settings, item.name) for item in fields(settings)}
    without_effect = {"schema_version"}
    if settings.schedule == CUSTOM:
        without_effect |= {"steps", "sigma_max", "sigma_min", "final_zero"}  # the levels decide them
    else:
        without_effect |= {"levels"}
    if settings.start != "point":
        without_effect |= {"start_point"}
    defaults = RunSettings()
    return {
        name: value
        for name, value in found.items()
        if name not in without_effect and value is not None and (name in ALWAYS or value != getattr(defaults, name))
    }


def _refuse_own_code(settings: RunSettings) -> None:
    if CODE in settings.network:
        raise ValueError(
            "This run was made with a denoiser of your own code, which is not copied; open it in a script with "
            "geomodel.denoisers.own.load_own, and give it to gm.runs.compute."
        )


# ---------------------------------------------------------------- Python


def _opening(title: str, settings: RunSettings, network: NetworkIdentity | None, computed: Computed) -> list[str]:
    """The lines that import, state the settings, and open data and network."""
    _refuse_own_code(settings)
    stated = {name: _literal(value) for name, value in _stated(settings).items()}
    bundled = _bundled(settings.network)
    if bundled:
        stated["network"] = bundled
    lines = [
        f"# {title}. Computed by Geomodel {__version__}; another version, of it or of torch, may change the last bits.",
        *(["import torch", ""] if computed.threads else []),
        "import geomodel as gm",
        *(["import resources"] if bundled else []),
        "",
    ]
    if computed.threads:
        lines.append(f"torch.set_num_threads({computed.threads})  # another number may change the last bits")
    lines.append(_call("settings = gm.settings.RunSettings", stated))
    lines.append(LOAD_DATA if settings.data else "data = None")
    if settings.network:
        opened = {"device": _literal(computed.device)} if computed.device != "cpu" else {}
        if network is not None and network.hints:
            opened["hints"] = _literal(nested(network.hints))
        lines.append(_call("network = gm.load_checkpoint", opened, "settings.network"))
    else:
        lines.append("network = None")
    if settings.network and computed.piece:
        lines.append(f"network.piece = {computed.piece}  # samples at once")
    return lines


def _bundled(path: str) -> str:
    """The code that finds a checkpoint of this program, wherever it is installed; empty for another file."""
    folder = resources.path()
    if not path or not Path(path).is_relative_to(folder):
        return ""
    parts = ", ".join(map(_literal, Path(path).relative_to(folder).parts))
    return f"str(resources.path({parts}))"


def _call(begin: str, keywords: dict[str, str], first: str = "") -> str:
    """A call, in one line where it is short."""
    arguments = [*([first] if first else []), *(f"{name}={value}" for name, value in keywords.items())]
    line = f"{begin}({', '.join(arguments)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    return "\n".join((f"{begin}(", *(f"    {argument}," for argument in arguments), ")"))


def _literal(value: Any) -> str:
    """A value as Python reads it. Long lists take several lines."""
    match value:
        case float() if math.isinf(value):
            return 'float("inf")' if value > 0 else '-float("inf")'
        case float():
            return repr(float(value))  # without the type's name of NumPy
        case dict():
            return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
        case tuple():
            return _tuple([_literal(item) for item in value])
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


# ---------------------------------------------------------------- a shell


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

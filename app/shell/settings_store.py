"""Keeps what the window remembers between sessions: one frozen value in a JSON file."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import platformdirs
from msgspec import Meta

from app.engine.messages import Machine
from app.session.plane_options import Frame, LayerLook, Tool
from app.shell.log_level import LogLevel
from geomodel.checkpoints.plan import Answer
from geomodel.files import replacing, write_error
from geomodel.memory import QUARTER
from geomodel.origin import MOST_THREADS

log = logging.getLogger(__name__)

MAX_RECENT = 12
MAX_ANSWERED = 200  # checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLayers:
    """What a person changed of the plane's layers, by their names."""

    shown: dict[str, bool] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    looks: dict[str, LayerLook] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLook:
    """How the plane was looked at."""

    frame: Frame = "sigma"
    tool: Tool = "select"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """What is remembered. Fields of a later version are ignored; any other content that does not fit is refused."""

    schema_version: Literal[1] = 1
    theme: Literal["system", "light", "dark"] = "system"
    greeted: bool = False  # the card for the first start was used or put away
    recent_files: tuple[str, ...] = ()  # newest first
    recent_networks: tuple[str, ...] = ()  # those of them that were opened as checkpoints
    directories: dict[str, str] = field(default_factory=dict)  # purpose → the last directory
    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)  # SHA-256 of a checkpoint → what it lacks
    speed: Annotated[float, Meta(gt=0, le=100)] = 1.0
    loop: bool = True
    measures: tuple[str, ...] | None = None  # visible measures; None means the usual ones
    advanced: bool = False  # the fold of the sampler panel is open
    strip_large: bool = False  # large images that scroll, instead of all levels at once
    layers: KeptLayers = KeptLayers()
    layout_version: int = 0  # version of `layouts`; those of another version are not restored
    geometry: str = ""  # the window's place, base64
    layouts: dict[str, str] = field(default_factory=dict)  # workspace → its docks, base64
    workspace: str = ""  # the workspace at closing
    autosave: bool = True  # keep the session in this folder while it changes
    ask_at_closing: bool = False  # about runs that no file holds
    font_scale: Annotated[float, Meta(ge=0.5, le=3)] = 1.0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: Annotated[int, Meta(ge=0, le=MOST_THREADS)] = 0  # 0: as many as suit the computer
    memory_share: Annotated[float, Meta(ge=0.05, le=0.9)] = QUARTER  # of the memory, for one run
    folder: str = ""  # where dialogs begin to save; empty: where a file was saved last
    log_level: LogLevel = "info"
    sampler: dict[str, Any] = field(default_factory=dict)  # solver, schedule and their like of the last draft
    look: KeptLook = KeptLook()


def home() -> Path:
    """The folder of settings, logs and layouts: GEOMODEL_HOME, or the system's usual place."""
    chosen = os.environ.get("GEOMODEL_HOME")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("geomodel", appauthor=False)


class SettingsStore:
    """The settings in memory, and their file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "settings.json"
        self._mark = self.path.with_name("open")
        self._unwritten = False
        self.settings = self._read()

    def change(self, **fields: Any) -> AppSettings:
        """Replace fields and write the file. If it cannot be written, the change lasts for this session."""
        changed = replace(self.settings, **fields)
        if changed != self.settings:
            self.settings = changed
            self.save()
        return self.settings

    def save(self) -> None:
        """Write the file. The first failure writes one line to the log."""
        try:
            self._write()
            self._unwritten = False
        except OSError as error:
            if not self._unwritten:
                log.warning("The settings are not kept: %s", write_error(self.path, error))
            self._unwritten = True

    @property
    def machine(self) -> Machine:
        """What a new engine computes with."""
        settings, pieces = self.settings, str(self.path.with_name("pieces.json"))
        return Machine(device=settings.device, precision=settings.precision, threads=settings.threads, pieces=pieces)

    def mark_open(self) -> bool:
        """Leave a mark while the window is open. Returns True if there was one, because the last window crashed."""
        crashed = os.path.exists(self._mark)
        with contextlib.suppress(OSError):  # if nothing can be written, no layout is read either
            self._mark.parent.mkdir(parents=True, exist_ok=True)
            self._mark.touch()
        return crashed

    def mark_closed(self) -> None:
        """Remove the mark, because the window closes in good order."""
        with contextlib.suppress(OSError):
            self._mark.unlink(missing_ok=True)

    def remember_file(self, path: str | Path, *, is_network: bool = False) -> AppSettings:
        """Put a file or folder at the head of the recent ones."""
        text = str(path)
        files = (text, *(item for item in self.settings.recent_files if item != text))[:MAX_RECENT]
        known = {*self.settings.recent_networks} - {text} | ({text} if is_network else set())
        return self.change(recent_files=files, recent_networks=tuple(item for item in files if item in known))

    def answers_of(self, sha256: str) -> dict[str, Answer]:
        """What a person answered about a checkpoint; nothing if it was never asked about."""
        return self.settings.answers.get(sha256, {})

    def remember_answers(self, sha256: str, answers: Mapping[str, Answer]) -> AppSettings:
        """Keep what a person answered about a checkpoint. The oldest answers are dropped when there are many."""
        others = {key: kept for key, kept in self.settings.answers.items() if key != sha256}
        newest = [*others.items(), (sha256, dict(answers))][-MAX_ANSWERED:]
        return self.change(answers=dict(newest))

    def _read(self) -> AppSettings:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=AppSettings)
        except (FileNotFoundError, NotADirectoryError):
            return AppSettings()
        except OSError as error:
            log.warning("The settings in %s could not be read: %s. Defaults are used.", self.path, error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            aside = self.path.with_suffix(".bad")
            log.warning("The settings in %s do not fit: %s. Set aside as %s.", self.path, error, aside.name)
            self._set_aside(aside)
        return AppSettings()

    def _set_aside(self, aside: Path) -> None:
        try:
            self.path.replace(aside)
        except OSError as error:
            log.warning("%s could not be set aside: %s.", self.path, error)

    def _write(self) -> None:
        """Replace the file as a whole. Only its owner may read it, because it names the files that were opened."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as file:
            Path(file.name).chmod(0o600)
            file.write(msgspec.json.format(msgspec.json.encode(self.settings), indent=2) + b"\n")

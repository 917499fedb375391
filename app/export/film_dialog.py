"""The dialog for a film: which view, as which kind of file, how large and how fast, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.export import film_files, formats
from app.export.figure import SOFTWARE
from app.export.film_files import Film
from app.export.filming import Filming, Writing
from app.export.stage import Shot, Stage
from app.session.player import Player
from app.shell import file_dialogs as files
from app.shell.settings_store import SettingsStore
from app.widgets.explanation import Explanation
from app.widgets.form import Choice, ChoiceField, Field, align, commit_all, explain
from app.widgets.number_field import FloatField, IntField
from app.widgets.progress_bar import ProgressBar
from geomodel.settings import Limits

KINDS = (
    Choice("mp4", "MP4", "Small, and every player shows it. How often it is repeated is up to the player."),
    Choice("gif", "GIF", "Plays by itself wherever pictures are shown, in 256 colours a frame."),
    Choice("apng", "Animated PNG", "Plays by itself in browsers, in all colours; the largest of the three."),
)
SIZES = (
    Choice((1920, 1080), "1080p, 1920 × 1080"),
    Choice((1280, 720), "720p, 1280 × 720"),
    Choice((1080, 1080), "Square, 1080 × 1080"),
    Choice((640, 360), "Small, 640 × 360"),
)
CANCELLED = "The film was cancelled, and no file was written."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What can be filmed now: the rooms, their levels, and the recipe that the file carries."""

    shots: Sequence[Shot]
    levels: Sequence[int]
    recipe: str
    message: str = ""  # why there is nothing to film


class SaveFilm(QDialog):
    """The kind, size and pace of a film. While it is made the dialog shows how far it is, and the window stays free."""

    def __init__(
        self,
        parent: QWidget,
        views: Mapping[str, str],
        current: str,
        scene: Callable[[str], Scene],
        player: Player,
        done: Callable[[str], None],
        store: SettingsStore,
    ) -> None:
        """`views` has a title for each name that `scene` takes, which is asked when the film begins."""
        super().__init__(parent)
        self.setWindowTitle("Save film")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._scene, self._player, self._done, self._store = scene, player, done, store
        self.filming: Filming | None = None
        choices = [Choice(name, title) for name, title in views.items()]
        self._view = ChoiceField("view", Limits("View", "What the film shows.", None, None), choices)
        self._kind = ChoiceField("kind", Limits("File", "The kind of file.", None, None), KINDS)
        self._size = ChoiceField("size", Limits("Size", "Pixels of a frame.", None, None), SIZES)
        self._rate = FloatField("rate", Limits("Pace", "Noise levels in a second.", 0.2, 30), step=1.0, unit="/s")
        self._hold = FloatField(
            "hold", Limits("Hold", "How much longer the last level stays.", 0, 60), step=0.5, unit="s"
        )
        self._repeats = IntField("repeats", Limits("Plays", "How often it is played; 0 is without end.", 0, 1000))
        self._result = Explanation(2)
        self._progress = ProgressBar(textVisible=False)
        self._progress.setAccessibleName("Frames that are drawn")
        self._fields: tuple[Field, ...] = (
            self._view,
            self._kind,
            self._size,
            self._rate,
            self._hold,
            self._repeats,
        )
        usual = "mp4" if film_files.installed() else "gif"
        for field, value in zip(self._fields, (current, usual, SIZES[0].value, 5.0, 1.5, 0), strict=True):
            field.set_value(value)
        self._arrange()
        self._describe()

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        for item in self._fields:
            item.edited.connect(self._describe)
            layout.addWidget(item)
        align(self._fields)
        explain(self._fields, self._result)
        layout.addWidget(self._result)
        layout.addWidget(self._progress)
        layout.addStretch(1)
        kinds = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(kinds.Save | kinds.Cancel)
        self._buttons.button(kinds.Save).setText("Save…")
        self._buttons.accepted.connect(self._ask)
        self._buttons.rejected.connect(self.reject)
        layout.addWidget(self._buttons)
        self.setMinimumWidth(360)

    def _describe(self, *_: Any) -> None:
        """Say what the kind of file is good for, or what it needs."""
        self._repeats.setEnabled(self._kind.value != "mp4")
        chosen = next(choice for choice in KINDS if choice.value == self._kind.value)
        lacking = chosen.value == "mp4" and not film_files.installed()
        self._result.set_error("file", film_files.MISSING if lacking else "")
        self._result.say(chosen.help)

    def reject(self) -> None:
        """Cancel the film, or close."""
        if self.filming is not None:
            self.filming.cancel()
            self._result.say(CANCELLED)
        else:
            super().reject()

    def stop(self) -> None:
        """Leave no thread behind, because the window closes."""
        if self.filming is not None:
            self.filming.cancel()

    # ------------------------------------------------------------ the film

    def _ask(self) -> None:
        if not commit_all((self._rate, self._hold, self._repeats)) or any(item.error for item in self._fields):
            return
        if self._kind.value == "mp4" and not film_files.installed():
            return
        files.ask_save(self, self._kind.value, self._view.value, self._begin, store=self._store, say=self._say)

    def _say(self, text: str, is_error: bool = False, cause: str = "") -> None:
        self._result.set_error("file", text if is_error else "")

    def _begin(self, path: str) -> None:
        scene, size = self._scene(self._view.value), self._size.value
        too_large = film_files.too_large(size, len(scene.levels)) if self._kind.value != "mp4" else ""
        if message := scene.message or too_large:
            self._result.set_error("file", message)
            return
        self._result.set_error("file", "")
        writing = Writing(formats.row(self._kind.value), path, len(scene.levels))
        writing.film = Film(
            frames=writing.frames(),
            size=size,
            count=len(scene.levels),
            rate=self._rate.value,
            hold=self._hold.value,
            repeats=self._repeats.value,
            recipe=scene.recipe,
            software=SOFTWARE,
            between=writing.check,
        )
        self.filming = Filming(Stage(scene.shots, size), scene.levels, self._player, writing, self)
        self.filming.progressed.connect(self._progressed)
        self.filming.ended.connect(lambda message: self._ended(path, message, writing.written))
        self._progress.show_progress(0, len(scene.levels))
        self._show_filming(True)
        self.filming.begin()

    def _progressed(self, frames: int) -> None:
        self._progress.show_progress(frames, self._progress.maximum())
        drawn = f"Frame {frames:,} of {self._progress.maximum():,}"
        self._result.say(drawn if frames < self._progress.maximum() else f"{drawn}. The file is being written.")

    def _ended(self, path: str, message: str, written: bool) -> None:
        self.filming = None
        self._show_filming(False)
        self._progress.reset()
        self._result.set_error("file", message)
        if written:
            self._done(str(Path(path)))
            self.close()

    def _show_filming(self, filming: bool) -> None:
        for item in self._fields:
            item.setEnabled(not filming)
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not filming)
        if filming:
            self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setFocus()
        else:
            self._describe()

"""The dialog for a picture: which view, as which kind of file, how large on paper, and where to save it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPaintEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QVBoxLayout, QWidget

from app.export import figure
from app.export.paper import MM_PER_INCH
from app.export.style import Part, Style, parts
from app.shell import file_dialogs as files
from app.shell.file_thread import FileThread
from app.shell.settings_store import SettingsStore
from app.shell.turns import Turns
from app.widgets.explanation import Explanation
from app.widgets.form import BoolField, Choice, ChoiceField, Field, align, commit_all, explain
from app.widgets.number_field import FloatField, IntField, number_text
from geomodel.settings import Limits

Size = tuple[float, float | None]  # width and height in mm; without a height the view keeps its proportions
SLIDE: Size = (254.0, 143.0)
CUSTOM: Size = (0.0, None)
PRESETS = (
    Choice((85.0, None), "One column, 85 mm"),
    Choice((114.0, None), "One and a half columns, 114 mm"),
    Choice((174.0, None), "Two columns, 174 mm"),
    Choice(SLIDE, "Slide 16:9, 254 × 143 mm"),
    Choice(CUSTOM, "Other"),
)
KINDS = (
    Choice("png", "PNG", "Pixels, which every program reads."),
    Choice("svg", "SVG", "Lines and text stay sharp at any size and can be edited."),
    Choice("pdf", "PDF", "Lines and text stay sharp at any size, as LaTeX needs them."),
)
PARTS: tuple[tuple[Part, str, str], ...] = (
    ("title", "Title", "The heading over the drawing."),
    ("legend", "Legend", "What the lines and symbols stand for."),
    ("numbers", "Numbers", "The values at the playhead, beside titles and drawing."),
)
DPI = 300
SIDES = (10, 1000)  # millimetres, the least and the most
LEAST_WIDTH = 288  # pixels of the fields
WRITE_S = 10.0  # the longest that a dialog that closes waits for its file
PREVIEW_MS = 120  # after the last change, so that typing is not waited for


class Preview(QWidget):
    """The figure as it will be, on squares where it is transparent."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self.setMinimumSize(320, 320)
        self.setAccessibleName("Preview")

    def room(self) -> QSize:
        """How large a picture may be."""
        return self.size() - QSize(2, 2)

    def show_image(self, image: QImage) -> None:
        """Show a picture."""
        self._image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        place = QRectF(QPointF(0, 0), self._image.deviceIndependentSize())
        place.moveCenter(QRectF(self.rect()).center())
        with QPainter(self) as painter:
            painter.fillRect(place, QColor("white"))
            painter.fillRect(place, QBrush(QColor(0, 0, 0, 40), Qt.BrushStyle.Dense6Pattern))
            painter.drawImage(place.topLeft(), self._image)
            painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
            painter.drawRect(place)


def save_picture(
    parent: QWidget,
    views: Mapping[str, QWidget],
    recipe: Callable[[str], Mapping[str, Any]],
    done: Callable[[str], None],
    *,
    store: SettingsStore,
    current: str = "",
    own: Sequence[Field] = (),
) -> SavePicture:
    """Open the dialog, which does not block. `done` gets the path of the picture when it is written. `own` are fields
    that decide what a view shows; their owner displays it before the dialog draws it again.

    `recipe` is called with the view when the picture is made, because the run may have changed in the meantime.
    """
    dialog = SavePicture(parent, views, recipe, done, store, current or next(iter(views)), own)
    dialog.show()
    return dialog


class SavePicture(QDialog):
    """The kind and size of a picture. It shows problems and stays open."""

    def __init__(
        self,
        parent: QWidget,
        views: Mapping[str, QWidget],
        recipe: Callable[[str], Mapping[str, Any]],
        done: Callable[[str], None],
        store: SettingsStore,
        current: str,
        own: Sequence[Field],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._views, self._recipe, self._done, self._store = views, recipe, done, store
        self._own = own
        self._shapes = {"view", *(field.name for field in own)}  # what decides the proportions
        self._view = ChoiceField("view", Limits("View", "The view that the picture shows.", None, None), _titles(views))
        self._kind = ChoiceField("kind", Limits("File", "The kind of file.", None, None), KINDS)
        self._fits = ChoiceField("fits", Limits("Fits", "Usual sizes in a paper and a talk.", None, None), PRESETS)
        self._width = FloatField("width", Limits("Width", "Width on paper.", *SIDES), step=5.0, unit="mm")
        self._height = FloatField("height", Limits("Height", "Height on paper.", *SIDES), step=5.0, unit="mm")
        self._points = FloatField(
            "points", Limits("Text", "Size of the text; lines and symbols follow it.", 4, 30), step=0.5, unit="pt"
        )
        self._dpi = IntField("dpi", Limits("Resolution", "Pixels in an inch; 300 suits print.", 96, 1200), unit="dpi")
        self._ground = BoolField(
            "ground", Limits("Transparent ground", "Leave out what lies behind the drawing.", None, None)
        )
        self._parts = {name: BoolField(name, Limits(title, tip, None, None)) for name, title, tip in PARTS}
        self._result, self._preview = Explanation(2), Preview()
        self._previews, self._saving, self._disk = Turns(self), Turns(self), FileThread(self)
        self.finished.connect(self._stop)
        self._later = QTimer(self, singleShot=True, interval=PREVIEW_MS)
        self._later.timeout.connect(self._show_preview)
        for part in self._parts.values():
            part.set_value(True)
        self._ground.set_value(False)
        self._arrange()
        self._view.set_value(current)
        self._kind.set_value(KINDS[0].value)
        self._points.set_value(figure.text_points())
        self._dpi.set_value(DPI)
        self._set_size(*PRESETS[0].value)

    def _arrange(self) -> None:
        fields: tuple[Field, ...] = (
            *([self._view] if len(self._views) > 1 else []),
            *self._own,
            self._kind,
            self._fits,
            self._width,
            self._height,
            self._points,
            self._dpi,
            self._ground,
            *self._parts.values(),
        )
        both = QHBoxLayout(self)
        both.setContentsMargins(16, 16, 16, 16)
        both.setSpacing(16)
        layout = QVBoxLayout()
        layout.setSpacing(8)
        self._kind.setMinimumWidth(LEAST_WIDTH)
        both.addLayout(layout)
        both.addWidget(self._preview, 1)
        for item in fields:
            item.edited.connect(self._edited)
            layout.addWidget(item)
        align(fields)
        explain(fields, self._result)
        layout.addWidget(self._result)
        layout.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self._save_button = buttons.button(QDialogButtonBox.StandardButton.Save)
        self._save_button.setText("Save…")
        buttons.accepted.connect(self._ask)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._later.start()

    def _edited(self, name: str, value: Any) -> None:
        if name == "fits" and value != CUSTOM:
            self._set_size(*value)
        elif name == "width" or (name in self._shapes and self._fits.value != SLIDE):
            self._set_size(self._width.value, None)
        else:
            self._describe()

    def _set_size(self, width: float, height: float | None) -> None:
        """Set a size. Without a height the view keeps its proportions, as far as the limits allow."""
        view, (least, most) = self._views[self._view.value], SIDES
        self._width.set_value(width)
        proportional = round(width * view.height() / max(1, view.width()))
        self._height.set_value(height or float(min(max(proportional, least), most)))
        self._describe()

    def _describe(self) -> None:
        """Say what the file will be, and name the preset that the size fits."""
        fits = SLIDE if self._size() == SLIDE else (self._width.value, None)
        self._fits.set_value(fits if fits in [choice.value for choice in PRESETS] else CUSTOM)
        made_of_pixels = self._kind.value == "png"
        self._dpi.setEnabled(made_of_pixels)
        across, down = figure.pixels(self._size(), self._dpi.value)
        there = parts(self._views[self._view.value])
        for name, field in self._parts.items():
            field.setEnabled(name in there)
        self._later.start()
        chosen = next(choice for choice in KINDS if choice.value == self._kind.value)
        self._result.say(f"{across:,} × {down:,} pixels" if made_of_pixels else chosen.help)

    def _show_preview(self) -> None:
        """Draw the figure small, in the layout that it will have."""
        if any(item.error for item in self._typed):
            return  # the field says what is wrong
        wanted = self._size()
        room = self._preview.room()
        dpi = min(room.width() / wanted[0], room.height() / wanted[1]) * MM_PER_INCH * self.devicePixelRatioF()
        self._previews.release()  # an earlier one
        self._previews.carry_out(figure.rendered(self._figure(dpi)), self._previewed, self._fail)

    def _previewed(self, image: QImage) -> None:
        image.setDevicePixelRatio(self.devicePixelRatioF())
        self._preview.show_image(image)

    def _figure(self, dpi: float, recipe: Mapping[str, Any] | None = None) -> figure.Figure:
        """What the fields say."""
        return figure.Figure(
            view=self._views[self._view.value],
            size_mm=self._size(),
            dpi=dpi,
            recipe=recipe,
            points=self._points.value,
            style=self._style(),
        )

    def _style(self) -> Style:
        without = frozenset(name for name, field in self._parts.items() if not field.value)
        return Style(transparent=self._ground.value, without=without)

    def _size(self) -> tuple[float, float]:
        return self._width.value, self._height.value

    @property
    def _typed(self) -> tuple[Field, ...]:
        return (*self._own, self._width, self._height, self._points, self._dpi)

    def _ask(self) -> None:
        if not commit_all(self._typed) or any(item.error for item in self._typed):
            return
        name = f"{self._view.value.lower()}-{number_text(self._width.value)}mm"
        files.ask_save(self, self._kind.value, name, self._save, store=self._store, say=self._say)

    def _say(self, text: str, is_error: bool = False, cause: str = "") -> None:
        self._result.set_error("file", text if is_error else "")

    def _save(self, path: str) -> None:
        """Draw in turns, write on a thread, and close."""
        self._result.set_error("file", "")
        self._save_button.setEnabled(False)
        self._result.say("The picture is drawn and written…")
        picture = self._figure(self._dpi.value, self._recipe(self._view.value))
        steps = figure.STEPS[self._kind.value](picture, path)
        self._saving.carry_out(steps, partial(self._write, path), self._fail)

    def _write(self, path: str, write: figure.Writing) -> None:
        self._disk.submit(write, lambda _: self._written(path), self._fail)

    def _written(self, path: str) -> None:
        self._done(str(Path(path)))
        self.close()

    def _fail(self, error: Exception) -> None:
        self._save_button.setEnabled(True)
        self._describe()
        self._result.set_error("file", str(error))

    def _stop(self) -> None:
        """Draw no more. A file that is being written is written to its end."""
        self._later.stop()
        self._previews.release()
        self._saving.release()
        self._disk.finish(WRITE_S)


def _titles(views: Mapping[str, QWidget]) -> list[Choice]:
    return [Choice(title, title) for title in views]

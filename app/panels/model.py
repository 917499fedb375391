"""The model panel: a network, reference data, and which of them drives the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QGridLayout, QToolButton, QVBoxLayout, QWidget

from app.panels.card import CardPicture, NetworkCard
from app.panels.card_text import Line
from app.panels.driver_options import DriverOptions
from app.plotting.theme import Theme, palette
from app.widgets.explanation import Explanation
from app.widgets.form import ActionButton, BoolField, Choice, ChoiceField, Field, align, commit_all, explain
from app.widgets.number_field import FloatField, IntField
from app.widgets.text import tooltip
from app.widgets.text_field import TextField
from geomodel import datasets
from geomodel.compared import NAMES
from geomodel.run_checks import TITLES
from geomodel.settings import RunSettings, limits
from geomodel.theories import THEORIES

Slot = Literal["network", "data", "driver"]

_THEORIES = [Choice(row.name, row.title, row.help) for row in THEORIES]
DRIVERS = (
    _THEORIES[0],
    Choice("mixture", TITLES["mixture"], "The denoiser of the Gaussian mixture that the points were drawn from."),
    *_THEORIES[1:],
    Choice("network", TITLES["network"], "Dθ, the denoiser that a checkpoint holds."),
    Choice("blend", TITLES["blend"], "a Dθ + (1 − a) D*."),
)
COMPARED = tuple(row for row in DRIVERS if row.value in NAMES)
NO_CLASS = Choice(-1, "any", "D* runs over the data of all classes.")


class ModelPanel(QWidget):
    """Three slots. `edited` has the changed fields of the settings, `file_dropped` the path of a dropped file."""

    edited = Signal(object)
    file_dropped = Signal(str)

    def __init__(self, theme: Theme, *actions: QAction, parent: QWidget | None = None) -> None:
        """`actions` open files; each has a button."""
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._dragging = False
        self._networks: Sequence[Line] = ()
        self._sets: Sequence[Line] = ()
        self._classes = 0
        self._has_data = False
        self._network = ChoiceField("network", limits("network"))
        self._data = ChoiceField("data", limits("data"))
        self._columns = TextField("data_columns", limits("data_columns"))
        self._width = FloatField("drawing_width", limits("drawing_width"), step=0.05)
        self._driver = ChoiceField("driver", limits("driver"), DRIVERS)
        self._count = IntField("data_count", limits("data_count"))
        self._seed = IntField("data_seed", limits("data_seed"))
        self._blend = FloatField("blend", limits("blend"), step=0.05)
        self._label = ChoiceField("label", limits("label"), (NO_CLASS,))
        self._guidance = FloatField("guidance", limits("guidance"), step=0.5)
        self._beside = BoolField("beside", limits("beside"))
        self._compared = ChoiceField("compared_with", limits("compared_with"), COMPARED)
        self._own = (self._blend, self._label, self._guidance, self._compared, self._beside)
        about_data = (self._data, self._width, self._count, self._seed, self._columns)
        fields = (self._network, *about_data, self._driver, *self._own)
        self.fields: dict[str, Field] = {item.name: item for item in fields}
        self._places: dict[Slot, Explanation] = {
            "network": Explanation(),
            "data": Explanation(2),
            "driver": Explanation(),
        }
        self.options = DriverOptions(self._places["driver"])
        self.options.rebuilt.connect(self._align)
        self.card = NetworkCard()
        self._fold = QToolButton(autoRaise=True)
        self._fold.setCheckable(True)
        self._fold.setText("Card")
        self._fold.setAccessibleName("Card of the network")
        self._fold.setToolTip(tooltip("Card", "What the checkpoint says of itself, and whether it denoises the data."))
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.toggled.connect(self._show_card)
        self._arrange(actions)
        self.set_network_card(None)
        for item in fields:
            item.edited.connect(self._edited)
        self._align()
        self.set_theme(theme)
        self.set_settings(RunSettings())
        self.set_columns(None)

    # ------------------------------------------------------------ what the window says

    def set_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.setPalette(palette(theme))

    def set_choices(self, networks: Sequence[Line], data: Sequence[Line]) -> None:
        """Set the lines of the two lists, as (value, title); "" means none."""
        self._networks, self._sets = networks, data
        self._offer()

    def set_settings(self, settings: RunSettings) -> None:
        """Show settings and emit nothing."""
        for name, item in self.fields.items():
            item.set_value(getattr(settings, name))
        self.options.set_settings(settings)
        self._offer()

    def set_errors(self, errors: Mapping[str, str]) -> None:
        """Show each field's sentence in its slot. A field that is not in the mapping has none."""
        for name, item in self.fields.items():
            item.set_error(errors.get(name, ""))
        self.options.set_errors(errors)

    def set_message(self, slot: Slot, text: str, is_error: bool = False) -> None:
        """Show what is in a slot, or why it is empty."""
        self._places[slot].set_error(slot, text if is_error else "")
        if not is_error:
            self._places[slot].say(text)

    def set_card(self, slot: Slot, rows: Sequence[Line]) -> None:
        """Set the tooltip of a slot, with everything known about what is in it, as (name, value) lines."""
        lines = "".join(f"<tr><td>{name}&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>" for name, value in rows)
        self._places[slot].usual.setToolTip(f"<table>{lines}</table>" if rows else "")

    def set_network_card(self, picture: CardPicture | None) -> None:
        """Set the card of the network slot; None: there is nothing in it."""
        self.set_card("network", picture.rows if picture is not None else ())
        self.card.show_picture(picture or CardPicture())
        self._fold.setVisible(picture is not None)
        self._show_card()

    def unfold_card(self) -> None:
        """Show the card of the network."""
        self._fold.setChecked(True)

    def toggle_card(self) -> None:
        """Show the card and give it the focus, or fold it."""
        self._fold.toggle()
        if self._fold.isChecked():
            self.card.facts.setFocus(Qt.FocusReason.TabFocusReason)

    def _show_card(self) -> None:
        unfolded = self._fold.isChecked()
        self._fold.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.card.setVisible(unfolded and not self._fold.isHidden())

    def set_classes(self, names: Sequence[str]) -> None:
        """Set the classes that can be chosen, in the order of their numbers. With none, the field is hidden."""
        self._classes = len(names)
        self._label.set_choices([NO_CLASS, *(Choice(at, name, f"class {at}") for at, name in enumerate(names))])
        self._offer()

    def set_columns(self, taken: str | None) -> None:
        """Set what stands in the empty field: which columns of a table were taken, or what to type. With None the field
        is hidden, because the data are no table.
        """
        self._columns.setVisible(taken is not None)
        self._columns.set_placeholder(taken or "")

    def set_refusals(self, refusals: Mapping[str, str]) -> None:
        """Set why drivers cannot be chosen; an empty reason: this one can."""
        self._has_data = not refusals.get("optimal", not self._has_data)
        for driver, reason in refusals.items():
            self._driver.set_available(driver, not reason, reason)
            if driver in NAMES:
                self._compared.set_available(driver, not reason, reason)
        self._offer()

    def commit(self) -> bool:
        """Take over typed text. Returns False if some of it is no value, which its field then explains."""
        typed = (self._width, self._count, self._seed, self._columns, self._blend, self._guidance)
        return commit_all(item for item in typed if not item.isHidden()) and self.options.commit()

    # ------------------------------------------------------------ inside

    def _arrange(self, actions: Sequence[QAction]) -> None:
        body = QVBoxLayout(self)
        body.setContentsMargins(8, 8, 8, 8)
        body.setSpacing(4)
        rows: tuple[tuple[Slot, tuple[Field, ...]], ...] = (
            ("network", (self._network,)),
            ("data", (self._data, self._width, self._count, self._seed, self._columns)),
            ("driver", (self._driver, *self._own)),
        )
        for slot, fields in rows:
            body.addWidget(fields[0])
            body.addWidget(self._places[slot])
            explain(fields, self._places[slot])
            if slot == "network":
                body.addWidget(self._fold)
                body.addWidget(self.card)
            if slot == "driver":
                body.addWidget(self.options)
            for item in fields[1:]:
                body.addWidget(item)
            body.addSpacing(4)
        buttons = QGridLayout()
        buttons.setHorizontalSpacing(8)
        buttons.setVerticalSpacing(4)
        for at, action in enumerate(actions):
            buttons.addWidget(ActionButton(action, key=False), *divmod(at, 2))
        buttons.setColumnStretch(2, 1)
        body.addLayout(buttons)

    def _align(self) -> None:
        align((*self.fields.values(), *self.options.fields.values()))

    @property
    def places(self) -> tuple[Explanation, ...]:
        """Where the slots are explained."""
        return tuple(self._places.values())

    def _offer(self) -> None:
        """Fill the two lists. What the settings name is always among the lines."""
        self._network.set_choices(_lines(self._networks, self._network.value))
        self._data.set_choices(_lines(self._sets, self._data.value))
        drawn = self._data.value == datasets.DRAWING
        generated = self._data.value in datasets.names() and datasets.row(self._data.value).kind == "toy"
        for item in (self._count, self._seed):
            item.setVisible(generated or drawn)
        self._width.setVisible(drawn)
        self._blend.setVisible(self._driver.value == "blend")
        self._label.setVisible(self._classes > 0 or self._label.value != -1)
        self._guidance.setVisible(self._label.value != -1)
        compared, compares = self._compared.value, self._driver.value != self._compared.value
        self._compared.setVisible(self._has_data and (compares or compared != "optimal"))
        self._beside.setVisible(self._has_data and compares)

    def _edited(self, name: str, value: Any) -> None:
        self._offer()
        self.edited.emit({name: value})

    # ------------------------------------------------------------ dropped files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._show_dragging(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_dragging(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_dragging(False)
        event.acceptProposedAction()
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.file_dropped.emit(url.toLocalFile())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._dragging:
            painter = QPainter(self)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
            painter.end()

    def _show_dragging(self, dragging: bool) -> None:
        self._dragging = dragging
        self.update()


def _lines(offered: Sequence[Line], current: str) -> list[Choice]:
    lines = [*offered]
    if current not in (value for value, _ in offered):
        lines.append((current, datasets.title(current) or "none"))
    return [Choice(value, title, _about(value)) for value, title in lines]


def _about(value: str) -> str:
    return datasets.row(value).description if value in datasets.names() else value

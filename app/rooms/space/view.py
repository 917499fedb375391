"""The view of Space: the drawing, its controls, and the numbers of the common shape."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget
from superqt import QElidingLabel

from app.plotting.legend import Legend
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.contract import View
from app.rooms.space.bar import SpaceBar
from app.rooms.space.camera import Camera
from app.rooms.space.canvas import SpaceCanvas
from app.rooms.space.numbers import COUNT
from app.rooms.space.pictures import SpacePicture
from app.rooms.space.table import Numbers
from app.rooms.space.text import describe, legend, notes_of
from app.widgets.text import PlainLabel, tooltip

WIDE = 1100  # pixels of width from which the numbers stand beside the drawing
BESIDE = 460  # pixels that they take there
LEGEND_ROWS = 2
NOTE_LINES = 3
MOST = 16_777_215  # pixels of a widget; Qt's own limit
TURN, STEP = 5.0, 1.2  # degrees of an arrow key, zoom of + and −
Key = Qt.Key
TURNS = {Key.Key_Left: (-TURN, 0.0), Key.Key_Right: (TURN, 0.0), Key.Key_Up: (0.0, -TURN), Key.Key_Down: (0.0, TURN)}
ZOOMS = {Key.Key_Plus: STEP, Key.Key_Equal: STEP, Key.Key_Minus: 1 / STEP}
HELP = (
    "Drag or arrow keys: turn. Wheel, + and −: zoom. Double click or 0: as at first. Click: select a sample. "
    "The playhead moves by Home, End, Space, comma and full stop."
)


class SpaceView(View):
    """Shows a `SpacePicture`."""

    sample_picked = Signal(int)
    colouring_chosen = Signal(str)
    turns_chosen = Signal(str)
    control_toggled = Signal(str, bool)
    pinned_toggled = Signal(bool)
    offer_taken = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self._picture = SpacePicture()
        self._theme, self._print = theme, print_mode
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if print_mode else Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Space")
        self.canvas = SpaceCanvas(theme, print_mode=print_mode)
        self.bar, self.numbers = SpaceBar(), Numbers(COUNT)
        self._title, self._caption = QElidingLabel(), QElidingLabel()
        self._legend = Legend(theme, print_mode=print_mode)
        self._notes = PlainLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._offer = QPushButton(autoDefault=False)
        self._page, self._empty = QWidget(), QWidget()
        self._lay_out()
        self._connect()
        self.set_theme(theme)
        self.display(self._picture)

    def _lay_out(self) -> None:
        self._title.setFont(tabular(self.font(), 1.1, bold=True))
        for label in (self._title, self._caption):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setElideMode(Qt.TextElideMode.ElideRight)
        for small in (self._caption, self._notes):
            small.setFont(tabular(self.font(), 0.92))
            small.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._message.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._notes.setAccessibleName("What is undefined, and what the controls are made of")
        shared = QWidget()  # of fixed height, so that entries that come and go move nothing
        around = QVBoxLayout(shared)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._legend)
        if not self._print:
            shared.setFixedHeight(self._legend.rows_height(LEGEND_ROWS))
        if self._print:
            self.bar.hide()  # and not shown otherwise: until it has a parent, it would be a window of its own
        beside = QVBoxLayout()
        beside.setSpacing(8)
        beside.addWidget(self.numbers)
        beside.addWidget(self._notes)
        beside.addStretch()
        inside = QWidget()
        inside.setLayout(beside)
        beside.setContentsMargins(16, 4, 12, 8)
        self._beside = self._scrolled(inside) if not self._print else inside
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(0)
        self._body.addWidget(self.canvas, 1)
        self._body.addWidget(self._beside)
        head = QVBoxLayout()
        head.setContentsMargins(16, 8, 12, 4)
        head.setSpacing(2)
        for part in (self._title, self._caption, shared, self.bar):
            head.addWidget(part)
        page = QVBoxLayout(self._page)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(head)
        page.addLayout(self._body, 1)
        empty = QVBoxLayout(self._empty)
        empty.setContentsMargins(24, 24, 24, 24)
        empty.addStretch()
        empty.addWidget(self._message)
        empty.addWidget(self._offer, 0, Qt.AlignmentFlag.AlignHCenter)
        empty.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for half in (self._page, self._empty):
            column.addWidget(half, 1)

    def _scrolled(self, inside: QWidget) -> QScrollArea:
        """The numbers and notes in a fixed height, so that the drawing stands still."""
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName("Numbers of Space")
        scroll.setWidget(inside)
        return scroll

    def _connect(self) -> None:
        self.canvas.picked.connect(self.sample_picked)
        self.canvas.camera_changed.connect(self._turned)
        self.bar.colouring_chosen.connect(self.colouring_chosen)
        self.bar.turns_chosen.connect(self.turns_chosen)
        self.bar.control_toggled.connect(self.control_toggled)
        self.bar.pinned_toggled.connect(self.pinned_toggled)
        self._offer.clicked.connect(self._take_offer)

    # ---------------------------------------------------------------- contract of a view

    def display(self, picture: SpacePicture) -> None:
        """Show a picture. A playhead move draws the selected sample alone."""
        old = self._picture
        if picture.camera is not None:
            self.canvas.look_from(picture.camera)
        self._picture = picture = replace(picture, camera=self.canvas.camera)
        self._message.setText(picture.message)
        self._empty.setVisible(bool(picture.message) or not picture.bundles)
        self._page.setVisible(not self._empty.isVisibleTo(self))
        self._offer.setVisible(bool(picture.offer))
        if picture.offer:
            self._offer.setText(f"Open {picture.offer}")
            self._offer.setAccessibleName(self._offer.text())
            self._offer.setToolTip(tooltip(self._offer.text(), "One Gaussian in 64 dimensions, which has a Space"))
        self._title.setText(picture.title)
        self._title.setToolTip(tooltip(picture.title, HELP))
        self._caption.setText(picture.caption)
        self._caption.setToolTip(tooltip("", picture.caption))
        self._legend.display(tuple(legend(picture, self._theme)))
        self.canvas.display(picture)
        boxes = (picture.controls, picture.pinned_refusal)
        if picture.rows is not old.rows or boxes != (old.controls, old.pinned_refusal):
            self.bar.display(picture)
            self.numbers.display(picture)
            notes = "\n".join(notes_of(picture))
            self._notes.setText(notes)
            self._notes.setToolTip(tooltip("", notes) if notes else "")
        self.setAccessibleDescription(self.describe())

    def hold(self) -> None:
        """Keep the rows of the legend."""
        self._legend.hold()

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme = theme
        self.set_background(theme)
        self._legend.set_theme(theme)
        self._legend.display(tuple(legend(self._picture, theme)))
        self.canvas.set_theme(theme)

    def describe(self) -> str:
        """The picture in words and numbers."""
        return describe(self._picture, self.canvas.exaggeration)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.canvas.picked.disconnect(self.sample_picked)
        self.canvas.camera_changed.disconnect(self._turned)
        self.bar.colouring_chosen.disconnect(self.colouring_chosen)
        self.bar.turns_chosen.disconnect(self.turns_chosen)
        self.bar.control_toggled.disconnect(self.control_toggled)
        self.bar.pinned_toggled.disconnect(self.pinned_toggled)
        self._offer.clicked.disconnect(self._take_offer)
        self.bar.release()

    # ---------------------------------------------------------------- what the user does

    def event(self, event: QEvent) -> bool:
        """The arrow keys turn the box here, although they are shortcuts of the window elsewhere."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._turns(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, camera = Key(event.key()), self.canvas.camera
        if self._turns(event):
            self.canvas.look_from(camera.turned(*TURNS[key]))
        elif key in ZOOMS and not self._picture.message:
            self.canvas.look_from(camera.zoomed(ZOOMS[key]))
        elif key == Key.Key_0 and not self._picture.message:
            self.canvas.look_from(Camera())
        else:
            super().keyPressEvent(event)

    def _turns(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return plain and Key(event.key()) in TURNS and bool(self._picture.bundles)

    def _take_offer(self) -> None:
        self.offer_taken.emit(self._picture.offer)

    def _turned(self) -> None:
        """The camera belongs to the picture, so that a figure is seen from there too."""
        self._picture = replace(self._picture, camera=self.canvas.camera)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= WIDE
        self._body.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        below = self.numbers.sizeHint().height() + NOTE_LINES * self._notes.fontMetrics().lineSpacing() + 24
        if wide or self._print:  # on paper it is as high as its notes
            self._beside.setMinimumSize(BESIDE if wide else 0, 0)
            self._beside.setMaximumSize(BESIDE if wide else MOST, MOST)
        else:
            self._beside.setMinimumSize(0, below)
            self._beside.setMaximumSize(MOST, below)

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 320)

"""What a person who is here for the first time may do: a card in the corner of the picture, which waits for nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.engine.messages import DataOpened, NetworkOpened, RunOpened
from app.plotting.pens_and_numbers import tabular
from app.rooms.contract import Handlers
from app.session import bundled
from app.shell.file_dialogs import ask_open
from app.shell.workspaces import WORKSPACES
from app.widgets.text import PlainLabel, blend, tooltip
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from app.main_window import MainWindow

ASIDE, ABOVE = 16, 56  # pixels from the corner: the axis under the picture stays in sight
TOY, IMAGES = "two-moons", "fashion-mnist"
WAYS: tuple[tuple[str, str, str], ...] = (
    ("toy", "Watch two moons", "Points move from noise to two moons, driven by the optimal denoiser."),
    ("images", "Watch Fashion-MNIST", "Noise becomes images: opens the data and the network that was trained on them."),
    ("own", "Open your own…", "A checkpoint, points, images, a saved run or a session."),
)


class Card(QWidget):
    """A title, a button for each way, and one that puts the card away."""

    chosen = Signal(str)
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Welcome")
        title = PlainLabel("Welcome")
        title.setFont(tabular(self.font(), bold=True))
        away = QToolButton(autoRaise=True)
        away.setText("✕")
        away.setAccessibleName("Put the welcome away")
        away.setToolTip(tooltip("Put away", "Help ▸ Welcome brings it back."))
        away.clicked.connect(self.dismissed)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(away)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12 + ASIDE, 12 + ABOVE)
        column.setSpacing(4)
        column.addLayout(head)
        for name, text, help_text in WAYS:
            button = QPushButton(text, autoDefault=False)
            button.setAccessibleName(text.rstrip("…"))
            button.setToolTip(tooltip(text.rstrip("…"), help_text))
            button.clicked.connect(partial(self.chosen.emit, name))
            column.addWidget(button)

    def paintEvent(self, event: QPaintEvent) -> None:
        colors, roles = self.palette(), QPalette.ColorRole
        with QPainter(self) as painter:
            painter.setBrush(colors.color(roles.Window))
            painter.setPen(blend(colors, roles.WindowText, roles.Window, 0.5))
            painter.drawRect(self.rect().adjusted(0, 0, -ASIDE - 1, -ABOVE - 1))


class Welcome(QObject):
    """Shows the card until a person has used it or put it away, and again when it is asked for."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store = window, window.store
        self._then: Callable[[DataOpened | NetworkOpened | RunOpened], None] | None = None
        self.card = Card()
        self.card.chosen.connect(self._choose)
        self.card.dismissed.connect(self._put_away)
        window.layout_of_docks.put_in_corner(self.card)
        window.player.opened.connect(self._opened)
        window.layout_of_docks.workspace_changed.connect(self._place)
        self._wanted = not self._store.settings.greeted
        self._place()

    def handlers(self) -> Handlers:
        """Action → what it does."""
        return {"welcome": self._show}

    def _place(self, _workspace: str = "") -> None:
        """The card lies over the first workspace alone, because the others have controls in that corner."""
        self.card.setVisible(self._wanted and self._window.layout_of_docks.current is WORKSPACES[0])

    def want(self, wanted: bool) -> None:
        """Show the card, or put it away for good."""
        self._wanted = wanted
        self._place()

    def _show(self) -> None:
        self._wanted = True
        self._window.layout_of_docks.switch(WORKSPACES[0].name)
        self._place()

    def _put_away(self) -> None:
        self._wanted = False
        self._place()
        self._store.change(greeted=True)

    def _choose(self, way: str) -> None:
        self._put_away()
        {"toy": self._watch_toy, "images": self._watch_images, "own": self._open_own}[way]()

    def _watch_toy(self) -> None:
        window, run = self._window, self._window.state.run
        window.layout_of_docks.switch(WORKSPACES[0].name)
        if run is not None and run.settings.data == TOY:
            window.playback.go(0)
            window.playback.play()
        else:
            self._then = self._run_data
            window.player.drafting.edit({"data": TOY, "data_count": RunSettings().data_count})

    def _watch_images(self) -> None:
        self._window.layout_of_docks.switch(WORKSPACES[0].name)
        self._then = self._run_network
        self._window.player.drafting.open_with_its_data(bundled.path(IMAGES))

    def _open_own(self) -> None:
        window = self._window
        ask_open(window, "Open", "All files (*)", "own", window.documents.open_path, store=self._store)

    def _opened(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        if self._then is not None:
            self._then(event)

    def _run_data(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        if isinstance(event, DataOpened):
            self._then = None
            QTimer.singleShot(0, self, self._window.player.run)  # once what the opening itself runs has begun

    def _run_network(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        """Where its data were open already, the network waits for Run."""
        if isinstance(event, NetworkOpened):
            self._then = None
            if self._window.state.network is event:
                self._window.player.run()

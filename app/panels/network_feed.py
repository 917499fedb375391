"""Feeds the card of the network: of a file that a person is opening, or else of the network that is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from app.engine.messages import NetworkOpened
from app.panels.card import CardPicture
from app.panels.card_text import Line, card_rows, summary, verdict_numbers, verdict_words
from app.panels.model import ModelPanel
from app.session.inspecting import Inspected, Inspecting
from app.session.judging import Judging
from app.session.player import Player
from app.session.state import AppState
from geomodel.checkpoints import CheckpointInfo, Survey


class NetworkFeed(QObject):
    """Shows the card, and passes on what a person does there."""

    def __init__(
        self,
        state: AppState,
        player: Player,
        inspecting: Inspecting,
        judging: Judging,
        model: ModelPanel,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._state, self._inspecting, self._judging, self._model = state, inspecting, judging, model
        inspecting.changed.connect(self._inspected)
        judging.changed.connect(self.show_card)
        state.network_changed.connect(self.show_card)
        state.errors_changed.connect(self.show_card)
        model.card.answered.connect(inspecting.answer)
        model.card.pressed.connect(self._pressed)
        self._acts: dict[str, Callable[[], object]] = {
            "open": inspecting.open,
            "alone": player.drafting.close_data,
            "judge": judging.again,
            "change": inspecting.change,
            "close": self._close,
            "dismiss": inspecting.dismiss,
        }
        self._player = player
        self.show_card()

    def show_card(self) -> None:
        """Show the card, its tooltip and the line over it."""
        found, network = self._inspecting.found, self._state.network
        wrong = self._state.errors.get("network", "")
        if found is not None:
            picture, said = _inspected_card(found, wrong), _said(found)
            if not found.unfit:
                wrong = f"{Path(found.path).name} was not opened." if found.message else ""
        elif network is not None:
            picture, said = self._open_card(network), summary(network.info)
        else:
            picture, said = None, "Open a checkpoint, or drop its file here."
        self._model.set_message("network", wrong or said, bool(wrong))
        self._model.set_network_card(picture)

    def _open_card(self, network: NetworkOpened) -> CardPicture:
        verdict = self._judging.verdict
        buttons = {"close", "judge"} if verdict.waiting == "stopped" else {"close"}
        return CardPicture(
            rows=_rows(network.info, cost=network.pace),
            verdict=verdict_words(verdict),
            numbers=verdict_numbers(verdict),
            buttons=frozenset(buttons | ({"change"} if network.info.hints else set())),
        )

    def _inspected(self) -> None:
        """A file that a person opens unfolds the card."""
        if self._inspecting.found is not None:
            self._model.unfold_card()
        self.show_card()

    def _close(self) -> None:
        found = self._inspecting.found
        self._player.close_network(found.path if found is not None else "")
        self._inspecting.dismiss()

    def _pressed(self, name: str) -> None:
        self._acts[name]()


def _rows(info: CheckpointInfo, survey: Survey | None = None, cost: float = 0.0) -> list[Line]:
    return [*card_rows(info, survey, cost), *(("note", remark) for remark in info.remarks)]


def _inspected_card(found: Inspected, wrong: str) -> CardPicture:
    """The card of a file that is not in use. wrong: why it is not, if it is open."""
    survey = found.survey
    if survey is None:
        return CardPicture(error=found.message, buttons=frozenset({"dismiss"}))
    rows = _rows(survey.info, survey)
    if found.reading:
        return CardPicture(rows=rows)
    if found.unfit:
        return CardPicture(rows=rows, error=wrong, buttons=frozenset({"alone", "close", "dismiss"}))
    return CardPicture(
        rows=rows,
        error=found.message,
        questions=survey.questions,
        presets=survey.presets,
        answers=found.answers,
        buttons=frozenset({"open", "dismiss"}),
    )


def _said(found: Inspected) -> str:
    name = Path(found.path).name
    if found.reading:
        return f"Opening {name}…"
    if found.survey is None or found.unfit:
        return name
    if found.survey.lacks:
        return f"{name} does not say everything: answer below."
    return f"Everything about {name} is answered: press Open."

"""Offers what can be done with a picture or a film of this program, which carries the recipe of what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.export import carried
from app.rooms import ROOMS
from app.rooms.contract import Handlers
from app.session.facts import plane_words
from app.session.reapplying import Reapplying
from app.session.recipe import Recipe, decoded
from app.shell import file_dialogs as files
from app.shell.recipe_card import RecipeCard
from app.shell.workspaces import WORKSPACES

if TYPE_CHECKING:
    from app.main_window import MainWindow

CAUSE = "recipe"  # of errors about recipes


class Recipes(QObject):
    """Recognises files with a recipe, and does with it what a person chooses on a card."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._recipe: Recipe | None = None
        self._folder = ""  # of the file that carries it
        self._card: RecipeCard | None = None
        self._applying = Reapplying(window.state, window.player, window.playback, window.lanes, self)
        self._applying.said.connect(self._say)
        self._applying.taken.connect(self._show_view)

    def handlers(self) -> Handlers:
        """What each action does."""
        return {"restore_recipe": self.ask}

    @property
    def card(self) -> RecipeCard:
        """The card, which is built when it is first shown."""
        if self._card is None:
            self._card = RecipeCard(self._window)
            self._card.chosen.connect(self._chosen)
        return self._card

    def release(self) -> None:
        """Let the card follow the focus no more, because the window closes."""
        if self._card is not None:
            self._card.release()

    def ask(self) -> None:
        """Ask for a picture or a film."""
        names = f"Pictures and films ({' '.join(carried.PATTERNS)});;All files (*)"
        files.ask_open(self._window, "Restore from a picture", names, "recipe", self._open, store=self._window.store)

    def _open(self, path: str) -> None:
        if not self.offer(path):
            self._say(f"{Path(path).name} carries no recipe. Pictures and films of this program do.", True)

    def offer(self, path: str) -> bool:
        """Whether a file carries a recipe. The card then offers what can be done, or a sentence says what is wrong."""
        try:
            text = carried.recipe_in(path)
            if text is None or text.strip() in ("", "{}"):
                return False
            self._recipe, self._folder = decoded(text), str(Path(path).parent)
        except ValueError as error:
            said = str(error)
            whole = said if said.endswith(".") else f"The recipe in {Path(path).name} {said}."
            self._say(f"{whole} Nothing was changed.", True)
            return True
        self._window.documents.settled.emit(CAUSE)
        made, seen = self._recipe.origin, self._recipe.seen
        shown = next((row.title for row in ROOMS if seen is not None and row.name == seen.view), "")
        level = "" if seen is None else f"level {seen.level} of {made.settings.steps}, sample {seen.sample}"
        about = " · ".join(filter(None, (plane_words(made.settings), shown, level)))
        self.card.offer(f"{Path(path).name} carries its recipe", about)
        return True

    def _chosen(self, way: str) -> None:
        recipe = self._recipe
        if recipe is None:
            return
        if way == "everything":
            self._applying.everything(recipe, self._folder)
        elif way == "sampler":
            self._applying.sampler(recipe)
        else:
            self._applying.lane(recipe)

    def _show_view(self, recipe: Recipe) -> None:
        """The workspace and the room that were looked at."""
        layout, seen = self._window.layout_of_docks, recipe.seen
        if seen is None:
            return
        if seen.workspace in [item.name for item in WORKSPACES]:
            layout.switch(seen.workspace)
        if seen.view in [row.name for row in ROOMS if row.area != "foot"]:
            layout.bring_forward(seen.view)

    def _say(self, text: str, is_error: bool = False) -> None:
        self._window.documents.say(text, is_error, CAUSE)

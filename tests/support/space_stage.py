"""Space over small real runs, with the engine in the test's own thread."""

from __future__ import annotations

from app.export.offstage import Offstage
from app.rooms import ROOMS

ROW = next(row for row in ROOMS if row.name == "space")


class SpaceStage(Offstage):
    """The room in sight, and what the engine was asked and said."""

    def __init__(self, size=(900, 640)):
        super().__init__()
        self.answers, self.tasks = [], []
        self.services.player.answered.connect(self.answers.append)
        self.services.player.task_event.connect(self.tasks.append)
        self.space = self.room(ROW)
        self.view = self.space.view
        self.view.resize(*size)
        self.view.show()

    @property
    def picture(self):
        return self.view.picture

    @property
    def run(self):
        return self.services.state.run

    def compute(self, data, *, points=60, **sampler):
        """Compute a run and let Space show it; the playhead stands at its start."""
        player, state = self.services.player, self.services.state
        self.view.hide()  # nothing is asked about the run that follows the opening
        player.drafting.edit({"data": str(data), "data_count": points})
        self.settle()
        player.drafting.edit({"solver": "euler", "steps": 12, "count": 5} | sampler)
        player.run()
        self.settle()
        self.services.playback.pause()
        state.select(index=0, sample=0)
        self.view.show()
        self.space.refresh()
        self.settle()
        return self.run

    def press(self, control):
        """Press the button of a control and wait for what it shows."""
        self.view.bar.buttons[control].click()
        self.settle()

    def close(self):
        self.view.hide()
        self.space.release()
        self.view.deleteLater()

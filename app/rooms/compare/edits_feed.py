"""Edits the lanes of the comparison: samplers at equal evaluations, cells of the table, a row as the next draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.rooms.compare.columns import STEPS
from app.rooms.compare.picture import costs_at
from app.rooms.compare.sweep_feed import Sweeping
from app.rooms.compare.view import CompareView
from app.rooms.contract import Services
from app.session.lane import lane_name
from geomodel.draft_levels import levels_or_problems
from geomodel.equal_cost import with_evaluations
from geomodel.settings import RunSettings

DRAFT = "draft"  # the cause of errors about a draft or a lane without levels
# The fields of settings that make a sampler.
SAMPLER = ("solver", "options", "schedule", "rho", "levels", "steps", "sigma_max", "sigma_min", "final_zero", "jump_at")


class LaneEdits:
    """What a person changes in the lanes, and what a lane changes in the draft."""

    def __init__(self, services: Services, view: CompareView, sweeping: Sweeping) -> None:
        self._services, self._lanes, self._drafting = services, services.lanes, services.player.drafting
        self._view, self._sweeping = view, sweeping

    def sampler(self, name: str) -> RunSettings:
        """The draft with a solver. Its own solver keeps its options."""
        draft = self._drafting.filled()
        return draft if name == draft.solver else replace(draft, solver=name, options={})

    def add_equal(self, names: Sequence[str], evaluations: int) -> str:
        """Take solvers as lanes that cost at most so many evaluations. Returns why some are missing."""
        found, missing = [], []
        for name in names:
            try:
                found.append(with_evaluations(self.sampler(name), evaluations))
            except ValueError as error:
                missing.append(str(error))
        self._lanes.add_equal(found, evaluations)
        return " ".join(missing)

    def costs(self) -> tuple[tuple[str, str], ...]:
        """What the steps of each solver cost at the evaluations that are typed."""
        if self._view.equal is None:
            return ()
        return tuple(costs_at(int(self._view.equal.at.value), self.sampler))

    # ------------------------------------------------------------ a row as the next draft

    def use(self, index: int) -> None:
        """Take a row's sampler over into the draft. Of a sweep, with the evaluations that are typed."""
        swept = self._view.plotted == "sweep"
        try:
            own = self._swept_sampler(index) if swept else self._lanes.lanes[index].settings
        except ValueError as error:
            self._services.say(str(error), True, DRAFT)
            return
        self._drafting.edit({name: getattr(own, name) for name in SAMPLER})
        self._services.say(f"The form has {lane_name(own)}.")

    def use_chosen(self) -> None:
        """Take the row that is chosen in the table."""
        chosen = self._view.table.lane()
        if chosen < 0:
            self._services.say("Choose a row of the comparison first.", True, DRAFT)
        else:
            self.use(chosen)

    def _swept_sampler(self, index: int) -> RunSettings:
        of, panel = self._sweeping.of, self._view.equal
        assert of is not None
        name, options = of.solvers[index]
        own = replace(self._drafting.filled(), solver=name, options=options)
        return with_evaluations(own, of.evaluations[-1] if panel is None else int(panel.at.value))

    # ------------------------------------------------------------ cells

    def edit(self, index: int, column: int, number: int) -> None:
        """Another number of steps or evaluations in a row."""
        own = self._lanes.lanes[index].settings
        try:
            if column == STEPS:
                self._change(index, replace(own, steps=number, jump_at=-1), None)
            else:
                self._change(index, with_evaluations(own, number), number)
        except ValueError as error:
            self._services.say(str(error), True, DRAFT)

    def change_solver(self, index: int, solver: str) -> None:
        """Another solver in a row, with the evaluations that were asked for, or with the same steps."""
        lane = self._lanes.lanes[index]
        other, asked = replace(lane.settings, solver=solver, options={}), lane.asked
        try:
            self._change(index, other if asked is None else with_evaluations(other, asked), asked)
        except ValueError as error:
            self._services.say(str(error), True, DRAFT)

    def _change(self, index: int, settings: RunSettings, asked: int | None) -> None:
        """ValueError, with a sentence, where the settings give no levels."""
        if isinstance(found := levels_or_problems(settings), dict):
            raise ValueError(next(iter(found.values())))
        self._services.settle(DRAFT)
        if settings != self._lanes.lanes[index].settings:
            self._lanes.change(index, settings, asked)

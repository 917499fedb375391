"""The sampler panel: which rule, over which noise levels, from which start, for how many samples."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.plotting.theme import Theme, palette
from app.session.facts import START_NAMES
from app.widgets.explanation import Explanation
from app.widgets.fold import Fold
from app.widgets.form import (
    BoolField,
    Choice,
    ChoiceField,
    Field,
    align,
    commit_all,
    explain,
)
from app.widgets.number_field import FloatField, IntField
from app.widgets.text import formula_html, tooltip
from geomodel.presets import PRESETS, Preset
from geomodel.schedules import SCHEDULES, Option, Schedule
from geomodel.settings import CUSTOM, Limits, RunSettings, limits
from geomodel.solvers import SOLVERS
from geomodel.solvers.table import SolverRow

RHO = "rho"  # the only option of a schedule
PRESET = Limits("Preset", "A usual sampler, which sets solver, options, schedule and steps at once.", None, None)
FOLDED, FOLDED_OPTIONS = ("jump_at",), ("analytic_first_step",)  # what stands under “Advanced”
ADVANCED = "Where the run leaves its curve for D, and a first step in closed form. What is not as usual stays in sight."
STARTS = (
    Choice("noise", START_NAMES["noise"], "x = ȳ + σz with z from N(0, I), ȳ the mean of the data; ȳ = 0 for images."),
    Choice("origin", START_NAMES["origin"], "x = σz, wherever the data lie."),
    Choice("exact", START_NAMES["exact"], "x = y + σz with y a random data point, which is a draw from p_σ."),
    Choice("data", START_NAMES["data"], "x = y + σz, with the same data point y for every sample."),
    Choice("point", START_NAMES["point"], "Sample 0 starts where you clicked in the plane; the others start as noise."),
)


class SamplerPanel(QWidget):
    """The fields of a run's sampler. `edited` carries the changed fields of the settings, name → value."""

    edited = Signal(object)
    preset_wanted = Signal(str)
    advanced_opened = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._settings = RunSettings()
        self.fields = {field.name: field for field in _fields()}
        self._preset = ChoiceField("preset", PRESET, [Choice(item.name, item.title, item.help) for item in PRESETS])
        self._preset.set_placeholder("none of them")
        self._preset.edited.connect(self._preset_chosen)
        self._options: dict[str, Field] = {}
        self._solver_place, self._schedule_place = Explanation(rich=True), Explanation(rich=True)
        self._start_place, self._advanced_place = Explanation(), Explanation()
        self.places = (self._solver_place, self._schedule_place, self._start_place, self._advanced_place)
        self._advanced = Fold("Advanced", ADVANCED, self._advanced_place)
        self._advanced.toggled.connect(self.advanced_opened)
        self._option_rows = QVBoxLayout()
        self._option_rows.setSpacing(4)
        self._body = QVBoxLayout(self)
        self._body.addWidget(self._preset)
        for name, item in self.fields.items():
            item.edited.connect(self._edited)
            if name in FOLDED:
                self._advanced.add(item)
            else:
                self._body.addWidget(item)
        self._arrange()
        self._build_options(())
        self.set_theme(theme)
        self._show_settings()

    @property
    def _fields(self) -> dict[str, Field]:
        """The fields under the name by which scripts outside this repository know them."""
        return self.fields

    # ------------------------------------------------------------ what the window says

    def set_theme(self, theme: Theme) -> None:
        """Recolour."""
        self.setPalette(palette(theme))

    def set_settings(self, settings: RunSettings) -> None:
        """Show settings and emit nothing."""
        self._settings = settings
        self._show_settings()

    def set_errors(self, errors: dict[str, str]) -> None:
        """Show each field's sentence in its group. A field that is not in the mapping has none."""
        for name, item in self.fields.items():
            item.set_error(errors.get(name, ""))
        for name, place in self._own_places.items():
            place.set_error(name, errors.get(name, ""))
        self._show_changed()

    def open_advanced(self, is_open: bool) -> None:
        """Open or close the fold of what few people need, and emit nothing."""
        self._advanced.set_open(is_open)

    def commit(self) -> bool:
        """Take over typed text. Returns False if some of it is no value, which its field then explains."""
        shown = [item for item in self.fields.values() if not item.isHidden()]
        return commit_all((*shown, *self._options.values()))

    # ------------------------------------------------------------ inside

    @property
    def _own_places(self) -> dict[str, Explanation]:
        """Where errors stand of settings that have no field here."""
        return {"options": self._solver_place, "levels": self._schedule_place, "start_point": self._start_place}

    def _arrange(self) -> None:
        fields = list(self.fields.values())
        start = fields.index(self.fields["start"])
        explain((self._preset, self.fields["solver"]), self._solver_place)
        explain(fields[1:start], self._schedule_place)
        explain(fields[start:], self._start_place)
        explain((self.fields[name] for name in FOLDED), self._advanced_place)
        self._body.setContentsMargins(8, 8, 8, 8)
        self._body.setSpacing(4)
        after_solver = self._body.indexOf(self.fields["solver"]) + 1
        self._body.insertWidget(after_solver, self._solver_place)
        self._body.insertLayout(after_solver + 1, self._option_rows)
        self._body.insertSpacing(after_solver + 2, 8)
        self._body.insertWidget(self._body.indexOf(self.fields["schedule"]) + 1, self._schedule_place)
        self._body.insertSpacing(self._body.indexOf(self.fields["start"]), 8)
        self._body.addWidget(self._start_place)
        self._body.addWidget(self._advanced)

    def _show_settings(self) -> None:
        settings = self._settings
        for name, item in self.fields.items():
            item.set_value(getattr(settings, name))
        schedule = next((row for row in SCHEDULES if row.name == settings.schedule), None)
        self.fields["rho"].setVisible(schedule is not None and RHO in (option.name for option in schedule.options))
        for name in ("steps", "sigma_max", "sigma_min", "final_zero"):  # the list of levels decides these
            self.fields[name].setVisible(settings.schedule != CUSTOM)
        self.fields["start_index"].setVisible(settings.start == "data")
        self._schedule_place.say(formula_html(schedule.formula) if schedule else listed(settings.levels))
        self._preset.set_value(next((item.name for item in PRESETS if _is(item, settings)), None))
        self._show_solver()

    def _show_solver(self) -> None:
        row = _solver(self._settings.solver)
        options = () if row is None else row.options
        if tuple(self._options) != tuple(option.name for option in options):
            self._build_options(options)
        for option in options:
            self._options[option.name].set_value(self._settings.options.get(option.name, option.default))
        if row is not None:
            self._solver_place.say(f"{formula_html(row.formula)}<br>{row.family} · {row.cost}")
            self._solver_place.usual.setToolTip(tooltip(row.title, row.source))
        self._show_changed()

    def _show_changed(self) -> None:
        """What is folded away but is not as usual stays in sight."""
        usual, row = RunSettings(), _solver(self._settings.solver)
        defaults = {option.name: option.default for option in (() if row is None else row.options)}
        folded = [(self.fields[name], getattr(usual, name)) for name in FOLDED]
        folded += [(item, defaults.get(name)) for name, item in self._options.items() if name in FOLDED_OPTIONS]
        self._advanced.set_changed(frozenset(item for item, default in folded if item.value != default or item.error))

    def _build_options(self, options: tuple[Option, ...]) -> None:
        for item in self._options.values():
            self._advanced.drop(item)
            item.retire()
        self._options = {option.name: _option_field(option) for option in options}
        for item in self._options.values():
            item.edited.connect(self._option_edited)
            if item.name in FOLDED_OPTIONS:
                self._advanced.add(item)
                explain((item,), self._advanced_place)
            else:
                self._option_rows.addWidget(item)
                explain((item,), self._solver_place)
        align((self._preset, *self.fields.values(), *self._options.values()))

    def _preset_chosen(self, _: str, value: str) -> None:
        self.preset_wanted.emit(value)

    def _edited(self, name: str, value: Any) -> None:
        changes = {name: value}
        if name == "solver":
            old, new = _solver(self._settings.solver), _solver(value)
            kept = set(old.options) & set(new.options) if old and new else set()
            names = {option.name for option in kept}
            changes["options"] = {name: given for name, given in self._settings.options.items() if name in names}
        if name == "schedule" and value != CUSTOM:  # each schedule has a usual ρ of its own
            changes |= {option.name: option.default for option in _schedule(value).options}
        self.edited.emit(changes)

    def _option_edited(self, name: str, value: Any) -> None:
        row = _solver(self._settings.solver)
        assert row is not None
        default = next(option.default for option in row.options if option.name == name)
        options = {**self._settings.options, name: value}
        if value == default:
            del options[name]
        self.edited.emit({"options": options})


def _fields() -> tuple[Field, ...]:
    """The fields in reading order."""
    solvers = [Choice(row.name, row.title, f"{row.family} · {row.cost}") for row in SOLVERS]
    schedules = [Choice(row.name, row.title, row.formula) for row in SCHEDULES]
    schedules.append(Choice(CUSTOM, "Own levels", "A list of noise levels, edited in the schedule view."))
    return (
        ChoiceField("solver", limits("solver"), solvers),
        IntField("steps", limits("steps")),
        ChoiceField("schedule", limits("schedule"), schedules),
        FloatField("rho", limits("rho"), step=1.0),
        FloatField("sigma_max", limits("sigma_max"), optional=True),
        FloatField("sigma_min", limits("sigma_min"), optional=True),
        BoolField("final_zero", limits("final_zero")),
        IntField("jump_at", limits("jump_at")),
        ChoiceField("start", limits("start"), STARTS),
        IntField("start_index", limits("start_index")),
        IntField("count", limits("count")),
        IntField("seed", limits("seed")),
    )


def _solver(name: str) -> SolverRow | None:
    return next((row for row in SOLVERS if row.name == name), None)


def _is(preset: Preset, settings: RunSettings) -> bool:
    return not preset.design and all(getattr(settings, name) == value for name, value in preset.changes.items())


def listed(levels: tuple[float, ...]) -> str:
    """Describe a list of levels in words: how many, the first ones, the last."""
    if len(levels) < 2:
        return ""
    shown = [f"{level:.3g}" for level in levels]
    return f"{len(levels) - 1} steps: {', '.join([*shown[:-1][:8], *(['…'] if len(levels) > 9 else []), shown[-1]])}"


def _schedule(name: str) -> Schedule:
    return next(row for row in SCHEDULES if row.name == name)


def _option_field(option: Option) -> Field:
    low, high = option.limits or (None, None)
    about = Limits(option.title, option.tooltip, low, high)
    if option.kind in ("bool", "moments"):  # the moments of the reference data, if there are any
        return BoolField(option.name, about)
    if option.kind == "choice":
        return ChoiceField(option.name, about, [Choice(choice, choice) for choice in option.choices])
    if option.kind == "int":
        return IntField(option.name, about)
    return FloatField(option.name, about, step=0.05 if high is not None and high <= 10 else None)

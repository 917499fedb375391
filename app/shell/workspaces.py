"""Named arrangements of rooms, each with a main view in the centre."""

from __future__ import annotations

from dataclasses import dataclass

from app.rooms.row import ActionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The names of rooms: the main view, those on its right from top to bottom, and those below it.

    A tuple among the rooms on the right is one place where several stand behind tabs.
    """

    name: str
    title: str
    tip: str
    centre: str
    right: tuple[tuple[str, ...], ...]
    below: tuple[str, ...] = ()
    key: str = ""  # of the main view, beside the key of its number

    @property
    def rooms(self) -> tuple[str, ...]:
        """Every room of the arrangement except the one in the centre."""
        return (*(name for place in self.right for name in place), *self.below)


WORKSPACES: tuple[Workspace, ...] = (
    Workspace(
        name="explore",
        title="Explore",
        tip="Trajectories in the plane, beside their measures and numbers",
        centre="plane",
        right=(("measures",), ("inspector",)),
        below=("strip",),
        key="F2",
    ),
    Workspace(
        name="mean_shift",
        title="Mean shift",
        tip="What the optimal denoiser answers at one image, and which data it is made of",
        centre="mean_shift",
        right=(("plane",), ("inspector",)),
    ),
    Workspace(
        name="solvers",
        title="Solvers",
        tip="Solvers and schedules compared from the same noise",
        centre="compare",
        right=(("schedule",), ("derivatives", "plane")),
    ),
    Workspace(
        name="geometry",
        title="Geometry",
        tip="Trajectories along their displacement and across it, beside what is known of their shape",
        centre="space",
        right=(("measures", "commitment", "likelihood"), ("inspector",)),
        key="F3",
    ),
    Workspace(
        name="quality",
        title="Quality",
        tip="How good samples are over σ, and what a jump to D gains at equal cost",
        centre="quality",
        right=(("interpolation",), ("measures",)),
    ),
    Workspace(
        name="claims",
        title="Claims",
        tip="What the literature says, checked on this model and these data",
        centre="claims",
        right=(("measures", "plane"),),
    ),
    Workspace(
        name="theories",
        title="Theories",
        tip="Which denoiser made from the data alone explains what the driver does, level by level",
        centre="theories",
        right=(("families", "tilt", "error_bounds"), ("measures", "plane", "inspector")),
    ),
    Workspace(
        name="training",
        title="Training",
        tip="A network or a consistency function while it learns, and particles that drift to the data",
        centre="training",
        right=(("consistency", "drift", "plane"),),
    ),
)

ACTIONS: tuple[ActionRow, ...] = tuple(
    ActionRow(
        id=f"workspace.{workspace.name}",
        menu="View",
        title=workspace.title,
        keys=(f"Ctrl+Alt+{number}", *filter(None, (workspace.key,))),
        tip=workspace.tip,
        group="workspace",
        rule=number == 1,
    )
    for number, workspace in enumerate(WORKSPACES, 1)
)


def workspace(name: str) -> Workspace:
    """The workspace of this name. A name of a later version's settings is unknown and gives the first one."""
    return next((item for item in WORKSPACES if item.name == name), WORKSPACES[0])


def home_of(room: str) -> Workspace | None:
    """The workspace whose main view is this room, else the first that contains it."""
    mains = (item for item in WORKSPACES if item.centre == room)
    return next(mains, next((item for item in WORKSPACES if room in item.rooms), None))

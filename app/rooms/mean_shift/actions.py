"""The actions of the mean-shift view."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="choose_image",
        menu="Tool",
        title="Image probe: choose the image…",
        keys=("I",),
        tip="The data as small images, with search by class, for the image probe of the mean shift",
    ),
)

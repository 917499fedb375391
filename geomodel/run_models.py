"""The denoisers of a run: what moves its samples, and what that is compared with, for the run's class and guidance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from geomodel import theories
from geomodel.hooks import Between
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.optimal import OptimalDenoiser


def asked_of(settings: RunSettings, model: Denoiser | None, number: int | None) -> Denoiser | None:
    """A denoiser for the run's class and guidance. number: its own number of the class; None where it has none."""
    if model is None or number is None:
        return None
    if number != settings.label:
        from geomodel.denoisers.renumbered import Renumbered

        model = Renumbered(model, {settings.label: number})
    if not settings.guided:
        return model
    from geomodel.denoisers.guided import Guided

    return Guided(model, settings.guidance)


def theory_of(
    name: str, options: Mapping[str, Any], data: Dataset | None, optimal: OptimalDenoiser | None, between: Between
) -> Denoiser | None:
    """A theory over the data, where it is not D* itself. None where there are no data, or none of its kind."""
    if name == "optimal" or data is None or theories.of_driver(name) is None or theories.refusal(name, data):
        return None
    if name in ("gaussian", "classes"):
        return data.fitted(name == "classes", between)
    return theories.build(name, data, optimal=optimal, **options)


def answering(settings: RunSettings, name: str, theory: Denoiser | None, number: int | None) -> Denoiser | None:
    """A theory for the run's class and guidance; None where it answers for no class and the run asks for one."""
    if number is not None and number >= 0 and not theories.row(name).by_class:
        return None
    return asked_of(settings, theory, number)


def driver_of(
    settings: RunSettings, data: Dataset | None, exact: Denoiser | None, network: Denoiser | None
) -> Denoiser | None:
    """What moves the samples where it is D*, a mixture or a network. None where the data or the network lack it."""
    from geomodel.denoisers.blend import Blend

    match settings.driver:
        case "mixture":
            return data.mixture if data is not None else None
        case "network":
            return network
        case "blend":
            return Blend(network, exact, settings.blend) if network is not None and exact is not None else None
        case _:
            return exact

"""What stands beside a run, in symbols and words: D* of the data, Gaussians that are fitted to them, or patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Compared = Literal["optimal", "gaussian", "classes", "local", "wiener-local"]


@dataclass(frozen=True, slots=True)
class Names:
    """symbol: of the denoiser. run: the run that it drives from the same noise. title: the denoiser in words."""

    symbol: str
    run: str
    title: str


NAMES: dict[Compared, Names] = {
    "optimal": Names("D*", "the exact run", "Optimal denoiser D*"),
    "gaussian": Names("D_G", "the Gaussian's run", "Gaussian D_G"),
    "classes": Names("D_C", "the class Gaussians' run", "Class Gaussians D_C"),
    "local": Names("D_L", "the local patches' run", "Local patches D_L"),
    "wiener-local": Names("D_W", "the Wiener-local run", "Wiener-local D_W"),
}


def worded(text: str, compared: Compared) -> str:
    """A text about D* and the exact run, with the names of what stands in their place."""
    names, usual = NAMES[compared], NAMES["optimal"]
    return text.replace(usual.symbol, names.symbol).replace(usual.run, names.run)


def of_settings(settings: Mapping[str, Any]) -> Compared:
    """What a trajectory's settings say that it is compared with; D* where they say nothing, as in earlier files."""
    run = settings.get("run")
    said = run.get("compared_with") if isinstance(run, dict) else None
    return next((name for name in NAMES if name == said), "optimal")

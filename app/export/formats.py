"""The table of what can be saved and as which kind of file. The action decides what is written, not the name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geomodel import files
from geomodel.datasets.common import Progress

if TYPE_CHECKING:
    from app.export.figure import Figure
    from app.export.film_files import Film
    from app.session.snapshot import Snapshot
    from geomodel.denoisers.base import Denoiser
    from geomodel.experiments import Claim, Comparison, Sweep
    from geomodel.experiments.quality import QualityLine
    from geomodel.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A kind of file. `write` takes the object and the path, and raises OSError if the file cannot be written."""

    name: str
    title: str  # title of the dialog
    files: str  # name of the files in the dialog's filter
    suffix: str
    write: Callable[[Any, str], None]

    @property
    def filter(self) -> str:
        """The dialog's filter: "Runs (*.npz)"."""
        return f"{self.files} (*{self.suffix})"

    def named(self, path: str) -> str:
        """The path with this format's suffix. It is added and replaces nothing: run.v2 becomes run.v2.npz."""
        return path if Path(path).suffix.lower() == self.suffix else path + self.suffix


def _write_run(trajectory: Trajectory, path: str) -> None:
    trajectory.save(path)


def _write_measures(trajectory: Trajectory, path: str) -> None:
    from geomodel import measures

    measures.write_csv(trajectory, path)


def _write_race(comparison: Comparison | Sweep, path: str) -> None:
    comparison.write_csv(path)


def _write_claims(written: tuple[Sequence[Claim], str], path: str) -> None:
    from geomodel.experiments import literature

    claims, about = written
    literature.write(claims, path, about)


def _write_qualities(lines: list[QualityLine], path: str) -> None:
    from geomodel.experiments.quality import write_qualities

    write_qualities(lines, path)


def _write_session(snapshot: Snapshot, path: str) -> None:
    from app.session.snapshot import encoded
    from geomodel import session_files

    session_files.write(path, encoded(snapshot), snapshot.trajectories)


def _write_levels(levels: tuple[float, ...], path: str) -> None:
    with files.replacing(path, "w", encoding="utf-8") as file:
        file.write("\n".join(map(repr, levels)) + "\n")


def _write_network(written: tuple[Denoiser, Progress], path: str) -> None:
    from geomodel import checkpoints

    network, progress = written
    checkpoints.save(network, path, progress=progress)


def _write_png(picture: Figure, path: str) -> None:
    from app.export import figure

    figure.save_png(picture.view, path, picture.size_mm, picture.dpi, picture.recipe, picture.points, picture.style)


def _write_svg(picture: Figure, path: str) -> None:
    from app.export import figure

    figure.save_svg(picture.view, path, picture.size_mm, picture.recipe, picture.points, picture.style)


def _write_pdf(picture: Figure, path: str) -> None:
    from app.export import figure

    figure.save_pdf(picture.view, path, picture.size_mm, picture.recipe, picture.points, picture.style)


def _write_gif(film: Film, path: str) -> None:
    from app.export import film_files

    film_files.write_gif(film, path)


def _write_apng(film: Film, path: str) -> None:
    from app.export import film_files

    film_files.write_apng(film, path)


def _write_mp4(film: Film, path: str) -> None:
    from app.export import film_files

    film_files.write_mp4(film, path)


FILMS = ("mp4", "gif", "apng")  # the formats that write a film
PICTURES = ("png", "svg", "pdf")  # the formats that write a figure

FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(name="run", title="Save run", files="Runs", suffix=".npz", write=_write_run),
    ExportFormat(name="session", title="Save session", files="Sessions", suffix=".geomodel", write=_write_session),
    ExportFormat(name="measures", title="Save measures", files="Tables", suffix=".csv", write=_write_measures),
    ExportFormat(name="race", title="Save table", files="Tables", suffix=".csv", write=_write_race),
    ExportFormat(name="sweep", title="Save sweep", files="Tables", suffix=".csv", write=_write_race),
    ExportFormat(name="claims_table", title="Save table", files="Tables", suffix=".csv", write=_write_claims),
    ExportFormat(name="claims_report", title="Save report", files="Markdown", suffix=".md", write=_write_claims),
    ExportFormat(name="qualities", title="Save table", files="Tables", suffix=".csv", write=_write_qualities),
    ExportFormat(name="levels", title="Save noise levels", files="Noise levels", suffix=".txt", write=_write_levels),
    ExportFormat(
        name="network", title="Save network as", files="Checkpoints", suffix=".safetensors", write=_write_network
    ),
    ExportFormat(name="png", title="Save picture", files="PNG pictures", suffix=".png", write=_write_png),
    ExportFormat(name="svg", title="Save picture", files="SVG pictures", suffix=".svg", write=_write_svg),
    ExportFormat(name="pdf", title="Save picture", files="PDF pictures", suffix=".pdf", write=_write_pdf),
    ExportFormat(name="mp4", title="Save film", files="MP4 films", suffix=".mp4", write=_write_mp4),
    ExportFormat(name="gif", title="Save film", files="GIF films", suffix=".gif", write=_write_gif),
    ExportFormat(name="apng", title="Save film", files="Animated PNG films", suffix=".png", write=_write_apng),
)


def row(name: str) -> ExportFormat:
    """The format of this name. Raises KeyError if there is none."""
    return {item.name: item for item in FORMATS}[name]

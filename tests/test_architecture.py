"""The page that newcomers read first names real files and real things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")
SOURCE = "\n".join(path.read_text("utf-8") for folder in ("app", "geomodel") for path in (ROOT / folder).rglob("*.py"))
DRAWING = PAGE.split("```")[1]
NAMED = sorted(set(re.findall(r"`([^`\n]+)`", PAGE.replace("```", ""))))


def defined(name):
    """Whether the source has a class, a function or a value of this name."""
    return re.search(rf"^\s*(class |def )?{name}\b(\(|:| =)", SOURCE, re.MULTILINE) is not None


@pytest.mark.parametrize("name", NAMED)
def test_every_name_in_the_text_exists(name):
    if "/" in name:
        assert (ROOT / name).exists()
    elif name.endswith(".py"):
        assert list((ROOT / "app/rooms").glob(f"*/{name}"))
    else:
        assert (ROOT / name).is_dir() or defined(name)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:app|geomodel)/[\w./*]*\w", DRAWING))))
def test_every_path_in_the_drawing_exists(path):
    assert list(ROOT.glob(path))


@pytest.mark.parametrize("name", ["Player", "Inbox", "Worker", "Gate", "Record", "AppState", "StartRun", "RunFinished"])
def test_the_drawing_shows_classes_that_exist(name):
    assert name in DRAWING
    assert defined(name)


def test_links_lead_to_files_and_the_readme_leads_here():
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists()
    assert "(docs/architecture.md)" in (ROOT / "README.md").read_text("utf-8")

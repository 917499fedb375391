"""Random hands in a process of their own, so that a crash is seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUPPORT = ROOT / "tests" / "support"
ACTIONS = 2500
WAIT = 900  # seconds: a bound for a stuck process, which takes one to seven hundred


def process(script, *arguments, home):
    places = os.pathsep.join(map(str, (ROOT, SUPPORT)))
    return subprocess.run(
        [sys.executable, str(SUPPORT / script), *map(str, arguments)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": places, "GEOMODEL_HOME": str(home / "home")},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )


def work(folder, seed):
    """Write the files that the hands open, and let them make the gestures of a seed."""
    written = process("hand_files.py", folder / "files", home=folder)
    assert written.returncode == 0, written.stderr
    worked = process("random_hands.py", folder / "files", seed, "--actions", ACTIONS, home=folder)
    last = "\n".join(worked.stdout.splitlines()[-20:])
    assert worked.returncode == 0, f"seed {seed}, exit code {worked.returncode}, after\n{last}\n{worked.stderr}"

"""Files of every family that say something false: each opens or is refused with one sentence, whatever was changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lies
import pytest
from bare import bare

ROOT = Path(__file__).parents[2]
MOST = 2 * 2**20  # kilobytes


@pytest.mark.parametrize("name", lies.FAMILIES)
def test_lies_are_refused(name):
    assert lies.rounds(name, 12, seed=0) > 3


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", lies.FAMILIES)
def test_hundreds_of_lies_in_bounded_time_and_memory(tmp_path, name):
    support = ROOT / "tests/support"
    done = subprocess.run(
        [sys.executable, support / "lies.py", name, "300", "1"],
        cwd=tmp_path,
        env=bare(ROOT, support),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) < MOST
    assert list(tmp_path.iterdir()) == []

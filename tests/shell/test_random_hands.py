"""The real window under random hands: no exception, no warning of Qt, no task without an end, no stall, no leak, no
crash. Half of 10,000 gestures; the other half is a file of its own, because a file is worked off by one process.

GEOMODEL_HANDS=7-40 works these seeds instead.
"""

from __future__ import annotations

import os

import pytest
from hands_at_work import WAIT, work

FIRST, LAST = map(int, os.environ.get("GEOMODEL_HANDS", "1-2").split("-"))


@pytest.mark.slow
@pytest.mark.timeout(WAIT + 60)
@pytest.mark.parametrize("seed", range(FIRST, LAST + 1))
def test_random_hands_do_no_harm(tmp_path, seed):
    work(tmp_path, seed)

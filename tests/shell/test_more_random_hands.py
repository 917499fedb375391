"""The other half of the gestures of `test_random_hands.py`."""

from __future__ import annotations

import pytest
from hands_at_work import WAIT, work


@pytest.mark.slow
@pytest.mark.timeout(WAIT + 60)
@pytest.mark.parametrize("seed", [3, 4])
def test_more_random_hands_do_no_harm(tmp_path, seed):
    work(tmp_path, seed)

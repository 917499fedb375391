"""While a person's own code is at work it is known which, from its first line to its last answer."""

from __future__ import annotations

import time

import pytest
import torch

from geomodel.checkpoints import CheckpointError
from geomodel.denoisers.own import load_own
from geomodel.denoisers.own_calls import Call, Calls

SEEN = "test_own_calls_seen"
CODE = f"""
import sys
calls, seen = sys.modules["{SEEN}"].calls, sys.modules["{SEEN}"].seen
seen["loaded"] = calls.now
class M:
    shape = (2,)
    def __call__(self, x, sigma):
        seen["asked"] = calls.now
        if seen.get("fails"):
            raise ValueError("no")
        return 0 * x
def make():
    seen["made"] = calls.now
    return M()
"""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """The name of a denoiser that looks itself up."""

    class Seen:
        calls, seen = Calls(), {}

    monkeypatch.setitem(__import__("sys").modules, SEEN, Seen)
    (tmp_path / "own.py").write_text(CODE, "utf-8")
    Seen.spec = f"{tmp_path / 'own.py'}:make"
    return Seen


def test_a_call_is_known_while_it_lasts(stage):
    model = load_own(stage.spec, stage.calls)
    assert [stage.seen[when].spec for when in ("loaded", "made", "asked")] == [stage.spec] * 3
    assert stage.calls.now is None
    first = stage.seen.pop("asked")
    model(torch.zeros(3, 2), 1.0)
    assert stage.seen["asked"].spec == stage.spec
    assert stage.seen["asked"].began > first.began  # each answer is a call of its own
    assert stage.calls.now is None


def test_a_call_that_fails_is_over(stage):
    model = load_own(stage.spec, stage.calls)
    stage.seen["fails"] = True
    with pytest.raises(ValueError, match="no"):
        model(torch.zeros(3, 2), 1.0)
    assert stage.calls.now is None
    with pytest.raises(CheckpointError):
        load_own(stage.spec, stage.calls)
    assert stage.calls.now is None


def test_a_call_counts_its_seconds():
    assert 3.0 <= Call("own.py:make", time.monotonic() - 3.0).seconds < 60.0

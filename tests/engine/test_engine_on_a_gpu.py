"""The window's engine on an accelerator: its network is there, its run ends, and its other answers come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_bench import Bench
from window_runs import TOY

import resources
from app.engine.library import Library
from app.engine.messages import Machine, StartRun

NETWORK = str(resources.path("checkpoints", "two-moons.safetensors"))


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda_only)])
def test_a_run_by_a_network(device):
    bench = Bench()
    bench.worker._library = library = Library(Machine(device=device))
    ready = library.load_torch(own_thread=False)
    assert ready.device == device
    settings = replace(TOY, network=NETWORK, driver="network", steps=4)
    run = bench.handle(StartRun(1, settings)).trajectory
    assert library.network(NETWORK).device.type == device
    assert np.isfinite(run.x).all()

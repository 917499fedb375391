"""A process of a job that dies ends the others with a sentence, and the shards that are there are used again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geomodel import cli, study, together

ROOT = Path(__file__).parents[2]
OPTIONS = ("--steps", "20", "--data-count", "1000", "--samples", "1600", "--batch", "50", "--threads", "1")
PATIENCE = 100  # seconds until a test fails; a process that hangs is given up after a minute


def processes(folder, *options):
    """Two processes of a job, as torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, "main.py", *options, *OPTIONS, "--out", str(folder)]
    return [
        subprocess.Popen(
            command, cwd=ROOT, env={**common, "RANK": str(rank), "WORLD_SIZE": "2"}, stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".tmp"}


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("options", [("quality",), ("run", "--split", "data")], ids=lambda options: options[-1])
def test_a_process_that_is_killed_ends_the_job_which_goes_on_later(tmp_path, options):
    first, second = processes(tmp_path / "killed", *options)
    while not list((tmp_path / "killed").glob("*-0000[01].*")):
        assert first.poll() is None
        time.sleep(0.05)
    second.send_signal(signal.SIGKILL)
    second.communicate()
    said = first.communicate(timeout=PATIENCE)[1].splitlines()
    assert (first.returncode, said[-1]) == (2, together.ENDED)
    assert [line for line in said if not line.startswith("process 0: ") and "[Gloo]" not in line] == [together.ENDED]
    assert study.read(tmp_path / "killed").missing
    if options[0] == "quality":  # where the data are split, the last bits depend on their parts
        for name in ("killed", "whole"):  # by one process
            assert cli.run(cli.parse([*options, *OPTIONS, "--out", str(tmp_path / name)])) == 0
        assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.slow
def test_a_process_that_is_told_to_stop_ends_with_a_sentence(tmp_path):
    first, second = processes(tmp_path, "quality")
    while not list(tmp_path.glob("quality-*")):
        assert first.poll() is None
        time.sleep(0.05)
    second.send_signal(signal.SIGTERM)
    assert second.communicate(timeout=PATIENCE)[1].splitlines()[-1] == together.STOPPED
    assert first.communicate(timeout=PATIENCE)[1].splitlines()[-1] == together.ENDED
    assert first.returncode == second.returncode == 2


@pytest.mark.parametrize(("rank", "ranks"), [("2", "2"), ("-1", "2"), ("one", "2"), ("0", "0")])
def test_a_number_of_a_process_that_is_none_is_a_sentence(monkeypatch, rank, ranks):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", ranks)
    with pytest.raises(ValueError, match="RANK and WORLD_SIZE"):
        together.part()


@pytest.mark.parametrize(
    ("asked", "ranks", "card", "own"),
    [("cuda", 4, "3", "cuda:3"), ("cuda", 1, "3", "cuda"), ("cuda:1", 4, "3", "cuda:1"), ("cpu", 4, "3", "cpu"),
     ("cuda", 4, "", "cuda")],
)  # fmt: skip
def test_each_process_takes_a_card_of_its_own(monkeypatch, asked, ranks, card, own):
    for name, value in (("RANK", "0"), ("WORLD_SIZE", str(ranks)), ("LOCAL_RANK", card)):
        monkeypatch.setenv(name, value)
    assert together.own_device(asked) == own

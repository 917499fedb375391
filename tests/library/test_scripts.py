"""The copied code of a run gives its numbers again, bit for bit, because it is the same arithmetic."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

import pytest
import torch
from code_of_runs import KINDS, MORE, QUICK, computed, here, python_in, same, settings_of, shell_in
from state_dicts import ANSWERS, state_dict

import geomodel as gm
from geomodel import cli, cli_hints, scripts
from geomodel.origin import Computed, NetworkIdentity, origin
from geomodel.run_start import resolved
from geomodel.settings import RunSettings

# A process takes three seconds, most of them for torch: a network, lists of numbers, and names that a shell must quote.
IN_PROCESSES = ("network", "own levels", "columns of a strange table")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the command line is for POSIX shells")


@pytest.fixture(autouse=True)
def _threads():
    """Scripts set the number of threads for their whole process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def code_of(found):
    return scripts.python(found.settings, found.network, found.computed)


def command_of(found):
    return scripts.command_line(found.settings, found.network, found.computed)


@pytest.mark.parametrize("kind", QUICK)
def test_a_script_gives_the_run_again(tmp_path, kind):
    run, found = computed(settings_of(kind, tmp_path))
    names = here(code_of(found))
    assert same(run, names["run"])
    assert origin(names["run"]) == found


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_line_says_the_settings(tmp_path, kind):
    settings = settings_of(kind, tmp_path)
    words = shlex.split(scripts.command_line(settings))
    assert words[:3] == ["python", "main.py", "run"]
    assert resolved_without_data(cli.settings_from(cli.parse(words[2:]))) == resolved_without_data(settings)


def resolved_without_data(settings):
    """Own levels decide steps and ends, which the command line leaves out."""
    return resolved(settings, None) if settings.schedule == "custom" else settings


@pytest.mark.slow
@pytest.mark.parametrize("kind", MORE)
def test_a_script_gives_other_runs_again(tmp_path, kind):
    run, found = computed(settings_of(kind, tmp_path))
    assert same(run, here(code_of(found))["run"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_command_line_gives_the_run_again(tmp_path, kind):
    run, found = computed(settings_of(kind, tmp_path))
    assert cli.run(cli.parse([*shlex.split(command_of(found))[2:], "--out", str(tmp_path)])) == 0
    assert same(run, gm.Trajectory.load(tmp_path / "run.npz"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", IN_PROCESSES)
def test_a_process_of_its_own_gives_the_run_again(tmp_path, kind):
    run, found = computed(settings_of(kind, tmp_path))
    assert same(run, python_in(tmp_path, code_of(found)))


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("kind", IN_PROCESSES)
def test_a_shell_gives_the_run_again(tmp_path, kind):
    run, found = computed(settings_of(kind, tmp_path))
    assert same(run, shell_in(tmp_path, command_of(found)))


# ---------------------------------------------------------------- what decides the last bits


def test_threads_and_pieces_are_stated_as_the_run_had_them(tmp_path):
    settings = replace(settings_of("network", tmp_path), count=9)
    run, found = computed(settings, piece=4)
    assert found.computed == Computed(threads=torch.get_num_threads(), piece=4)
    names = here(code_of(found))
    assert names["network"].piece == 4
    assert same(run, names["run"])
    arguments = cli.parse([*shlex.split(command_of(found))[2:], "--out", str(tmp_path)])
    assert (arguments.threads, arguments.piece, arguments.device) == (found.computed.threads, 4, "cpu")
    assert cli.run(arguments) == 0
    again = gm.Trajectory.load(tmp_path / "run.npz")
    assert same(run, again)
    assert origin(again) == found


def test_threads_are_set_before_anything_is_computed():
    said = scripts.python(RunSettings(), None, Computed(threads=3))
    assert said.index("\ntorch.set_num_threads(3)") < said.index("gm.datasets.load")
    assert shlex.split(scripts.command_line(RunSettings(), None, Computed(threads=3)))[-2:] == ["--threads", "3"]


def test_a_piece_that_holds_all_samples_is_not_stated(tmp_path):
    _, found = computed(settings_of("network", tmp_path), piece=4096)
    assert found.computed.piece == 0
    assert "piece" not in code_of(found) + command_of(found)


def test_a_device_is_stated_for_the_network():
    found = Computed(device="cuda:1")
    settings = RunSettings(network="/there/net.pt", driver="network")
    assert 'network = gm.load_checkpoint(settings.network, device="cuda:1")' in scripts.python(settings, None, found)
    assert "--device cuda:1" in scripts.command_line(settings, None, found)
    assert "cuda" not in scripts.python(RunSettings(), None, found)


# ---------------------------------------------------------------- hints, names and what cannot be said

HINTS = {"diffusion.steps": 1000, "new": True, "word": "linear", "yes": "true", "number": "12", "list": "1,2", "b": 0.1}


def test_a_network_that_was_opened_with_hints_runs_again(tmp_path):
    path = state_dict(tmp_path / "a b.pt")
    settings = RunSettings(data="", network=str(path), driver="network", steps=2, count=2, solver="euler")
    run, found = computed(settings, hints=ANSWERS)
    assert found.network.hints == ANSWERS
    assert same(run, here(code_of(found))["run"])
    assert cli.run(cli.parse([*shlex.split(command_of(found))[2:], "--out", str(tmp_path)])) == 0
    assert same(run, gm.Trajectory.load(tmp_path / "run.npz"))


def test_hints_are_stated_and_read_again():
    network = NetworkIdentity(name="net", sha256=None, hints=HINTS)
    settings = RunSettings(network="/there/net.pt", driver="network", data="")
    arguments = cli.parse(shlex.split(scripts.command_line(settings, network))[2:])
    assert cli_hints.answers(cli_hints.hints(arguments)) == HINTS
    said = scripts.python(settings, network)
    assert 'hints={"diffusion": {"steps": 1000}, "new": True,' in said


def test_the_networks_of_the_program_are_found_wherever_it_is_installed(tmp_path):
    settings = settings_of("network", tmp_path)
    said = scripts.python(settings)
    assert 'network=str(resources.path("checkpoints", "two-moons.safetensors")),' in said
    assert settings.network not in said


def test_paths_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("1,2\n3,4\n")
    assert repr(str(tmp_path / "own.csv"))[1:-1] in scripts.python(RunSettings(data="own.csv"))
    assert str(tmp_path / "own.csv") in shlex.split(scripts.command_line(RunSettings(data="own.csv")))


@pytest.mark.parametrize(
    "name", ["/a b", "/a'b", '/a"b', "/a'\"b", "/$(x)`y`", "/a\\b", "/a\nimport os", "-x.csv", "/ü\u202eλ", "~/#!*?"]
)
def test_a_name_is_nothing_but_a_name(name):
    settings = RunSettings(data=name, data_columns=name)
    tree = compile(scripts.python(settings), "copied.py", "exec")
    assert name in tree.co_consts
    parsed = cli.settings_from(cli.parse(shlex.split(scripts.command_line(RunSettings(data=name)))[2:]))
    assert parsed.data == name


@pytest.mark.parametrize("name", ["/a\x1b[31mb", "/a\x00", "/a\udcffb"])
def test_a_name_that_no_terminal_passes_on_goes_into_python_alone(name):
    assert name in compile(scripts.python(RunSettings(data=name)), "copied.py", "exec").co_consts
    with pytest.raises(ValueError, match=r"no terminal passes on; copy the run as Python") as caught:
        scripts.command_line(RunSettings(data=name))
    assert str(caught.value).isprintable()


def test_thousands_of_levels_are_written_out_in_python_alone(tmp_path):
    levels = tuple(1 / (k + 3) for k in range(10_001))
    settings = RunSettings(schedule="custom", levels=levels)
    said = scripts.python(settings)
    assert max(map(len, said.splitlines())) <= 120
    assert here(said.partition("data = ")[0])["settings"].levels == levels
    with pytest.raises(ValueError, match="levels or a drawing is longer than a command line takes; copy the run as Py"):
        scripts.command_line(settings)


def test_own_code_is_not_copied():
    settings = RunSettings(network="/there/mine.py:make", driver="network")
    for write in (scripts.python, scripts.command_line):
        with pytest.raises(ValueError, match="a denoiser of your own code, which is not copied"):
            write(settings)

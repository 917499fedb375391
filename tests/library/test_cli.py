"""The command line: what it writes, what it refuses in a sentence, and the program where there is no display."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from animals import IN_NETWORK, write_network, write_table

import geomodel as gm
import resources
from geomodel import cli, runs
from geomodel.settings import RunSettings, from_json

ROOT = Path(__file__).parents[2]
CHECKPOINT = str(resources.path("checkpoints", "two-moons.safetensors"))
SMALL = ["--steps", "4", "--count", "3", "--data-count", "50"]


def run(tmp_path, *options):
    """Exit code, and the trajectory where one was written."""
    out = tmp_path / "out"
    code = cli.run(cli.parse(["run", "--out", str(out), *SMALL, *options]))
    return code, gm.Trajectory.load(out / "run.npz") if (out / "run.npz").exists() else None


def settings_of(trajectory):
    return from_json(trajectory.settings["run"])


# ---------------------------------------------------------------- what is written


def test_a_named_set_gives_the_run_of_the_library(tmp_path, capsys):
    code, written = run(tmp_path, "--data", "two-moons", "--seed", "5", "--rho", "3", "--start", "exact")
    assert code == 0
    settings = RunSettings(data="two-moons", data_count=50, steps=4, count=3, seed=5, rho=3.0, start="exact")
    expected = runs.compute(settings, gm.datasets.load("two-moons", count=50))
    assert np.array_equal(written.x, expected.x)
    assert settings_of(written) == settings_of(expected)
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [str(tmp_path / "out" / name) for name in ("run.npz", "measures.csv")]
    assert "step 4/4  8 evaluations" in shown.err


def test_the_measures_are_a_table_with_a_row_for_every_level_and_sample(tmp_path):
    assert run(tmp_path)[0] == 0
    with (tmp_path / "out" / "measures.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:3] == ["level", "sigma [data units]", "sample"]
    assert len(rows) == 5 * 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["measures.csv", "run.npz"]


def test_a_class_is_said_by_its_name(tmp_path, capsys):
    table = write_table(tmp_path / "animals.csv")
    network = write_network(tmp_path / "net.safetensors")
    code, written = run(tmp_path, "--data", table, "--model", network, "--label", str(IN_NETWORK.index("dog")))
    assert (code, written.settings["class"]) == (0, "dog")
    assert "Class 0 is 'dog'." in capsys.readouterr().err
    code, written = run(tmp_path, "--data", table, "--model", network, "--label", str(IN_NETWORK.index("bee")))
    assert (code, written.extras) == (0, {})
    assert "have no class 'bee' (only ant, cat, dog), so nothing is compared with D*." in capsys.readouterr().err


def test_columns_of_a_table_are_chosen(tmp_path):
    (tmp_path / "t.csv").write_text("a,kind,b,c\n" + "".join(f"{n / 7},k{n % 2},{n / 3},{n}\n" for n in range(9)))
    options = ["--data", str(tmp_path / "t.csv"), "--data-columns", "a, b; class kind"]
    code, written = run(tmp_path, *options, "--label", "1")
    assert code == 0
    settings = settings_of(written)
    assert settings.data_columns == "a, b; class kind"
    data = settings.data_key.load()
    assert written.settings["data"]["fingerprint"] == data.fingerprint
    assert np.array_equal(runs.compute(settings, data).x, written.x)
    out = str(tmp_path / "net.safetensors")
    small = ["--iterations", "2", "--batch", "4", "--width", "8", "--depth", "1", "--conditional"]
    assert cli.run(cli.parse(["train", *options, "--out", out, *small])) == 0
    assert gm.load_checkpoint(out).info.label_names == ("k0", "k1")


def test_a_file_of_points(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("x,y\n0,1\n2,3\n4,5\n")
    code, written = run(tmp_path, "--data", str(points), "--start", "data", "--start-index", "2")
    assert code == 0
    assert written.settings["data"]["points"] == 3
    assert settings_of(written).start_index == 2
    assert written.x.shape == (5, 3, 2)


def test_a_start_point_is_where_the_first_sample_starts(tmp_path):
    code, written = run(tmp_path, "--start-point=-1.5,2")
    assert (code, settings_of(written).start, written.x[0, 0].tolist()) == (0, "point", [-1.5, 2.0])


def test_a_checkpoint_drives_unless_another_driver_is_named(tmp_path):
    code, driven = run(tmp_path, "--model", CHECKPOINT)
    assert (code, settings_of(driven).driver, driven.x.dtype) == (0, "network", np.float32)
    assert "denoiser_difference" in driven.extras
    assert driven.settings["network"]["name"] == "two-moons"
    code, beside = run(tmp_path, "--model", CHECKPOINT, "--driver", "optimal")
    assert (code, settings_of(beside).driver, beside.x.dtype) == (0, "optimal", np.float64)


def test_a_checkpoint_runs_without_data(tmp_path):
    code, driven = run(tmp_path, "--model", CHECKPOINT, "--data", "")
    assert code == 0
    assert driven.extras == {}
    assert "data" not in driven.settings


def test_solver_options_are_numbers_and_truths(tmp_path):
    options = ["--option", "order=2", "--option", "lower_order_final=true", "--option", "analytic_first_step=True"]
    code, written = run(tmp_path, "--solver", "ipndm", *options)
    assert code == 0
    expected = {"order": 2, "lower_order_final": True, "analytic_first_step": True}
    assert settings_of(written).options == expected
    assert written.evaluations == 3
    code, written = run(tmp_path, "--solver", "dpm2", "--option", "r=0.25")
    assert (code, settings_of(written).options) == (0, {"r": 0.25})


def test_a_final_zero_is_one_of_the_steps(tmp_path):
    code, written = run(tmp_path, "--final-zero", "--sigma-max", "20", "--sigma-min", "0.1", "--schedule", "uniform")
    assert code == 0
    assert np.array_equal(written.sigmas, gm.schedules.uniform(4, 0.1, 20.0, final_zero=True))
    assert written.evaluations == 7
    assert np.array_equal(written.x[-1], written.denoised[-1])


def test_the_mixture_drives_where_there_is_one(tmp_path):
    code, written = run(tmp_path, "--data", "gaussian-ring", "--driver", "mixture")
    assert (code, settings_of(written).driver) == (0, "mixture")


def test_a_class_guidance_and_a_blend(tmp_path):
    code, written = run(tmp_path, "--label", "1", "--guidance", "2.5")
    assert (code, written.labels.tolist()) == (0, [1, 1, 1])
    assert settings_of(written).guidance == 2.5
    code, written = run(tmp_path, "--model", CHECKPOINT, "--driver", "blend", "--blend", "0.25")
    assert (code, settings_of(written).driver, settings_of(written).blend) == (0, "blend", 0.25)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "three-moons"], "three-moons"),
        (["--data", "missing.csv"], "missing.csv"),
        (["--model", "missing.safetensors"], "missing.safetensors"),
        (["--model", CHECKPOINT, "--data", "fashion-mnist"], "(1, 28, 28)"),
        (["--driver", "network"], "checkpoint"),
        (["--driver", "mixture"], "two-moons has no mixture density"),
        (["--steps", "0"], "Steps must be at least 1"),
        (["--count", "1000000000"], "1,000,000,000 trajectories"),
        (["--data-count", "0"], "Points must be at least 1"),
        (["--sigma-max", "-3"], "σ max must lie between 10⁻¹⁰⁰ and 10¹⁰⁰"),
        (["--sigma-max", "nan"], "σ max must lie between 10⁻¹⁰⁰ and 10¹⁰⁰"),
        (["--sigma-min", "5", "--sigma-max", "1"], "smaller than σ max"),
        (["--sigma-min", "500"], "sigma_min must be above 0 and below sigma_max"),
        (["--data-columns", "1; 2"], "does not say which columns to take"),
        (["--data-columns", "1-2"], "two-moons is no table"),
        (["--rho", "0.05"], "ρ must be at least 0.1"),
        (["--start", "data", "--start-index", "50"], "points 0 to 49"),
        (["--start", "point"], "The start point has 0 numbers; these data need 2"),
        (["--start-point", "1,nan"], "The coordinates of the start point must be finite"),
        (["--start-point", "1,2", "--start", "exact"], "The option --start-point is for the start “point”"),
        (["--threads", "0"], "--threads lies between 1 and 4,096; got 0."),
        (["--piece", "-1"], "--piece lies between 1 and 1,000,000,000; got -1."),
        (["--label", "7"], "two-moons has no points of class 7"),
        (["--blend", "2"], "Share a must be at most 1"),
        (["--option", "order"], "--option takes NAME=VALUE"),
        (["--option", "order=2"], "The solver heun has no option order; its options are analytic_first_step."),
        (["--solver", "ipndm", "--option", "order=9"], "order lies between 1 and 4"),
        (["--solver", "ipndm", "--option", "order=two"], "order must be a whole number"),
        (["--solver", "dpm2", "--option", "r=nan"], "r must be a finite number"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_code_2(tmp_path, capsys, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    code, written = run(tmp_path, *options)
    shown = capsys.readouterr()
    assert (code, written, shown.out) == (2, None, "")
    assert said in shown.err
    assert shown.err.endswith(".\n")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--solver", "rk99"],
        ["--schedule", "custom"],
        ["--driver", "magic"],
        ["--start-point", "1;2"],
        ["--steps", "many"],
        ["--wrong", "1"],
    ],
)
def test_arguments_that_cannot_be_read_are_refused_by_the_parser(capsys, options):
    with pytest.raises(SystemExit) as left:
        cli.parse(["run", *options])
    assert left.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_a_folder_that_cannot_be_is_refused_before_the_work(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cli, "_compute", None)
    assert cli.run(cli.parse(["run", "--out", str(tmp_path / "file")])) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'file'} could not be written: File exists.\n"


def test_an_interrupt_leaves_with_130_and_writes_nothing(tmp_path, capsys, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "compute", interrupted)
    assert run(tmp_path) == (130, None)
    assert "Cancelled" in capsys.readouterr().err


# ---------------------------------------------------------------- help and the parser


@pytest.mark.parametrize("command", [[], ["run"], ["train"]])
def test_help_can_be_printed(capsys, command):
    with pytest.raises(SystemExit) as left:
        cli.parse([*command, "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert "--help" in text
    expected = {"run": ["--option NAME=VALUE", "dpmpp_2m", "two-moons"], "train": ["--resume"], "": ["train", "run"]}
    assert all(word in text for word in expected["".join(command)])


def test_every_setting_can_be_given():
    given = {name for _, name, _ in cli.FIELDS} | {"options", "driver_options", "final_zero", "beside"}
    fields = set(RunSettings.__dataclass_fields__) - {"schema_version"}
    assert given == fields


def test_defaults_are_those_of_the_settings():
    assert cli.settings_from(cli.parse(["run"])) == RunSettings()


def test_files_to_open_are_collected():
    parsed = cli.parse(["--open", "a.npz", "--open", "b.csv"])
    assert (parsed.command, parsed.files) == ("", ["a.npz", "b.csv"])


def test_files_that_stand_first_are_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine.geomodel").touch()
    parsed = cli.parse(["mine.geomodel", "away.npz", "folder", "--data", "spiral"])
    assert parsed.files == [str(tmp_path / "mine.geomodel"), "away.npz", str(tmp_path / "folder")]
    assert (parsed.command, parsed.data) == ("", "spiral")
    (tmp_path / "run").touch()
    assert cli.parse(["run", "--steps", "3"]).command == "run"


def test_a_command_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        cli.parse(["trian"])
    assert "invalid choice" in capsys.readouterr().err


# ---------------------------------------------------------------- the program


def start(tmp_path, *arguments, **environment):
    """`python main.py` from another folder, without any display of ours."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        cwd=tmp_path,
        env={**kept, "GEOMODEL_HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_from_another_folder(tmp_path):
    result = start(tmp_path, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "usage: main.py" in result.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_without_a_display_the_headless_command_is_named(tmp_path):
    result = start(tmp_path)
    assert result.returncode == 1
    assert "There is no display" in result.stderr
    assert "python main.py run --data two-moons" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_figures_are_drawn_without_a_display(tmp_path):
    result = start(tmp_path, "run", "--out", "results", "--figures", *SMALL, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stderr
    written = {path.name: path.read_bytes()[:4] for path in (tmp_path / "results").iterdir()}
    assert sorted(written) == ["measures.csv", "measures.png", "plane.png", "run.npz"]
    assert written["plane.png"] == written["measures.png"] == b"\x89PNG"
    assert not (tmp_path / "home").exists()  # no settings, no log

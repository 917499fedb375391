"""The command `claims`."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

import resources
from geomodel import cli, cli_claims
from geomodel.experiments import literature

NUMBER = {statement.find.__name__: statement.number for statement in literature.STATEMENTS}
SMALL = ("--data", "clusters-64", "--data-count", "100", "--count", "2")


def command(*arguments: object) -> int:
    return cli.run(cli.parse(["claims", *map(str, arguments)]))


def test_toys_need_neither_data_nor_model(tmp_path, capsys):
    names = ("straight_gaussian", "small_bandwidth", "rates_vanish", "growth_in_dimension")
    gaussian, bandwidth, rates, growth = (NUMBER[name] for name in names)
    assert command("--only", f"{gaussian},{bandwidth},{rates}-{growth}", "--out", tmp_path / "toys.md") == 0
    shown = capsys.readouterr()
    assert "5 hold, 0 do not hold, 0 do not apply." in shown.out
    assert shown.out.splitlines()[-1] == str(tmp_path / "toys.md")
    assert "−11.77" in (tmp_path / "toys.md").read_text("utf-8")
    assert shown.err == ""


def test_a_table_as_csv(tmp_path, capsys):
    new = str(NUMBER["new_samples"])
    assert command(*SMALL, "--only", f"1,17,{new}", "--out", tmp_path / "r.csv") == 0
    with open(tmp_path / "r.csv", encoding="utf-8", newline="") as file:
        rows = {row["number"]: row for row in csv.DictReader(file)}
    assert rows["1"]["verdict"] == "holds"
    assert rows[new]["verdict"] == "does not hold", "D* repeats its data"
    assert "17  holds" in capsys.readouterr().out


def test_the_mixture_and_a_class_may_be_asked_for(capsys):
    assert command(*SMALL, "--driver", "mixture", "--only", NUMBER["new_samples"]) == 0
    assert f"{NUMBER['new_samples']}  holds" in capsys.readouterr().out
    assert command(*SMALL, "--label", "3", "--only", "16") == 0
    assert "16  holds" in capsys.readouterr().out


def test_a_network_drives_where_there_is_one(capsys):
    network = resources.path("checkpoints", "two-moons.safetensors")
    assert command("--data", "two-moons", "--model", network, "--count", "2", "--only", "13,17") == 0
    shown = capsys.readouterr().out
    assert "float32" in shown
    assert "64" in shown


def test_the_exit_code_says_that_a_self_test_failed(monkeypatch, capsys):
    right = literature.identities.implied_by
    monkeypatch.setattr(literature.identities, "implied_by", lambda *a, **more: 1.01 * right(*a, **more))
    assert command(*SMALL, "--only", "1,3") == 1
    assert "Self-tests that do not hold: 3." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "report.txt"), "neither .md"),
        (("--out", "nowhere/report.md"), "is not a place for a file"),
        (("--data", "no-such-set"), "There is no data set"),
        ((*SMALL[:2], "--driver", "network"), "only when a checkpoint is open"),
        (("--data", "two-moons", "--driver", "mixture"), "mixture"),
        ((*SMALL, "--label", "30"), "class"),
        (("--only", "99"), "There is no claim 99"),
        (("--count", "0"), "at least one sample"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, sentence, capsys):
    assert command(*arguments) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err


def test_lists_of_numbers():
    assert cli_claims.numbers("1, 5,17-20") == (1, 5, 17, 18, 19, 20)
    with pytest.raises(cli_claims.ArgumentTypeError, match="no number of a claim"):
        cli_claims.numbers("1,b")


def test_progress_is_shown_on_a_terminal_and_a_cancel_writes_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli_claims.sys.stderr, "isatty", lambda: True, raising=False)
    line = cli_claims._ProgressLine()
    monkeypatch.setattr(cli_claims, "monotonic", lambda: float("inf"))
    line(17, 0.25)
    assert "claim 17   25%" in capsys.readouterr().err

    def interrupted(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(literature, "each", interrupted)
    assert command(*SMALL, "--out", tmp_path / "r.md") == 130
    assert not (tmp_path / "r.md").exists()


def test_a_report_is_written_before_it_is_printed(monkeypatch, tmp_path):
    """So that a closed pipe, as of `head`, does not lose it."""
    monkeypatch.setattr("builtins.print", lambda *a, **more: (_ for _ in ()).throw(BrokenPipeError))
    with pytest.raises(BrokenPipeError):
        command(*SMALL, "--only", "1", "--out", tmp_path / "r.md")
    assert (tmp_path / "r.md").exists()


@pytest.mark.slow
def test_the_bundled_network():
    """What was found on it by other programs: the papers' shapes, but neither their match nor their straight end."""
    import geomodel as gm

    model = gm.load_checkpoint(resources.path("checkpoints", "fashion-mnist.safetensors"))
    data = gm.datasets.load("fashion-mnist")
    quick = [s.number for s in literature.STATEMENTS if s.kind != "toy" and s.find.__name__ != "early_jump"]
    shares = [s.number for s in literature.STATEMENTS if s.find.__name__ == "decided_classes"]  # need more samples
    quick = [number for number in quick if number not in shares]
    found = {claim.number: claim for claim in gm.experiments.claims(model, data, count=4, only=quick)}
    assert {claim.verdict for claim in gm.experiments.claims(model, data, count=16, only=shares)} == {"holds"}
    assert not literature.failed_self_tests(found.values())
    by_name = {s.find.__name__: found[s.number] for s in literature.STATEMENTS if s.number in found}
    assert {name for name, claim in by_name.items() if claim.verdict == "does not hold"} <= {
        "straight_at_last",
        "alike_at_large_noise",
        "designed_levels",
    }
    assert by_name["straight_at_last"].measured == pytest.approx(0.62, abs=0.05)
    assert by_name["small_deviation"].measured == pytest.approx(0.0048, abs=0.001)
    assert by_name["two_components"].measured == pytest.approx(0.988, abs=0.01)
    assert by_name["curvature_relation"].verdict == "not applicable"
    assert replace(by_name["noise_share"], reason="").verdict == "holds"

"""Tables over many samples: shards of sums give what all samples at once give, whatever was killed on the way."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from jobs import job

import geomodel as gm
from geomodel import cli, runs, study
from geomodel.experiments import explain, literature
from geomodel.experiments.literature import pooling
from geomodel.quality import Yardstick
from geomodel.settings import RunSettings
from geomodel.study_claims import claims_in
from geomodel.study_levels import qualities_in
from geomodel.study_theories import explained_in

SMALL = ("--data-count", "50", "--samples", "70", "--batch", "32", "--seed", "5")
RUN = ("--data", "two-moons", "--steps", "4")
CLAIMS = ("--data", "clusters-64", "--data-count", "60", "--samples", "7", "--batch", "3")
NUMBER = {statement.find.__name__: statement.number for statement in literature.STATEMENTS}
ONLY = [NUMBER[name] for name in ("noise_length", "straight_gaussian", "long_chord", "short_arc", "softmax_mean")]
COMMANDS = {
    "quality": (*RUN, *SMALL),
    "theories": (*RUN, *SMALL, "--theory", "gaussian", "--theory", "bandwidth", "factor=2"),
    "claims": (*CLAIMS, "--only", ",".join(map(str, ONLY))),
}


def command(name, out, *options):
    return cli.run(cli.parse([name, "--out", str(out), *COMMANDS[name], *options]))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One finished folder of each command."""
    found = {name: tmp_path_factory.mktemp(name) for name in COMMANDS}
    for name, folder in found.items():
        assert command(name, folder) == 0
    return found


def whole():
    settings = RunSettings(data="two-moons", data_count=50, steps=4, seed=5, count=70)
    data = gm.datasets.load("two-moons", count=50)
    return data, runs.compute(settings, data)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_theories_are_those_of_all_samples_at_once(folders):
    found = explained_in(study.read(folders["theories"]))
    data, run = whole()
    optimal = gm.OptimalDenoiser(data.points)
    models = {"gaussian": gm.theories.build("gaussian", data), "bandwidth": gm.BandwidthDenoiser(optimal, 2.0)}
    x = np.asarray(run.x[:-1], np.float64)
    known = explain(optimal, models, x, run.sigmas[:-1], data.mean)
    # the same sums of 70 numbers in another order
    np.testing.assert_allclose(found.r2, known.r2, rtol=1e-9)
    np.testing.assert_allclose(found.distance, known.distance, rtol=1e-9)
    np.testing.assert_allclose(found.itself, known.itself, rtol=1e-9)
    np.testing.assert_array_equal(found.wins, known.wins)
    assert (found.names, found.count) == (("gaussian", "bandwidth"), 70)
    rows = table(folders["theories"] / "theories.csv")
    assert [float(row["r2"]) for row in rows] == found.r2.ravel().tolist()


def test_the_error_is_the_jackknife_over_shards(folders):
    found = explained_in(study.read(folders["theories"]))
    data, run = whole()
    model, optimal = gm.theories.build("gaussian", data), gm.OptimalDenoiser(data.points)
    x, parts = np.asarray(run.x[:-1], np.float64), np.split(np.arange(70), [32, 64])
    left = [
        explain(optimal, {"gaussian": model}, np.delete(x, part, axis=1), run.sigmas[:-1], data.mean).r2[0]
        for part in parts
    ]
    expected = np.sqrt(2 / 3 * np.square(left - np.mean(left, axis=0)).sum(axis=0))
    np.testing.assert_allclose(found.error[0], expected, rtol=1e-6)  # differences of shares that agree to 1e-3


def test_quality_is_that_of_all_samples_at_once(folders):
    data, run = whole()
    yardstick = Yardstick.of(data.points, 70, seed=5)
    lines = qualities_in(study.read(folders["quality"]), yardstick)
    assert [(cloud, sigma) for cloud, sigma, _ in lines] == [
        *(("x", sigma) for sigma in run.sigmas.tolist()),
        *(("D", sigma) for sigma in run.sigmas[:-1].tolist()),
    ]
    held = len(yardstick.held_out)
    for rows, (cloud, _, found) in zip([*run.x, *run.denoised], lines, strict=True):
        known = yardstick.measure(rows)
        # a distance of D at the largest σ, where all D agree to 1e-4, loses digits to the sums
        assert found.frechet == pytest.approx(known.frechet, rel=1e-9, abs=1e-12), cloud
        assert found.spread == pytest.approx(known.spread, rel=1e-9)
        assert found.nearest == pytest.approx(known.nearest, rel=1e-12)
        assert found.count == 70
        # of as many samples as were held out, in float32
        assert found.sliced == pytest.approx(yardstick.measure(rows[:held]).sliced, rel=1e-5)
    rows = table(folders["quality"] / "quality.csv")
    assert rows[-1]["cloud"] == "held-out data"
    assert float(rows[0]["frechet"]) == lines[0][2].frechet


def test_claims_that_are_means_are_those_of_all_samples_at_once(folders):
    found = {claim.number: claim for claim in claims_in(study.read(folders["claims"]))}
    data = gm.datasets.load("clusters-64", count=60)
    optimal = gm.OptimalDenoiser(data.points)
    known = {claim.number: claim for claim in literature.claims(optimal, data, count=7, only=ONLY)}
    assert sorted(found) == sorted(ONLY)
    for name in ("long_chord", "short_arc"):
        own, other = found[NUMBER[name]], known[NUMBER[name]]
        assert own.measured == pytest.approx(other.measured, rel=1e-9)
        assert own.spread == pytest.approx(other.spread, rel=1e-6)  # of squares
        assert own.n == 7
        assert own.reason.startswith("The mean of 3 batches, of which 3 hold, from ")
    toy = found[NUMBER["straight_gaussian"]]
    assert (toy.measured, toy.reason) == (known[toy.number].measured, known[toy.number].reason)
    assert found[NUMBER["noise_length"]].n == 3 * 256
    assert (folders["claims"] / "claims.md").read_text("utf-8").startswith("# Claims\n\n7 samples in batches of 3")


def test_each_shard_is_a_report_of_its_own_samples(folders):
    data = gm.datasets.load("clusters-64", count=60)
    optimal = gm.OptimalDenoiser(data.points)
    report = pooling.read((folders["claims"] / "claims-00001.json").read_bytes())
    known = literature.claims(optimal, data, count=3, seed=3, only=[claim.number for claim in report])
    assert repr(report) == repr(known)
    assert all(claim.kind != "toy" for claim in report)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_shard_that_is_missing_is_computed_again(folders, name, tmp_path):
    for file, content in contents(folders[name]).items():
        (tmp_path / file).write_bytes(content)
    lost = next(tmp_path.glob(f"{name}-00001.*"))
    lost.unlink()
    assert command(name, tmp_path) == 0
    assert contents(tmp_path) == contents(folders[name])


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("quality", ("--count", "3"), "--count is for one run"),
        ("quality", ("--steps", "5"), "other settings"),
        ("theories", ("--theory", "nearest"), "other settings"),
        ("theories", ("--theory", "local"), "is for images"),
        ("theories", ("--theory", "nothing"), "There is no theory"),
        ("theories", ("--theory", "bandwidth", "factor=0"), "between 0.01"),
        ("theories", ("--theory", "bandwidth", "width=2"), "has no option width"),
        ("claims", ("--count", "3"), "--count is for one run"),
        ("claims", ("--only", "1"), "other settings"),
        ("claims", ("--data", ""), "Toys have no samples"),
    ],
)
def test_what_does_not_fit_is_a_sentence(folders, capsys, name, options, sentence):
    before = contents(folders[name])
    assert command(name, folders[name], *options) == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert len(shown.splitlines()) == 1
    assert contents(folders[name]) == before


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("content", [b"", b"[{}]", b"PK\x03\x04", json.dumps([{"number": 1}]).encode()])
def test_shards_of_a_stranger_are_a_sentence(folders, name, content, tmp_path, capsys):
    for file, own in contents(folders[name]).items():
        (tmp_path / file).write_bytes(own)
    next(tmp_path.glob(f"{name}-00001.*")).write_bytes(content)
    assert command(name, tmp_path) == 2
    assert "cannot be read; remove it and start the command again." in capsys.readouterr().err


def test_numbers_of_another_shape_and_ends_that_are_not_kept_are_a_sentence(folders, tmp_path):
    with pytest.raises(study.StudyError, match="keeps numbers for a table of theories"):
        list(study.read(folders["theories"]).ends())
    for file, own in contents(folders["theories"]).items():
        (tmp_path / file).write_bytes(own)
    np.savez(tmp_path / "theories-00001.npz", **dict.fromkeys(("count", "sigmas", "squares", "lengths"), np.zeros(3)))
    with pytest.raises(study.StudyError, match=r"cannot be read|no shard of this study"):
        explained_in(study.read(tmp_path))


def claim_of(name, **numbers):
    statement = next(s for s in literature.STATEMENTS if s.number == NUMBER[name])
    return literature.Claim(statement=statement, **{"verdict": "holds", "n": 4, "expected": 1.0, **numbers})


def test_an_identity_is_that_of_its_worst_batch():
    batches = [
        claim_of("noise_length", measured=1.3, tolerance=0.5, reason="a"),
        claim_of("noise_length", measured=0.2, tolerance=0.5, reason="b", verdict="does not hold"),
        claim_of("noise_length", measured=1.1, tolerance=0.5, reason="c"),
    ]
    (found,) = pooling.pooled([batch] for batch in batches)
    assert (found.measured, found.verdict, found.n) == (0.2, "does not hold", 12)
    assert found.reason == "The worst of 3 batches, of which 2 hold. b"


def test_an_observation_is_weighed_by_its_samples_and_needs_most_batches():
    a = claim_of("long_chord", measured=0.9, spread=0.1, n=10, tolerance=0.2)
    b = claim_of("long_chord", measured=1.2, spread=0.2, n=30, tolerance=0.2)
    no = claim_of("long_chord", measured=np.nan, n=0, verdict="not applicable", reason="Not applicable because.")
    (found,) = pooling.pooled([[no], [a], [b]])
    assert found.measured == pytest.approx(1.125)
    # the deviation of a cloud of ten and one of thirty, from its definition
    assert found.spread == pytest.approx(np.sqrt((10 * (0.1**2 + 0.225**2) + 30 * (0.2**2 + 0.075**2)) / 40))
    assert (found.n, found.verdict) == (40, "holds")
    assert "2 batches, of which 2 hold; 1 more do not apply" in found.reason
    wrong = replace(b, verdict="does not hold")  # another condition of the claim failed
    assert pooling.pooled([[a], [wrong], [wrong]])[0].verdict == "does not hold"
    assert pooling.pooled([[no], [no]])[0].verdict == "not applicable"


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", COMMANDS)
def test_more_processes_write_the_same_table_and_shards(name, tmp_path):
    options = [*COMMANDS[name], "--threads", "1", "--out"]
    job("main.py", 2, name, *options, tmp_path / "many")
    assert cli.run(cli.parse([name, *options, str(tmp_path / "one")])) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "many")

"""Networks of every family as checkpoints of this program: the same D, bit for bit, and nothing half written."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lies
import pytest
import safetensors.torch
import torch
from blueprints import CASES, CLOCKS, CONFIGS, EDM, blueprint, denoiser, opened
from checkpoint_files import DESCRIPTION, LABELLED, described, saved
from public_files import SIGMA, noisy

from geomodel.checkpoints import CheckpointError, load_checkpoint, save
from geomodel.checkpoints.hints import nested
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.inert import safetensors_writing
from geomodel.networks import OPENED, assemble


def bits(model: NetworkDenoiser) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in model.network.state_dict().items()}


def check_same(model: NetworkDenoiser, path: Path, hints: dict[str, Any] | None = None) -> NetworkDenoiser:
    """The file at `path` is the same network: its numbers, what it is built from, its clock, D, and its card."""
    again = load_checkpoint(path, hints=hints)
    expected, found = model.network.state_dict(), again.network.state_dict()
    assert found.keys() == expected.keys()
    assert all(
        torch.equal(tensor.view(torch.int32), found[name].view(torch.int32)) for name, tensor in expected.items()
    )
    assert (again.plan.config, again.clock, again.plan.said) == (model.plan.config, model.clock, model.plan.said)
    labels = [0, 2, -1 if model.info.has_null_class else 1, 1] if model.num_classes else None
    x = noisy(model.shape)
    assert torch.equal(again(x, SIGMA, labels), model(x, SIGMA, labels))
    fixed = {"name": path.stem, "path": path, "format": "native", "dtype": "float32", "sha256": again.info.sha256}
    size = {"parameters": again.info.parameters, "size": 4 * again.info.parameters, "device": "cpu"}
    assert again.info == replace(model.info, **fixed, **size)
    return again


def test_the_table_has_every_architecture() -> None:
    assert CONFIGS.keys() == OPENED.keys()


@pytest.mark.parametrize(("architecture", "labelled"), CASES)
def test_every_architecture_is_the_same_again(architecture: str, labelled: bool, tmp_path: Path) -> None:
    model = opened(architecture, labelled=labelled)
    written = save(model, tmp_path / "a.safetensors")
    again = check_same(model, tmp_path / "a.safetensors")
    assert again.info == written
    assert save(again, tmp_path / "b.safetensors").sha256 == written.sha256


def test_tensors_without_numbers(tmp_path: Path) -> None:
    """A network of lucidrains may have attention with no memory."""
    made = blueprint("lucidrains")
    made = replace(made, config=replace(made.config, memory=0))
    network = assemble(made)
    info = opened("lucidrains").info
    model = denoiser(network, replace(info, parameters=0, size=0), EDM, made)
    assert any(tensor.numel() == 0 for tensor in network.state_dict().values())
    save(model, tmp_path / "a")
    check_same(model, tmp_path / "a")


@pytest.mark.parametrize("name", CLOCKS)
def test_every_clock_is_the_same_again(name: str, tmp_path: Path) -> None:
    model = opened("dit", clock=CLOCKS[name])
    save(model, tmp_path / "a")
    again = check_same(model, tmp_path / "a")
    assert (again.sigma_min, again.sigma_max) == (CLOCKS[name].sigma_min, CLOCKS[name].sigma_max)
    assert torch.equal(torch.as_tensor(again.round_sigma(SIGMA)), torch.as_tensor(model.round_sigma(SIGMA)))


@pytest.mark.parametrize("family", lies.FAMILIES)
def test_files_of_every_family(family: str, tmp_path: Path) -> None:
    make, hints = lies.FAMILIES[family]
    (tmp_path / "original").mkdir()
    model = load_checkpoint(make(tmp_path / "original"), hints=hints)
    save(model, tmp_path / "a.safetensors")
    check_same(model, tmp_path / "a.safetensors")
    check_same(model, tmp_path / "a.safetensors", hints)  # a hint that repeats what the file says is welcome


def test_the_whole_card_is_kept(tmp_path: Path) -> None:
    model = opened(
        "adm",
        labelled=True,
        family="guided_diffusion",
        mean=(-1.0, 0.25, 1 / 3),
        unit=2.0,
        label_names=("a", "ß", "c"),
        average="ema_model",
        ignored={"optimizer": 12, "step": 0},
        remarks=("Read this.", "And “this”."),
        licence="CC BY-NC-SA 4.0",
        hints={"num_heads": 4, "diffusion.steps": 1000, "diffusion.noise_schedule": "linear"},
        data_name="cifar",
        data_fingerprint="sha256:0",
        data_count=50000,
        recipe={"note": None, "lr": 1e-3},
    )
    save(model, tmp_path / "a")
    check_same(model, tmp_path / "a")


def test_long_texts_are_cut(tmp_path: Path) -> None:
    many = {str(number): number for number in range(500)}
    model = opened("dit", licence="x" * 5000, remarks=("y" * 5000,) * 300, ignored={"z" * 5000: 1, **many})
    info = save(model, tmp_path / "a")
    assert (len(info.licence), len(info.remarks), len(info.ignored)) == (2000, 100, 100)
    assert max(map(len, (*info.remarks, *info.ignored))) == 2000


@pytest.mark.parametrize("description", [DESCRIPTION, LABELLED, replace(LABELLED, mean=(0.5, -3.0), unit=2.0)])
def test_our_own_files_stay_what_they_are(description: Any, tmp_path: Path) -> None:
    """An older program opens versions 1 and 2, so a network that they can describe is not written as version 3."""
    original = saved(tmp_path / "a.safetensors", description)
    model = load_checkpoint(tmp_path / "a.safetensors")
    save(model, tmp_path / "b.safetensors")
    assert (tmp_path / "b.safetensors").read_bytes() == original


def test_the_file_is_what_the_safetensors_library_writes(tmp_path: Path) -> None:
    model = opened("dit")
    save(model, tmp_path / "a")
    with safetensors.safe_open(tmp_path / "a", "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["geomodel"])["version"] == 3
    expected = safetensors.torch.save(dict(model.network.state_dict()), metadata)
    assert (tmp_path / "a").read_bytes() == expected
    mixed = {"b": torch.ones(3, dtype=torch.int64), "a": torch.ones(1, dtype=torch.bfloat16), "c": torch.ones(())}
    with (tmp_path / "b").open("wb") as stream:
        safetensors_writing.write(stream, mixed, {"σ": "ß"}, lambda share: None)
    assert (tmp_path / "b").read_bytes() == safetensors.torch.save(mixed, {"σ": "ß"})


# --- hints ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def guided(tmp_path: Path) -> Path:
    make, hints = lies.FAMILIES["adm"]
    model = load_checkpoint(make(tmp_path), hints={**hints, "family": "guided_diffusion"})
    save(model, tmp_path / "guided.safetensors")
    return tmp_path / "guided.safetensors"


@pytest.mark.parametrize(
    ("hints", "fragment"),
    [
        ({"num_heads": 8}, "the hint num_heads says 8, and the file says 4"),
        ({"family": "torchcfm"}, "'torchcfm'"),
        ({"image_size": 16}, "the hint image_size says 16, and the file says 8"),
        ({"use_new_attention_order": True}, "use_new_attention_order"),
        ({"use_scale_shift_norm": False}, "use_scale_shift_norm"),
        ({"diffusion": {"steps": 4000}}, "the hint diffusion.steps says 4000, and the file says 1000"),
        ({"diffusion": {"noise_schedule": "cosine"}}, "diffusion.noise_schedule"),
        ({"diffusion": {"prediction": "v"}}, "diffusion.prediction"),
        ({"num_channels": 64}, "the hint num_channels says 64, and the file says 32"),
        ({"hedas": 4}, "hedas"),
    ],
)
def test_hints_that_contradict_a_file_of_ours(hints: dict[str, Any], fragment: str, guided: Path) -> None:
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(guided, hints=hints)
    assert fragment in str(refusal.value)


@pytest.mark.parametrize("family", lies.FAMILIES)
def test_whatever_the_original_file_welcomes_is_welcome(family: str, tmp_path: Path) -> None:
    make, hints = lies.FAMILIES[family]
    (tmp_path / "original").mkdir()
    source = make(tmp_path / "original")
    model = load_checkpoint(source, hints=hints)
    said = model.plan.said
    assert any(len(values) == 1 for values in said.values())
    save(model, tmp_path / "a")
    for path in (source, tmp_path / "a"):
        for which in (0, -1):
            given = {name: values[which] if values else "anything" for name, values in said.items()}
            assert load_checkpoint(path, hints=nested(given)).plan.said.keys() == said.keys()


def test_said_of_every_kind(tmp_path: Path) -> None:
    said = {
        "a": ((1, (2, 3)),),
        "b": (None,),
        "c": (math.inf,),
        "d.e": (0.1,),
        "d.f": (False,),
        "g": ({"h": [True]},),
        "i": (8, 64),
        "free": (),
        "d.free": (),
    }
    model = opened("dit")
    model = denoiser(model.network, model.info, model.clock, model.plan.config, said=said)
    save(model, tmp_path / "a")
    assert load_checkpoint(tmp_path / "a").plan.said == said
    right = {"a": [1, [2, 3]], "b": None, "c": math.inf, "d": {"e": 0.1, "f": False, "free": 7}, "i": 64, "free": "x"}
    assert load_checkpoint(tmp_path / "a", hints=right)
    for name, value in {
        "a": [1, [2, 4]],
        "b": 0,
        "c": 1.0,
        "d": {"e": 0.2},
        "i": 9,
        "g": {"h": [False]},
        "j": 1,
    }.items():
        with pytest.raises(CheckpointError, match=rf"the hint {'d.e' if name == 'd' else name} "):
            load_checkpoint(tmp_path / "a", hints={name: value})
    model = denoiser(model.network, model.info, model.clock, model.plan.config, said={"a": ("x" * 5000,), "b": (1,)})
    save(model, tmp_path / "b")
    assert load_checkpoint(tmp_path / "b").plan.said == {"b": (1,)}


def test_hints_for_a_network_of_our_own(tmp_path: Path) -> None:
    saved(tmp_path / "a", LABELLED)
    noise = {"sigma_data": 1.5, "sigma_min": 0.003, "sigma_max": 150, "prediction": "edm"}
    assert load_checkpoint(tmp_path / "a", hints={"width": 8, "num_classes": 3, "diffusion": noise})
    for hints, fragment in (
        ({"width": 9}, "the hint width says 9, and the file says 8"),
        ({"diffusion": {"sigma_data": 0.5}}, "the hint diffusion.sigma_data says 0.5, and the file says 1.5"),
        ({"heads": 4}, "heads"),
    ):
        with pytest.raises(CheckpointError, match=fragment):
            load_checkpoint(tmp_path / "a", hints=hints)


# --- whole or not at all -------------------------------------------------------------------------------------------


class Stopped(BaseException):
    """What a cancel raises."""


def test_progress_rises_and_may_stop_at_any_point(tmp_path: Path) -> None:
    model, path = opened("adm"), tmp_path / "a"
    path.write_bytes(b"what was here")
    shares: list[float] = []

    def stop_after(share: float) -> Callable[[float], None]:
        def progress(done: float) -> None:
            shares.append(done)
            if done >= share:
                raise Stopped

        return progress

    for share in (0.0, 0.3, 0.5, 0.9):
        with pytest.raises(Stopped):
            save(model, path, progress=stop_after(share))
        assert path.read_bytes() == b"what was here"
        assert [*tmp_path.iterdir()] == [path]
    shares.clear()
    save(model, path, progress=stop_after(math.inf))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1


def test_what_is_read_back_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit that the disk changes is found, wherever it lies; what was there stays."""
    model, path = opened("dit"), tmp_path / "a"
    path.write_bytes(b"what was here")
    length = len(safetensors.torch.save(dict(model.network.state_dict())))
    for place in (length - 3, length // 2, -1):

        def spoilt(file: Any, *rest: Any, place: int = place) -> None:
            safetensors_writing.write(file, *rest)
            file.flush()
            name = Path(file.name)
            content = bytearray(name.read_bytes())
            content[place] ^= 1
            name.write_bytes(content)

        class Spoilt:
            write, same = staticmethod(spoilt), staticmethod(safetensors_writing.same)

        with monkeypatch.context() as patched:
            patched.setattr("geomodel.checkpoints.writing.safetensors_writing", Spoilt)
            with pytest.raises(CheckpointError, match="other bytes were read back"):
                save(model, path)
        assert path.read_bytes() == b"what was here"
        assert [*tmp_path.iterdir()] == [path]


def test_what_cannot_be_written(tmp_path: Path) -> None:
    model = opened("dit")
    with pytest.raises(CheckpointError, match="could not be written"):
        save(model, tmp_path / "nowhere" / "a")
    with pytest.raises(CheckpointError, match="could not be written"):
        save(model, tmp_path)
    made_in_a_script = NetworkDenoiser(model.network, model.info, model.clock)
    with pytest.raises(CheckpointError, match="made by a script"):
        save(made_in_a_script, tmp_path / "a")
    wrong = denoiser(model.network, replace(model.info, classes=5), model.clock, model.plan.config)
    with pytest.raises(CheckpointError, match="could not be opened again: it has 5 classes"):
        save(wrong, tmp_path / "a")
    with torch.no_grad():
        next(model.network.parameters()).fill_(math.nan)
    with pytest.raises(CheckpointError, match="not finite"):
        save(model, tmp_path / "a")
    assert not [*tmp_path.iterdir()]


# --- files of version 3 that lie -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"architecture": "mlp"}, "architecture"),
        ({"architecture": "x" * 61}, "description"),
        ({"config": {}}, "missing"),
        ({"config": 3}, "description"),
        ({"shape": [3, 8]}, "shape"),
        ({"shape": [3, 7, 8]}, "multiples"),
        ({"label_rows": -1}, "label_rows"),
        ({"label_rows": 1 << 30}, "label_rows"),
        ({"label_rows": 4}, "lacks"),
        ({"clock": {}}, "path"),
        ({"clock": {"path": "edm", "prediction": "edm", "time": "log", "wheels": 2}}, "wheels"),
        ({"clock": {"path": "edm", "prediction": "edm", "time": "never"}}, "never"),
        ({"clock": {"path": "edm", "prediction": "edm", "time": "table", "levels": [1.0, 0.5]}}, "do not rise"),
        ({"clock": {"path": "edm", "prediction": "edm", "time": "log", "sigma_data": -1}}, "sigma_data"),
        ({"clock": {"path": "edm", "prediction": "edm", "time": "log", "sigma_max": "∞"}}, "sigma_max"),
        ({"card": {"family": "edm"}}, "clock"),
        ({"card": {"family": "edm", "clock": "", "mean": [1.0]}}, "mean has 1 numbers"),
        ({"card": {"family": "edm", "clock": "", "unit": 0}}, "unit"),
        ({"card": {"family": "edm", "clock": "", "classes": 2}}, "2 classes and 0 rows"),
        ({"card": {"family": "edm", "clock": "", "has_null_class": True}}, "null class but no classes"),
        ({"card": {"family": "edm", "clock": "", "remarks": ["x" * 3000]}}, "remarks"),
        ({"card": {"family": "edm", "clock": "", "hints": {"a": [1]}}}, "hints"),
        ({"version": 2}, "description"),
    ],
)
def test_descriptions_that_lie(changes: dict[str, Any], fragment: str, tmp_path: Path) -> None:
    save(opened("dit"), tmp_path / "a")
    (tmp_path / "a").write_bytes(described((tmp_path / "a").read_bytes(), **changes))
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(tmp_path / "a")
    sentence = str(refusal.value)
    assert fragment in sentence
    assert sentence.startswith("a ")
    assert sentence.count("\n") == 0


def test_a_config_of_absurd_sizes_is_refused_by_arithmetic(tmp_path: Path) -> None:
    save(opened("dit"), tmp_path / "a")
    sizes = {"outputs": 6, "width": 1 << 16, "depth": 256, "heads": 1, "hidden": 1 << 18, "patch": 2}
    content = described((tmp_path / "a").read_bytes(), config={**sizes, "frequencies": 256})
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"it describes 256 blocks"):
        load_checkpoint(tmp_path / "a")
    (tmp_path / "a").write_bytes(described(content, config={**sizes, "depth": 2, "frequencies": 256}))
    with pytest.raises(CheckpointError, match="its config asks for"):
        load_checkpoint(tmp_path / "a")

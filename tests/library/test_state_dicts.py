"""Which of the weights in a training file are taken, by names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from geomodel.checkpoints.state_dicts import AVERAGES, WRAPPERS, find, find_object, flat
from geomodel.inert.values import Instance, Source, Storage, Tensor

SOURCE = Source(Path("a"), 0, 0, 0)
ANCHOR = "conv.weight"


def tensor(*shape):
    return Tensor(Storage("float32", 1000, SOURCE), 0, shape, (1,) * len(shape))


def state(prefix="", *, names=("conv.weight", "conv.bias")):
    return {prefix + name: tensor(3, count) for count, name in enumerate(names)}


def taken(value, chosen, *, prefix, average="", ignored=None):
    """Check that the weights `chosen`, and no others, were taken."""
    found = find(value, ANCHOR)
    assert found is not None
    assert list(found.tensors) == ["conv.weight", "conv.bias"]
    assert [id(item) for item in found.tensors.values()] == [id(item) for item in chosen.values()]
    assert (found.prefix, found.average, found.ignored) == (prefix, average, ignored or {})


def test_a_bare_state_dict():
    weights = state()
    taken(weights, weights, prefix="")


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "net.", "module._orig_mod.", "model.module."])
def test_prefixes_of_wrappers_are_removed(prefix):
    weights = state(prefix)
    taken(weights, weights, prefix=prefix)
    taken({"state_dict": weights, "epoch": 3}, weights, prefix=f"state_dict.{prefix}")


@pytest.mark.parametrize("word", AVERAGES)
@pytest.mark.parametrize("other", WRAPPERS)
def test_an_average_comes_before_the_last_weights(word, other):
    for value, chosen in (
        ({other: state(), word: (average := state())}, average),
        ({word: (average := state()), other: state()}, average),
        ({"state_dict": {**state(f"{other}."), **(inside := state(f"{word}."))}}, inside),
    ):
        found = find(value, ANCHOR)
        assert found.average == word
        assert [id(item) for item in found.tensors.values()] == [id(item) for item in chosen.values()]
        assert sum(found.ignored.values()) == 2


def test_the_files_of_known_codes():
    """The layouts of lucidrains, DiT, torch_cfm, JiT, k-diffusion and Lightning."""
    weights = state("ema_model.model.")
    lucidrains = {
        "step": 7,
        "model": state("model."),
        "opt": {"state": {0: {"exp_avg": tensor(3)}}, "param_groups": [{"params": [0]}]},
        "ema": {**state("online_model.model."), "ema_model.betas": tensor(9), **weights, "initted": tensor()},
    }
    ignored = {"model": 2, "opt": 1, "ema": 4}
    taken(lucidrains, weights, prefix="ema.ema_model.model.", average="ema_model", ignored=ignored)
    weights = state()
    args = Instance("argparse.Namespace", "Namespace", {"path_type": "Linear"})
    dit = {"model": state(), "ema": weights, "opt": {"state": {}}, "args": args}
    taken(dit, weights, prefix="ema.", average="ema", ignored={"model": 2})
    cfm = {"net_model": state(), "ema_model": weights, "sched": {}, "optim": {}, "step": 1}
    taken(cfm, weights, prefix="ema_model.", average="ema_model", ignored={"net_model": 2})
    jit = {"model": state("net."), "model_ema1": (first := state("net.")), "model_ema2": state("net.")}
    taken(jit, first, prefix="model_ema1.net.", average="model_ema1", ignored={"model": 2, "model_ema2": 2})
    karras = {"config": {}, "model": state("inner_model."), "model_ema": (average := state("inner_model.")), "step": 1}
    taken(karras, average, prefix="model_ema.inner_model.", average="model_ema", ignored={"model": 2})
    lightning = {
        "state_dict": {**(weights := state("model.")), "loss.scale": tensor(1), "perceptual.conv.weight": tensor(8)},
        "hyper_parameters": {"lr": 1e-3},
        "pytorch-lightning_version": "2.0",
    }
    taken(lightning, weights, prefix="state_dict.model.", ignored={"state_dict": 2})


def test_an_average_without_names_is_in_the_order_of_the_weights():
    weights = state("model.")
    shadow = [tensor(*item.shape) for item in weights.values()]
    value = {**weights, "ema": {"shadow_params": shadow, "decay": 0.999}}
    found = find(value, ANCHOR)
    assert (found.prefix, found.average) == ("model.", "shadow_params")
    assert list(found.tensors.values()) == shadow
    flat_names = {**weights, **{f"shadow_params.{index}": item for index, item in enumerate(shadow)}}
    assert list(find(flat_names, ANCHOR).tensors.values()) == shadow
    taken({**weights, "ema": {"shadow_params": shadow[:1]}}, weights, prefix="model.", ignored={"ema": 1})
    turned = [tensor(9), *shadow[1:]]
    taken({**weights, "ema": {"shadow_params": turned}}, weights, prefix="model.", ignored={"ema": 2})


def test_networks_that_nothing_tells_apart_are_refused():
    with pytest.raises(ValueError, match=r"it holds several networks \('first', 'second'\)"):
        find({"first": state(), "second": state()}, ANCHOR)
    with pytest.raises(ValueError, match=r"several networks \('ema.0.999', 'ema.0.9999'\)"):
        find({"ema": {"0.999": state(), "0.9999": state()}}, ANCHOR)


def test_a_known_word_comes_before_an_unknown_one():
    weights = state()
    taken({"teacher": state(), "model": weights}, weights, prefix="model.", ignored={"teacher": 2})


def test_an_anchor_is_a_whole_name():
    assert find(state(), "onv.weight") is None
    assert find({"deconv.weight": tensor(3)}, ANCHOR) is None
    for value in (None, 3, "text", [], {}, Instance("persistent", "X"), {"a": {"b": 3}}):
        assert find(value, ANCHOR) is None


def test_tables_in_tables_are_looked_through_to_a_depth():
    deep = {"a": {"b": {"c": {"d": {"w": tensor(1)}}}}}
    assert list(flat(deep)) == ["a.b.c.d.w"]
    assert flat({"further": deep}) == {}


@pytest.mark.parametrize("word", ["ema", "net", "model"])
def test_an_object_of_edms(word):
    network = Instance("persistent", "EDMPrecond")
    value = {"loss_fn": Instance("persistent", "EDMLoss"), word: network, "augment_pipe": None}
    assert find_object(value) == (network, word)
    assert find_object(network) == (network, "")
    average = Instance("persistent", "EDMPrecond")
    assert find_object({word: network, "ema": average})[0] is average
    for nothing in (None, {}, {"loss_fn": network}, {"ema": {"w": tensor(1)}}, {"ema": Instance("argparse", "N")}):
        assert find_object(nothing) is None

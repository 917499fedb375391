"""Files of denoising-diffusion-pytorch: the U-Net, and beside it the tables that say what was predicted and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from geomodel.arrays import Floats
from geomodel.checkpoints import clock_hints, stored
from geomodel.checkpoints.cards import state_dict_card
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.plan import Plan
from geomodel.checkpoints.shapes import numbers_of, shape_of
from geomodel.checkpoints.state_dicts import StateDict, find, flat
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock, Prediction
from geomodel.denoisers.noise_tables import levels_of_signals
from geomodel.inert.values import Contents, Tensor
from geomodel.networks import Blueprint, converted
from geomodel.networks.configs import LucidrainsConfig

LAST = "final_res_block.block1.proj.weight"
WITHIN = "model."  # the network's place in the object that has the tables
GAMMA = 5.0  # where min-SNR weighting cuts, unless it was changed
CLOSE = 1e-3  # relative; the tables are float32


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of such a file; None for another file. ValueError (a clause) where something in it is wrong."""
    found = find(contents.value, LAST)
    if found is None or "init_conv.weight" not in found.tensors:
        return None
    given, tensors = Hints(hints), found.tensors
    if not any(name.endswith(".g") for name in tensors):
        raise ValueError(
            "it is of an older version of denoising-diffusion-pytorch, whose network has group norms; "
            "files of version 2 are known"
        )
    config, colours = _config(tensors, given)
    given.confirm(family="lucidrains")
    side = given.ask("image_size", int, reason="its layers fit images of every size")
    clock = _clock(contents, found, given.within("diffusion"))
    shape = (colours, side or 0, side or 0)
    return Plan(
        info=state_dict_card(contents, found, clock, family="lucidrains", architecture="lucidrains", shape=shape),
        config=None if side is None else Blueprint(architecture="lucidrains", config=config, shape=shape),
        clock=clock,
        tensors=tensors,
        questions=given.finish(),
        said=given.said(),
    )


def _config(tensors: Mapping[str, Tensor], hints: Hints) -> tuple[LucidrainsConfig, int]:
    """The config, and the colours of an image."""
    levels = range(len(numbers_of(tensors, "downs")))
    entering, outputs = shape_of(tensors, "init_conv.weight", 4)[1], shape_of(tensors, "final_conv.weight", 4)[0]
    if entering == 2 * outputs:
        hints.confirm(self_condition=True)
        conditions = True
    else:
        reason = "its first layer fits an image, or half as many channels beside an earlier D"
        conditions = entering == outputs and hints.ask("self_condition", bool, reason=reason, default=False)
    colours = entering // 2 if conditions else entering
    if outputs not in (colours, 2 * colours):
        raise ValueError(f"it takes {entering} channels and gives {outputs}")
    widths = [shape_of(tensors, f"downs.{i}.0.block1.proj.weight", 4)[1] for i in levels]
    full = [f"downs.{i}.2.to_out.weight" in tensors for i in levels]
    memory = [shape_of(tensors, f"downs.{i}.2.mem_kv", 4) for i in levels]  # (2, heads, n, d), or d before n
    frequencies = tensors.get("time_mlp.0.weights")
    width = shape_of(tensors, "time_mlp.1.weight", 2)
    hints.without_effect("dropout", "flash_attn")
    config = converted(
        LucidrainsConfig,
        outputs=outputs,
        embedding=width[0] // 4,
        widths=(*widths, shape_of(tensors, "mid_block1.block1.proj.weight", 4)[1]),
        full=full,
        heads=[(shape[1], shape[3] if whole else shape[2]) for shape, whole in zip(memory, full, strict=True)],
        memory=min(((shape[2] if whole else shape[3]) for shape, whole in zip(memory, full, strict=True)), default=0),
        frequencies=0 if frequencies is None else frequencies.count,
        self_condition=conditions,
    )
    hints.confirm(
        dim=config.embedding,
        init_dim=config.widths[0],
        dim_mults=tuple(wide / config.embedding for wide in config.widths[1:]),
        channels=colours,
        learned_variance=outputs != colours,
        full_attn=config.full,
    )
    return config, colours


def _clock(contents: Contents, found: StateDict, diffusion: Hints) -> Clock | None:
    """The clock from the tables beside the network, and from hints as far as they are not there."""
    beside = flat(contents.value)
    place = found.prefix.removesuffix(WITHIN)
    signals, weights = beside.get(f"{place}alphas_cumprod"), beside.get(f"{place}loss_weight")
    if signals is None or not found.prefix.endswith(WITHIN):
        return clock_hints.table(diffusion)
    signal = stored.numbers("alphas_cumprod", signals)
    levels = levels_of_signals(signal)
    diffusion.confirm(steps=len(levels))
    prediction = None if weights is None else _prediction(signal, stored.numbers("loss_weight", weights))
    if prediction is not None:
        diffusion.confirm(prediction=prediction)
    else:
        reason = "its table of loss weights does not say what was predicted"
        choices = clock_hints.TABLE_PREDICTIONS
        prediction = diffusion.ask("prediction", str, reason=reason, choices=choices)
    return None if prediction is None else clocks.discrete(levels, cast(Prediction, prediction))


def _prediction(signal: Floats, weights: Floats) -> str | None:
    """What was predicted, from its weight in the loss: with snr = ᾱ/(1 − ᾱ), or no more than 5 of it (min-SNR),

    1 for the noise, snr for the data, and snr/(1 + snr) for v; min-SNR divides by snr, 1 and 1 + snr.
    """
    snr = signal / (1 - signal)
    if weights.shape != snr.shape:
        return None
    for most in (snr, np.minimum(snr, GAMMA)):
        for prediction, expected in (("epsilon", most / snr), ("sample", most), ("v", most / (1 + snr))):
            if np.allclose(weights, expected, rtol=CLOSE, atol=0):
                return prediction
    return None

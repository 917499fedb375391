"""State dicts of guided-diffusion, improved-diffusion, consistency_models and torch_cfm: one U-Net, four clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geomodel.checkpoints import clock_hints
from geomodel.checkpoints.cards import state_dict_card
from geomodel.checkpoints.edm import CONSISTENCY
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.plan import Plan
from geomodel.checkpoints.shapes import numbers_of, shape_of
from geomodel.checkpoints.state_dicts import find
from geomodel.denoisers.clock import Clock
from geomodel.inert.values import Contents, Tensor
from geomodel.networks import Blueprint, converted
from geomodel.networks.configs import ADMConfig

FAMILIES = ("guided_diffusion", "improved_diffusion", "consistency_models", "torchcfm")
FIRST, MIDDLE = "input_blocks.0.0.weight", "middle_block.1.qkv.weight"
OPTIMAL_TRANSPORT = (
    "If it was trained with minibatch optimal transport (otcfm), D is the mean over another posterior, "
    "and x − D is no mean shift."
)
MANY_HEADS = "the weights are the same for any number of heads (num_head_channels may be given instead)"
CHANNELS_WIN = "the code takes this number, where it is given, instead of num_heads"
BY_HAND = (
    "Its heads and the order of q, k and v were answered by hand: a wrong answer changes D little, and stays unseen."
)


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of such a file; None for another file. ValueError (a clause) where something in it is wrong."""
    found = find(contents.value, FIRST)
    if found is None or "time_embed.0.weight" not in found.tensors:
        return None
    given = Hints(hints)
    seen = _seen(found.tensors)
    family = _family(given, seen)
    config = _config(given, seen, family)
    side = given.ask("image_size", int, reason="its layers fit images of every size")
    clock = _clock(given, family)
    classes, null = _classes(given, seen, family)
    shape = (seen.colours, side or 0, side or 0)
    blueprint = None
    if config is not None and side is not None:
        blueprint = Blueprint(architecture="adm", config=config, shape=shape, label_rows=seen.label_rows)
    return Plan(
        info=state_dict_card(
            contents,
            found,
            clock,
            family=family or "adm",
            architecture="adm",
            shape=shape,
            classes=classes,
            has_null_class=null,
            remarks=_remarks(family, clock, answered=config is not None),
        ),
        config=blueprint,
        clock=clock,
        tensors=found.tensors,
        questions=given.finish(),
        said=given.said(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What names and shapes say."""

    colours: int
    outputs: int
    embedding: int
    widths: tuple[int, ...]
    blocks: int
    attention: tuple[int, ...]  # factors of downsampling
    scale_shift: bool
    resampling: str
    fused_axes: int
    label_rows: int


def _seen(tensors: Mapping[str, Tensor]) -> _Seen:
    numbers = numbers_of(tensors, "output_blocks")
    if not numbers or "out.2.weight" not in tensors:
        raise ValueError("it is a classifier (it has no way up), which denoises nothing")
    if MIDDLE not in tensors:
        raise ValueError("it lacks the attention in the middle of the network, or takes other inputs than images")
    count = numbers[-1] + 1
    ups = [n for n in numbers if _any(tensors, f"output_blocks.{n}", (1, 2), ("in_layers.0", "conv"))]
    gaps = [n for n in range(1, count) if f"input_blocks.{n}.0.in_layers.0.weight" not in tensors]
    blocks = ups[0] if ups else gaps[0] - 1 if gaps else count - 1
    levels, rest = divmod(count, blocks + 1)
    if rest or levels < 1:
        raise ValueError(f"it has {count} blocks on the way up, which do not divide into levels")
    last = [(levels - 1 - level) * (blocks + 1) for level in range(levels)]  # the first block of each level
    colours, outputs = shape_of(tensors, FIRST, 4)[1], shape_of(tensors, "out.2.weight", 4)[0]
    if outputs not in (colours, 2 * colours):
        raise ValueError(
            f"it takes {colours} channels and gives {outputs}: it is an upsampler, which needs a small image beside x"
        )
    width = shape_of(tensors, "middle_block.0.out_layers.0.weight", 1)[0]
    return _Seen(
        colours=colours,
        outputs=outputs,
        embedding=shape_of(tensors, "time_embed.0.weight", 2)[1],
        widths=tuple(shape_of(tensors, f"output_blocks.{n}.0.out_layers.0.weight", 1)[0] for n in last),
        blocks=blocks,
        attention=tuple(1 << i for i, n in enumerate(last) if f"output_blocks.{n}.1.qkv.weight" in tensors),
        scale_shift=shape_of(tensors, "middle_block.0.emb_layers.1.weight", 2)[0] == 2 * width,
        resampling=_resampling(tensors, ups),
        fused_axes=len(tensors[MIDDLE].shape) - 2,
        label_rows=shape_of(tensors, "label_emb.weight", 2)[0] if "label_emb.weight" in tensors else 0,
    )


def _any(tensors: Mapping[str, Tensor], block: str, places: tuple[int, ...], layers: tuple[str, ...]) -> bool:
    return any(f"{block}.{place}.{layer}.weight" in tensors for place in places for layer in layers)


def _resampling(tensors: Mapping[str, Tensor], ups: list[int]) -> str:
    if not ups:
        return "pooling"
    return "convolutions" if _any(tensors, f"output_blocks.{ups[0]}", (1, 2), ("conv",)) else "blocks"


def _family(hints: Hints, seen: _Seen) -> str | None:
    """The code that trained it, as far as the weights or a hint say."""
    possible = ["consistency_models"] if seen.fused_axes == 2 else [f for f in FAMILIES if f != "consistency_models"]
    if seen.resampling == "blocks" and "improved_diffusion" in possible:
        possible.remove("improved_diffusion")
    if seen.outputs != seen.colours:  # it learned a variance too
        possible = [family for family in possible if family not in ("torchcfm", "consistency_models")]
    if len(possible) == 1:
        hints.confirm(family=possible[0])
        return possible[0]
    reason = "these codes have the same weights and different times"
    return hints.ask("family", str, reason=reason, choices=tuple(possible))


def _config(hints: Hints, seen: _Seen, family: str | None) -> ADMConfig | None:
    hints.confirm(
        in_channels=seen.colours,
        out_channels=seen.outputs,
        learn_sigma=seen.outputs != seen.colours,
        model_channels=seen.embedding,
        num_channels=seen.embedding,
        num_res_blocks=seen.blocks,
        channel_mult=tuple(width / seen.embedding for width in seen.widths),
        attention_resolutions=seen.attention,
        use_scale_shift_norm=seen.scale_shift,
        resblock_updown=seen.resampling == "blocks",
        conv_resample=seen.resampling != "pooling",
        class_cond=seen.label_rows > 0,
        dims=2,
    )
    hints.without_effect("dropout", "use_checkpoint", "use_fp16")
    size = hints.ask("num_head_channels", int, reason=CHANNELS_WIN, optional=True)
    size = None if size == -1 else size  # the constructor's number for "as num_heads says"
    heads = hints.ask("num_heads", int, reason=MANY_HEADS, optional=bool(size))
    hints.accept("num_heads_upsample", -1, heads)
    order = _order(hints, seen, family, heads, size)
    if order is None or (heads is None and size is None):
        return None
    return converted(
        ADMConfig,
        outputs=seen.outputs,
        embedding=seen.embedding,
        widths=seen.widths,
        blocks=seen.blocks,
        attention=seen.attention,
        heads=1 if heads is None else heads,
        head_channels=size or 0,
        new_attention_order=order,
        scale_shift=seen.scale_shift,
        resampling=seen.resampling,
        fused_axes=seen.fused_axes,
    )


def _order(hints: Hints, seen: _Seen, family: str | None, heads: int | None, size: int | None) -> bool | None:
    """Whether q, k, v come as three blocks; None where that matters and nobody says it."""
    name = "use_new_attention_order"
    if family in ("consistency_models", "improved_diffusion"):
        hints.confirm(**{name: family == "consistency_models"})
        return family == "consistency_models"
    single = (size is not None and {*seen.widths} == {size}) or (size is None and heads == 1)
    reason = "the weights do not say whether q, k and v lie head by head (false) or in three blocks (true)"
    if family == "torchcfm" or single:
        return hints.ask(name, bool, reason=reason, default=False, choices=(True, False))
    return hints.ask(name, bool, reason=reason, choices=(True, False))


def _clock(hints: Hints, family: str | None) -> Clock | None:
    diffusion = hints.within("diffusion")
    match family:
        case "guided_diffusion":
            return clock_hints.table(diffusion)
        case "improved_diffusion":
            return clock_hints.table(diffusion, rescales=True)
        case "consistency_models":
            return clock_hints.consistency_models(diffusion)
        case "torchcfm":
            return clock_hints.flow(diffusion, path="linear", time_of_data=1)
    return None


def _classes(hints: Hints, seen: _Seen, family: str | None) -> tuple[int, bool]:
    """The classes, and whether there is a row for no class: only flow matching's networks may have one."""
    rows = seen.label_rows
    if family == "torchcfm" and rows > 1:
        reason = "the last row of its labels may stand for no class"
        classes = hints.ask("num_classes", int, reason=reason, default=rows, choices=(rows, rows - 1))
        return classes, classes < rows
    hints.confirm(num_classes=rows or None)
    return rows, False


def _remarks(family: str | None, clock: Clock | None, *, answered: bool) -> tuple[str, ...]:
    remarks = [BY_HAND] if answered else []
    if family == "torchcfm":
        remarks.append(OPTIMAL_TRANSPORT)
    if clock is not None and clock.prediction == "consistency":
        remarks.append(CONSISTENCY)
    return tuple(remarks)

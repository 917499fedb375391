"""The pickles of EDM, and those of the codes built on it: one object, whose attributes say everything."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from geomodel.checkpoints import stored
from geomodel.checkpoints.cards import clock_card
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.licence import stated
from geomodel.checkpoints.plan import Plan
from geomodel.checkpoints.state_dicts import find_object, flat
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock
from geomodel.inert import modules
from geomodel.inert.values import Contents, Instance, Tensor
from geomodel.networks import Blueprint, converted
from geomodel.networks.configs import DhariwalConfig, SongConfig

AUGMENTATION = "map_augment"  # used in training alone
NEVER_WITHOUT_LABEL = "Training never left the label out, so D without a label is nothing that the network learned."
CONSISTENCY = "This is a consistency function: it leads to the end of the trajectory, not to the mean of the data."
HEAD = 64  # channels of a head of ADM
MOST = 1 << 20  # of what a whole number counts


@dataclass(frozen=True, slots=True)
class _Kind:
    """One class of preconditioning: its words for the card, and its clock."""

    title: str
    clock: Callable[[Instance, Mapping[str, Tensor]], Clock]


def _edm(top: Instance, tensors: Mapping[str, Tensor]) -> Clock:
    return clocks.edm(number(top, "sigma_min"), number(top, "sigma_max"), number(top, "sigma_data"))


def _consistency(top: Instance, tensors: Mapping[str, Tensor]) -> Clock:
    return clocks.edm_consistency(number(top, "sigma_min"), number(top, "sigma_max"), number(top, "sigma_data"))


def _vp(top: Instance, tensors: Mapping[str, Tensor]) -> Clock:
    return clocks.edm_vp(
        number(top, "sigma_min"),
        number(top, "sigma_max"),
        number(top, "beta_d"),
        number(top, "beta_min"),
        int(number(top, "M")),
    )


def _ve(top: Instance, tensors: Mapping[str, Tensor]) -> Clock:
    return clocks.edm_ve(number(top, "sigma_min"), number(top, "sigma_max"))


def _iddpm(top: Instance, tensors: Mapping[str, Tensor]) -> Clock:
    if "u" not in tensors:
        raise ValueError("it lacks its table of noise levels, u")
    return clocks.edm_iddpm(stored.numbers("u", tensors["u"]).reshape(-1).tolist())


PRECONDITIONINGS = {
    "EDMPrecond": _Kind("EDM", _edm),
    "ECMPrecond": _Kind("EDM, a consistency function", _consistency),
    "VPPrecond": _Kind("VP of score_sde", _vp),
    "VEPrecond": _Kind("VE of score_sde", _ve),
    "iDDPMPrecond": _Kind("iDDPM, nearest trained level", _iddpm),
}
NETWORKS: dict[str, tuple[str, type[SongConfig] | type[DhariwalConfig]]] = {
    "SongUNet": ("song", SongConfig),
    "DhariwalUNet": ("dhariwal", DhariwalConfig),
}
# The constructor's names for the fields of our configs, and those of its arguments that stand elsewhere or only train.
ARGUMENTS = {
    "out_channels": "outputs",
    "model_channels": "channels",
    "channel_mult": "multipliers",
    "num_blocks": "blocks",
    "attn_resolutions": "attention",
    "channel_mult_emb": "embedding_multiplier",
    "channel_mult_noise": "noise_multiplier",
    "embedding_type": "embedding",
    "encoder_type": "encoder",
    "decoder_type": "decoder",
    "resample_filter": "resample_filter",
}
_ELSEWHERE = {"img_resolution", "in_channels", "label_dim", "augment_dim", "dropout", "label_dropout"}


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of a file of EDM's; None for another file. ValueError (a clause) where something in it is wrong."""
    found = find_object(contents.value)
    if found is None or "model" not in modules.children(found[0]):
        return None
    top, word = found
    if top.name not in PRECONDITIONINGS:
        raise ValueError(f"its network is of the class {top.name[:60]!r}; known are: {', '.join(PRECONDITIONINGS)}")
    kind, model = PRECONDITIONINGS[top.name], modules.children(top)["model"]
    size, colours = (whole(top, name) for name in ("img_resolution", "img_channels"))
    blueprint = _blueprint(model, (colours, size, size), whole(top, "label_dim", least=0))
    _check_blocks(model, blueprint.architecture)
    clock = kind.clock(top, modules.tensors(top))
    given = Hints(hints)
    _confirm(given, blueprint, clock)
    tensors = modules.tensors(model)
    ignored = [name for name in tensors if name.partition(".")[0] == AUGMENTATION]
    kept = {name: tensor for name, tensor in tensors.items() if name not in ignored}
    return Plan(
        info=clock_card(
            contents,
            kept,
            clock,
            family="edm",
            architecture=blueprint.architecture,
            clock=kind.title,
            shape=blueprint.shape,
            classes=max(blueprint.label_rows - 1, 0),
            has_null_class=blueprint.label_rows > 0,
            average=word if "ema" in word else "",
            ignored=beside(contents, word) | ({AUGMENTATION: len(ignored)} if ignored else {}),
            licence=stated(top.source),
            remarks=_remarks(top, model, blueprint),
        ),
        config=blueprint,
        clock=clock,
        tensors=kept,
        questions=given.finish(),
        said=given.said(),
    )


def _blueprint(model: Instance, shape: tuple[int, ...], classes: int) -> Blueprint:
    arguments = model.state.get("_init_kwargs")
    if model.name not in NETWORKS or not isinstance(arguments, dict):
        raise ValueError(f"its network is of the class {model.name[:60]!r}; known are: {', '.join(NETWORKS)}")
    architecture, kind = NETWORKS[model.name]
    given = {str(name): value for name, value in arguments.items() if name not in _ELSEWHERE}
    values = {ARGUMENTS.get(name, name): value for name, value in given.items()}
    if unknown := sorted(values.keys() - kind.__dataclass_fields__.keys()):
        raise ValueError(f"its network was made with {unknown[0][:60]!r}, which is not known here")
    config = converted(kind, **values)
    return Blueprint(architecture=architecture, config=config, shape=shape, label_rows=classes + 1 if classes else 0)


def _check_blocks(model: Instance, architecture: str) -> None:
    """ValueError (a clause) where a block was changed after the network was made."""
    song = architecture == "song"
    for tower in modules.children(model).values():
        for name, block in modules.children(tower).items():
            if "num_heads" not in block.state:
                continue
            attends = "qkv" in modules.children(block)
            heads = (1 if song else whole(block, "out_channels") // HEAD) if attends else 0
            scale, eps = (math.sqrt(0.5), 1e-6) if song else (1.0, 1e-5)
            _check_number(name, block, "num_heads", heads)
            _check_number(name, block, "skip_scale", scale)
            for layer, part in modules.children(block).items():
                if "eps" in part.state:
                    _check_number(f"{name}.{layer}", part, "eps", eps)


def _check_number(name: str, instance: Instance, attribute: str, expected: float) -> None:
    found = number(instance, attribute)
    if not math.isclose(found, expected, rel_tol=1e-6):
        raise ValueError(f"its block {name[:60]} has {attribute} {found:g}; {expected:g} is expected")


def _confirm(hints: Hints, blueprint: Blueprint, clock: Clock) -> None:
    channels, size, _ = blueprint.shape
    config, names = blueprint.config, {field: name for name, field in ARGUMENTS.items()}
    hints.confirm(
        family="edm",
        image_size=size,
        img_resolution=size,
        img_channels=channels,
        label_dim=max(blueprint.label_rows - 1, 0),
        **{names.get(field, field): getattr(config, field) for field in config.__dataclass_fields__},
    )
    hints.without_effect(*_ELSEWHERE - {"img_resolution", "label_dim"}, "use_fp16")
    hints.within("diffusion").confirm(
        prediction=clock.prediction,
        sigma_data=clock.sigma_data,
        sigma_min=clock.sigma_min,
        sigma_max=clock.sigma_max,
    )


def _remarks(top: Instance, model: Instance, blueprint: Blueprint) -> tuple[str, ...]:
    remarks = []
    if top.name == "ECMPrecond":
        remarks.append(CONSISTENCY)
    arguments = model.state.get("_init_kwargs")
    dropped = arguments.get("label_dropout", 0) if isinstance(arguments, dict) else 0
    if blueprint.label_rows and not dropped:
        remarks.append(NEVER_WITHOUT_LABEL)
    return tuple(remarks)


def beside(contents: Contents, word: str) -> dict[str, int]:
    """What else a file holds, each with how many tensors it has."""
    table = contents.value if isinstance(contents.value, dict) else {}
    return {str(key): len(flat(value)) for key, value in table.items() if str(key) != word}


def number(instance: Instance, name: str) -> float:
    """An attribute that is a number. ValueError (a clause) where it is none."""
    value = instance.state.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError(f"its object {instance.name[:60]!r} has no number {name}")
    return float(value)


def whole(instance: Instance, name: str, *, least: int = 1) -> int:
    """An attribute that is a whole number. ValueError (a clause) where it is none or lower than the least."""
    value = number(instance, name)
    if not least <= value <= MOST or value != int(value):
        raise ValueError(f"its object {instance.name[:60]!r} has {name} {value:g}")
    return int(value)

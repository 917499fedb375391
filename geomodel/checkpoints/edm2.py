"""The pickles of EDM2: one object, whose attributes say everything, for images or for latents."""

from __future__ import annotations

from collections.abc import Mapping

from geomodel.checkpoints.cards import clock_card
from geomodel.checkpoints.edm import beside, number, whole
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.licence import stated
from geomodel.checkpoints.plan import Plan
from geomodel.checkpoints.state_dicts import find_object
from geomodel.denoisers import clocks
from geomodel.inert import modules
from geomodel.inert.values import Contents, Instance, Value
from geomodel.networks import Blueprint, converted
from geomodel.networks.configs import EDM2Config

LATENT_ENCODER = "StabilityVAEEncoder"
LATENTS = (
    "Its images are latents of the Stable Diffusion autoencoder, scaled to mean 0 and standard deviation 0.5; "
    "a preview shows them without a decoder."
)
# The constructor's names for the fields of our config.
ARGUMENTS = {
    "model_channels": "channels",
    "channel_mult": "multipliers",
    "num_blocks": "blocks",
    "attn_resolutions": "attention",
    "channels_per_head": "channels_per_head",
}


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of a file of EDM2's; None for another file. ValueError (a clause) where something in it is wrong."""
    found = find_object(contents.value)
    if found is None or "unet" not in modules.children(found[0]):
        return None
    top, word = found
    unet = modules.children(top)["unet"]
    tensors = modules.tensors(unet)
    size, channels, classes = whole(top, "img_resolution"), whole(top, "img_channels"), whole(top, "label_dim", least=0)
    noise, embedding = (tensors[name].shape for name in ("emb_fourier.freqs", "emb_noise.weight") if name in tensors)
    config = converted(
        EDM2Config,
        noise_channels=noise[0] if noise else 0,
        embedding=embedding[0] if embedding else 0,
        label_balance=number(unet, "label_balance"),
        concat_balance=number(unet, "concat_balance"),
        **_arguments(unet),
        **_of_blocks(unet),
    )
    _check_heads(unet, config)
    clock = clocks.edm(sigma_data=number(top, "sigma_data"))
    given = Hints(hints)
    given.confirm(family="edm2", image_size=size, img_resolution=size, img_channels=channels, label_dim=classes)
    given.confirm(**{argument: getattr(config, field) for argument, field in ARGUMENTS.items()})
    given.without_effect("use_fp16", "dropout")
    given.within("diffusion").confirm(prediction="edm", sigma_data=clock.sigma_data)
    shape = (channels, size, size)
    latent = _encoder(contents) == LATENT_ENCODER
    return Plan(
        info=clock_card(
            contents,
            tensors,
            clock,
            family="edm2",
            architecture="edm2",
            shape=shape,
            classes=classes,
            has_null_class=classes > 0,
            average=word if "ema" in word else "",
            ignored=beside(contents, word),
            latents="edm2" if latent else "",
            licence=stated(top.source),
            remarks=(LATENTS,) if latent else (),
        ),
        config=Blueprint(architecture="edm2", config=config, shape=shape, label_rows=classes + 1 if classes else 0),
        clock=clock,
        tensors=tensors,
        questions=given.finish(),
        said=given.said(),
    )


def _arguments(unet: Instance) -> dict[str, Value]:
    given = unet.state.get("_init_kwargs")
    given = given if isinstance(given, dict) else {}
    return {field: given[name] for name, field in ARGUMENTS.items() if name in given}


def _blocks(unet: Instance) -> list[Instance]:
    towers = (modules.children(unet).get(name) for name in ("enc", "dec"))
    inside = [block for tower in towers if tower is not None for block in modules.children(tower).values()]
    blocks = [block for block in inside if "num_heads" in block.state]
    if not blocks:
        raise ValueError("its network has no blocks")
    return blocks


def _of_blocks(unet: Instance) -> dict[str, Value]:
    """What every block keeps. ValueError (a clause) where two blocks differ."""
    blocks = _blocks(unet)
    names = ("res_balance", "attn_balance", "clip_act", "resample_filter")
    kept = [{name: block.state.get(name) for name in names} for block in blocks]
    if different := [other for other in kept if other != kept[0]]:
        raise ValueError(f"its blocks differ: one has {kept[0]}, another {different[0]}"[:300])
    return {"clip" if name == "clip_act" else name: value for name, value in kept[0].items()}


def _check_heads(unet: Instance, config: EDM2Config) -> None:
    for block in _blocks(unet):
        attends = "attn_qkv" in modules.children(block)
        expected = whole(block, "out_channels") // config.channels_per_head if attends else 0
        if whole(block, "num_heads", least=0) != expected:
            raise ValueError(f"its blocks have {block.state['num_heads']} heads where {expected} are expected")


def _encoder(contents: Contents) -> str:
    """The class of what made the images that the network knows."""
    encoder = contents.value.get("encoder") if isinstance(contents.value, dict) else None
    return encoder.name if isinstance(encoder, Instance) else ""

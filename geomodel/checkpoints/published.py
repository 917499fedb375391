"""Configurations of published networks: what their files say, and what their files do not say.

The answers stand in the flags or the defaults of each program. A file that says all that a row says is likely to hold
that network, or one that was trained with the same flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geomodel.checkpoints.plan import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One configuration.

    Attributes:
        title: the program and the name of its file.
        says: hints that its file confirms, under the names of the constructor.
        answers: hints that its file does not have, by the names of their questions.
    """

    title: str
    answers: Mapping[str, Answer]
    says: Mapping[str, Any] = field(default_factory=dict)


def _guided(name: str, size: int, channels: int, mult: tuple[float, ...], noise: str, **rest: Any) -> Published:
    heads: dict[str, Answer] = rest.pop("heads", {"num_head_channels": 64})
    return Published(
        title=f"guided-diffusion {name}",
        says=_unet(size, channels, mult, (32, 16, 8), learn_sigma=True, **rest),
        answers={
            "family": "guided_diffusion",
            "image_size": size,
            **heads,
            "use_new_attention_order": size == 64,
            "diffusion.noise_schedule": noise,
            "diffusion.steps": 1000,
        },
    )


def _improved(name: str, size: int, says: Mapping[str, Any], *, rescaled: bool = True) -> Published:
    return Published(
        title=f"improved-diffusion {name}",
        says=says,
        answers={
            "family": "improved_diffusion",
            "image_size": size,
            "num_heads": 4,
            "diffusion.noise_schedule": "cosine",
            "diffusion.steps": 4000,
            "diffusion.rescale_timesteps": rescaled,
        },
    )


def _consistency(name: str, size: int, says: Mapping[str, Any], prediction: str) -> Published:
    return Published(
        title=f"consistency_models {name}",
        says=says,
        answers={
            "family": "consistency_models",
            "image_size": size,
            "num_head_channels": 64,
            "diffusion.prediction": prediction,
        },
    )


def _unet(size: int, channels: int, mult: tuple[float, ...], attention: tuple[int, ...], **rest: Any) -> dict[str, Any]:
    """What the tensors of a U-Net say. The flags give attention as resolutions, the constructor as factors."""
    return {
        "model_channels": channels,
        "channel_mult": mult,
        "num_res_blocks": 2,
        "attention_resolutions": tuple(size // resolution for resolution in attention),
        "use_scale_shift_norm": True,
        "resblock_updown": True,
        "class_cond": False,
        **rest,
    }


def _transformer(name: str, side: int, answers: Mapping[str, Answer]) -> Published:
    says = {"hidden_size": 1152, "depth": 28, "patch_size": 2, "image_size": side}
    return Published(title=f"{name}, latents {side} × {side}", says=says, answers=answers)


_WIDE = (1, 1, 2, 2, 4, 4)
_SMALL = {"resblock_updown": False, "num_res_blocks": 3, "learn_sigma": True}
_IMAGENET = _unet(64, 192, (1, 2, 3, 4), (32, 16, 8), num_res_blocks=3, class_cond=True, learn_sigma=False)
_LSUN = _unet(256, 256, _WIDE, (32, 16, 8), use_scale_shift_norm=False, learn_sigma=False)
_DIT: Mapping[str, Answer] = {"family": "dit"}
_SIT: Mapping[str, Answer] = {"family": "sit", "diffusion.path": "linear"}
_REPA: Mapping[str, Answer] = {"family": "repa", "diffusion.path": "linear"}

PUBLISHED: tuple[Published, ...] = (
    _guided("64x64_diffusion", 64, 192, (1, 2, 3, 4), "cosine", num_res_blocks=3, class_cond=True),
    _guided("128x128_diffusion", 128, 256, (1, 1, 2, 3, 4), "linear", class_cond=True, heads={"num_heads": 4}),
    _guided("256x256_diffusion", 256, 256, _WIDE, "linear", class_cond=True),
    _guided("256x256_diffusion_uncond, lsun_…", 256, 256, _WIDE, "linear"),
    _guided("512x512_diffusion", 512, 256, (0.5, 1, 1, 2, 2, 4, 4), "linear", class_cond=True),
    _improved("cifar10_uncond_50M", 32, _unet(32, 128, (1, 2, 2, 2), (16, 8), **_SMALL)),
    _improved("imagenet64_uncond_100M", 64, _unet(64, 128, (1, 2, 3, 4), (16, 8), **_SMALL)),
    _improved(
        "imagenet64_cond_270M", 64, _unet(64, 192, (1, 2, 3, 4), (16, 8), **_SMALL, class_cond=True), rescaled=False
    ),
    Published(
        title="improved-diffusion lsun_uncond_100M",
        says=_unet(256, 128, _WIDE, (16,), resblock_updown=False, learn_sigma=True, use_scale_shift_norm=False),
        answers={
            "family": "improved_diffusion",
            "image_size": 256,
            "num_heads": 1,
            "diffusion.noise_schedule": "linear",
            "diffusion.steps": 1000,
        },
    ),
    _consistency("edm_imagenet64", 64, _IMAGENET, "edm"),
    _consistency("cd_imagenet64, ct_imagenet64", 64, _IMAGENET, "consistency"),
    _consistency("edm_bedroom256, edm_cat256", 256, _LSUN, "edm"),
    _consistency("cd_…256, ct_…256", 256, _LSUN, "consistency"),
    Published(
        title="torch_cfm cifar10",
        says=_unet(32, 128, (1, 2, 2, 2), (16,), resblock_updown=False, use_scale_shift_norm=False, learn_sigma=False),
        answers={"family": "torchcfm", "image_size": 32, "num_heads": 4, "num_head_channels": 64},
    ),
    _transformer("DiT-XL/2 256 × 256", 32, _DIT),
    _transformer("DiT-XL/2 512 × 512", 64, _DIT),
    _transformer("SiT-XL/2 256 × 256", 32, _SIT),
    _transformer("SiT-XL/2 of REPA", 32, _REPA),
    Published(
        title="diffusers' DDPMScheduler by default",
        answers={
            "family": "diffusers",
            "diffusion.noise_schedule": "linear",
            "diffusion.steps": 1000,
            "diffusion.prediction": "epsilon",
        },
    ),
    Published(
        title="denoising-diffusion-pytorch by default",
        answers={
            "family": "lucidrains",
            "diffusion.noise_schedule": "sigmoid",
            "diffusion.steps": 1000,
            "diffusion.prediction": "v",
        },
    ),
)

"""Words for what a file may not say of its network: one row for every hint that a family asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from geomodel.checkpoints.plan import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a form asks for a hint.

    Attributes:
        title: a few words for a label.
        help: what the hint is, as a sentence.
        low, high: the smallest and the largest number.
        answers: words for the choices; a choice that is not there is its own word.
    """

    title: str
    help: str
    low: float | None = None
    high: float | None = None
    answers: Mapping[Answer, str] = field(default_factory=dict)

    def answer(self, value: Answer) -> str:
        """An answer in words."""
        if isinstance(value, bool) and value not in self.answers:
            return "yes" if value else "no"
        return self.answers.get(value, f"{value:g}" if isinstance(value, float) else str(value))


_MOST = 1 << 20
_LOW, _HIGH = 1e-6, 1e6  # noise levels of networks that know images in [−1, 1]

WORDINGS: Mapping[str, Wording] = {
    "family": Wording(
        title="Code",
        help="The program that trained the network.",
        answers={
            "guided_diffusion": "guided-diffusion",
            "improved_diffusion": "improved-diffusion",
            "torchcfm": "torch_cfm",
            "dit": "DiT",
            "sit": "SiT",
            "repa": "REPA",
        },
    ),
    "image_size": Wording(
        title="Image size", help="Pixels along one side of the images that it was trained on.", low=1, high=_MOST
    ),
    "num_heads": Wording(title="Heads", help="The number of heads of every attention layer.", low=1, high=_MOST),
    "num_head_channels": Wording(
        title="Channels a head",
        help="Channels of one head; −1 means that the number of heads decides.",
        low=-1,
        high=_MOST,
    ),
    "use_new_attention_order": Wording(
        title="q, k, v",
        help="How attention stores queries, keys and values: those of each head together, or each kind in one block.",
        answers={False: "head by head", True: "in three blocks"},
    ),
    "num_classes": Wording(title="Classes", help="Classes of the labels, without the row that means no class.", low=0),
    "self_condition": Wording(
        title="Self-conditioning", help="Whether the network is given an earlier D beside x; it then gets zeros here."
    ),
    "diffusion.noise_schedule": Wording(
        title="Noise schedule",
        help="How the noise grew from step to step in training.",
        answers={"scaled_linear": "scaled linear (√β linear)"},
    ),
    "diffusion.steps": Wording(title="Steps", help="Noise levels of the training.", low=2, high=1_000_000),
    "diffusion.beta_start": Wording(
        title="First β", help="The share of noise that the first step adds.", low=0, high=1
    ),
    "diffusion.beta_end": Wording(title="Last β", help="The share of noise that the last step adds.", low=0, high=1),
    "diffusion.prediction": Wording(
        title="It predicts",
        help="What the output of the network is.",
        answers={
            "epsilon": "the noise ε",
            "v": "v",
            "sample": "the data",
            "edm": "D, in EDM's form",
            "consistency": "a consistency function",
        },
    ),
    "diffusion.rescale_timesteps": Wording(
        title="Times",
        help="Which time the network was told at step t: t itself, or 1000 t/steps.",
        answers={False: "t", True: "1000 t/steps"},
    ),
    "diffusion.path": Wording(
        title="Path",
        help="How data and noise are mixed at time t: with shares that are linear in t, or its sine and cosine.",
        answers={"linear": "linear", "gvp": "sine and cosine (GVP)"},
    ),
    "diffusion.time_of_data": Wording(
        title="Time of the data",
        help="The network's time where there is no noise.",
        answers={0: "0; noise at 1", 1: "1; noise at 0"},
    ),
    "diffusion.sigma_min": Wording(title="σ min", help="The lowest noise level of the training.", low=_LOW, high=_HIGH),
    "diffusion.sigma_max": Wording(
        title="σ max", help="The highest noise level of the training.", low=_LOW, high=_HIGH
    ),
    "diffusion.sigma_data": Wording(
        title="σ of the data", help="The standard deviation of the data.", low=_LOW, high=_HIGH
    ),
}


def wording(hint: str) -> Wording:
    """The words for a hint. Of one that a family asks for without a row here, its name."""
    return WORDINGS.get(hint) or Wording(title=hint, help="")

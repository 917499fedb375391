"""What checkpoints say of themselves, without their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.engine.messages import NetworkOpened
from geomodel.checkpoints import CheckpointInfo, Survey
from geomodel.checkpoints.plan import Question
from geomodel.checkpoints.surveying import Preset

INFO = CheckpointInfo(
    name="model",
    path=Path("model.pt"),
    format="torch zip",
    family="guided_diffusion",
    architecture="adm",
    parameters=1000,
    dtype="float32",
    size=4000,
    shape=(2,),
    sigma_data=0.5,
    sigma_min=0.01,
    sigma_max=150.0,
    sigma_recommended=(0.01, 150.0),
)
HEADS = Question(hint="num_heads", kind=int, reason="the weights are the same for any number of heads")
ORDER = Question(hint="use_new_attention_order", kind=bool, reason="the weights do not say it", choices=(True, False))
NOISE = Question(
    hint="diffusion.prediction", kind=str, reason="the same weights", choices=("epsilon", "v"), default="epsilon"
)
BETA = Question(hint="diffusion.beta_end", kind=float, reason="the usual one is taken", optional=True)
QUESTIONS = (HEADS, ORDER, NOISE, BETA)
PRESETS = (
    Preset(title="one code", answers={"num_heads": 4, "use_new_attention_order": False}, whole=True),
    Preset(title="another code", answers={"num_heads": 1, "use_new_attention_order": True}, whole=False),
)


def survey_of(answers, questions=QUESTIONS, presets=PRESETS) -> Survey:
    """What the engine says of a file with these answers."""
    answered = tuple(replace(question, answer=answers.get(question.hint)) for question in questions)
    return Survey(info=replace(INFO, hints=dict(answers)), questions=answered, presets=presets, needed=4000)


def opened(path="model.pt", answers=None, **facts) -> NetworkOpened:
    """The network of the file, open with answers."""
    info = replace(INFO, hints=answers or {}, sha256="0f", device="cpu", **facts)
    return NetworkOpened(path, info, 0.01, 150.0, 1e-3)

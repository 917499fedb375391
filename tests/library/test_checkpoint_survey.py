"""What is known of a checkpoint before it is loaded: open questions, their words, and published configurations."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import pytest
import torch
from state_dicts import ANSWERS, state_dict

import geomodel.checkpoints
from geomodel.checkpoints import CheckpointError, load_checkpoint, opening, survey
from geomodel.checkpoints.hints import nested
from geomodel.checkpoints.published import PUBLISHED
from geomodel.checkpoints.questions import WORDINGS, wording
from geomodel.inert.values import Contents, Source, Storage, Tensor
from geomodel.networks.adm import ADMUNet
from geomodel.networks.configs import ADMConfig


@pytest.fixture
def tiny(tmp_path):
    return state_dict(tmp_path / "a.pt")


def hints_of(questions):
    return [question.hint for question in questions]


def test_a_first_look_asks_what_the_file_does_not_say(tiny):
    found = survey(tiny, {})
    assert hints_of(found.lacks) == ["family", "num_heads", "use_new_attention_order", "image_size"]
    assert found.questions[0].choices == ("guided_diffusion", "improved_diffusion")  # a variance was learned
    assert all(question.reason for question in found.questions)
    assert found.needed == 4 * found.info.parameters


def test_an_answer_leads_to_other_questions(tiny):
    assert "diffusion.steps" not in hints_of(survey(tiny, {}).questions)
    found = survey(tiny, {"family": "guided_diffusion"})
    assert "diffusion.steps" in hints_of(found.lacks)
    assert found.questions[0].answer == "guided_diffusion"
    assert found.info.hints == {"family": "guided_diffusion"}


def test_answers_are_what_load_checkpoint_takes(tiny):
    assert survey(tiny, ANSWERS).lacks == ()
    assert load_checkpoint(tiny, hints=nested(ANSWERS)).info.hints == ANSWERS
    with pytest.raises(CheckpointError, match=r"num_heads is 4\.5"):
        survey(tiny, {**ANSWERS, "num_heads": 4.5})


def test_a_default_is_a_question_that_nobody_has_to_answer(tiny):
    found = {question.hint: question for question in survey(tiny, ANSWERS).questions}
    prediction, beta = found["diffusion.prediction"], found["diffusion.beta_start"]
    assert (prediction.default, prediction.answer, prediction.lacking) == ("epsilon", None, False)
    assert (beta.default, beta.optional, beta.lacking) == (None, True, False)


def test_the_digest_before_loading_is_the_one_that_loading_finds(tiny):
    shares = []
    found = opening.digest(tiny, shares.append)
    assert found == load_checkpoint(tiny, hints=nested(ANSWERS)).info.sha256
    assert shares[-1] == 1


class Stop(BaseException):
    """What the engine raises for a cancel."""


def test_a_digest_may_be_stopped(tiny):
    def stop(fraction):
        raise Stop

    with pytest.raises(Stop):
        opening.digest(tiny, stop)


def test_every_hint_that_a_family_asks_for_has_words():
    names = set()
    for path in Path(geomodel.checkpoints.__file__).parent.glob("*.py"):
        text = path.read_text()
        for owner, name in re.findall(r'(\w+)\.ask\(\s*"(\w+)"', text):
            names.add(f"diffusion.{name}" if owner == "diffusion" else name)
    assert len(names) > 12
    assert names <= WORDINGS.keys()
    assert all(row.title and row.help.endswith(".") for row in WORDINGS.values())


def test_an_answer_in_words():
    assert wording("use_new_attention_order").answer(True) == "in three blocks"
    assert wording("self_condition").answer(False) == "no"
    assert wording("diffusion.sigma_min").answer(0.002) == "0.002"
    assert wording("diffusion.noise_schedule").answer("cosine") == "cosine"


# --- published configurations ----------------------------------------------------------------------------------------


def contents(network):
    """A file of the network's tensors, whose numbers nobody reads."""
    source = Source(Path("a.pt"), 0, 0, 0)
    tensors = {
        name: Tensor(Storage("float32", prod(like.shape), source), 0, tuple(like.shape), like.stride())
        for name, like in network.state_dict().items()
    }
    return Contents(path=source.path, container="torch zip", value=tensors, sources=(source,))


def unet(row):
    """The network that the flags of a row make, with the code's own constructor arguments."""
    says, consistency = row.says, row.answers["family"] == "consistency_models"
    config = ADMConfig(
        outputs=6 if says["learn_sigma"] else 3,
        embedding=says["model_channels"],
        widths=tuple(int(says["model_channels"] * multiplier) for multiplier in says["channel_mult"]),
        blocks=says["num_res_blocks"],
        attention=says["attention_resolutions"],
        heads=1,
        scale_shift=says["use_scale_shift_norm"],
        resampling="blocks" if says["resblock_updown"] else "convolutions",
        fused_axes=2 if consistency else 1,
    )
    size = row.answers["image_size"]
    with torch.device("meta"):
        return ADMUNet(config, (3, size, size), 1000 if says["class_cond"] else 0)


UNETS = [row for row in PUBLISHED if "model_channels" in row.says]


@pytest.mark.parametrize("row", UNETS, ids=lambda row: row.title)
def test_a_published_file_is_recognised_as_such(row, tiny, monkeypatch):
    found = contents(unet(row))
    monkeypatch.setattr(opening.contents, "read", lambda path: found)
    presets = survey(tiny, {}).presets
    whole = [preset for preset in presets if preset.whole]
    expected = [other for other in UNETS if other.says == row.says]
    if row.answers["family"] == "consistency_models":  # a denoiser and a consistency function have one layout
        assert len(expected) == 2
    assert [preset.title for preset in whole] == [other.title for other in expected]
    assert list(presets[: len(whole)]) == whole
    own = next(preset for preset in whole if preset.title == row.title)
    assert survey(tiny, own.answers).lacks == ()
    assert {"family", *own.answers} == {"family", *row.answers}


def test_a_file_of_another_size_is_offered_what_does_not_contradict_it(tiny):
    presets = survey(tiny, {}).presets
    assert not any(preset.whole for preset in presets)
    titles = " ".join(preset.title for preset in presets)
    assert "improved-diffusion cifar10_uncond_50M" in titles
    for other in ("consistency_models", "DiT", "torch_cfm", "diffusers", "denoising"):
        assert other not in titles

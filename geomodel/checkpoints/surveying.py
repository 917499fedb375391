"""What a person can know of a checkpoint before it takes memory: its card, its open questions, and likely answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from geomodel.checkpoints import opening
from geomodel.checkpoints.hints import nested
from geomodel.checkpoints.info import CheckpointInfo
from geomodel.checkpoints.plan import Answer, Plan, Question
from geomodel.checkpoints.published import PUBLISHED, Published
from geomodel.formats import function
from geomodel.inert.values import Contents

Recognise = Callable[[Contents, Mapping[str, object]], Plan | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A published configuration that does not contradict the file.

    Attributes:
        title: its program and name. answers: to questions of this file. whole: whether the file says everything that
            a file of this configuration says, so that it is likely to be one.
    """

    title: str
    answers: Mapping[str, Answer]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file says of its network, with the hints that were given.

    Attributes:
        info: what its card shows. questions: what the file does not say, answered or not.
        presets: configurations that answer some of the questions, the whole ones first.
        needed: bytes that the network will take.
    """

    info: CheckpointInfo
    questions: tuple[Question, ...]
    presets: tuple[Preset, ...]
    needed: int

    @property
    def lacks(self) -> tuple[Question, ...]:
        """The questions without whose answers the network cannot be built."""
        return tuple(question for question in self.questions if question.lacking)


def survey(path: Path, answers: Mapping[str, Answer]) -> Survey:
    """Look at a file. No number of a large tensor is read. CheckpointError where it is refused or contradicted."""
    family, plan, found = opening.plan(path, nested(answers))
    questions = plan.questions
    presets = _presets(function(family.recognise), found) if questions else ()
    return Survey(info=plan.info, questions=questions, presets=presets, needed=opening.needed(plan))


def _presets(recognise: Recognise, found: Contents) -> tuple[Preset, ...]:
    fitting = (_fitted(recognise, found, published) for published in PUBLISHED)
    return tuple(sorted((preset for preset in fitting if preset is not None), key=lambda preset: not preset.whole))


def _fitted(recognise: Recognise, found: Contents, published: Published) -> Preset | None:
    """The part of a configuration that answers questions of this file; None where the file contradicts it.

    An answer may lead to other questions, such as the program to its noise, so they are asked until none is new.
    """
    given: dict[str, Answer] = {"family": published.answers["family"]}
    asked: dict[str, Answer] = {}
    try:
        while True:
            plan = recognise(found, nested(given))
            assert plan is not None, "the family has recognised the file without hints"
            wanted = {question.hint for question in plan.questions}
            asked = {name: answer for name, answer in published.answers.items() if name in wanted}
            if given.items() >= asked.items():
                break
            given |= asked
    except ValueError:
        return None
    if not asked:
        return None
    return Preset(title=published.title, answers=asked, whole=_says_all(recognise, found, published, given))


def _says_all(recognise: Recognise, found: Contents, published: Published, given: Mapping[str, Answer]) -> bool:
    if not published.says:
        return False
    try:
        recognise(found, {**published.says, **nested(given)})
    except ValueError:
        return False
    return True

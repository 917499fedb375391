"""What the card of a network says, in words."""

from __future__ import annotations

from math import ceil, inf, isnan, log10

from app.session.judging import Verdict
from geomodel import memory
from geomodel.checkpoints import CheckpointInfo, Survey
from geomodel.checkpoints.cards import NOT_SAID
from geomodel.checkpoints.families import FAMILIES
from geomodel.checkpoints.questions import wording
from geomodel.judgement import NOT_JUDGED
from geomodel.number_text import general

Line = tuple[str, str]  # name, value
SHOWN = 4  # coordinates of a mean
TITLES = {row.name: row.title for row in FAMILIES}


def card_rows(info: CheckpointInfo, survey: Survey | None = None, cost: float = 0.0) -> list[Line]:
    """Every line of a card. survey: of a file that is not open yet. cost: seconds for an evaluation of
    one sample, where it was measured.
    """
    rows = [
        ("name", info.name),
        ("file", str(info.path)),
        ("kind", f"{family(info)}, {info.format}"),
        ("network", f"{info.architecture}, {info.parameters:,} parameters"),
        ("numbers", _numbers(info, survey)),
        ("shape", _shape(info.shape) + (", latents" if info.latents else "")),
        ("classes", _classes(info)),
        ("clock", info.clock),
        *([] if info.clock == NOT_SAID else _of_clock(info)),
        ("average", info.average),
        ("ignored", ", ".join(f"{name}{_tensors(count)}" for name, count in info.ignored.items())),
        ("licence", info.licence),
        ("answered", ", ".join(f"{wording(hint).title}: {_answer(hint, info)}" for hint in info.hints)),
        ("lacks", ", ".join(wording(question.hint).title for question in survey.lacks) if survey else ""),
        ("trained on", info.data_name or "not said"),
        ("device", info.device or ""),
        ("SHA-256", info.sha256 or ""),
        ("cost", f"{1000 * cost:.2g} ms an evaluation of one sample" if cost else ""),
    ]
    return [(name, value) for name, value in rows if value]


def summary(info: CheckpointInfo) -> str:
    """One line."""
    low, high = info.sigma_recommended
    return f"{info.architecture}, {info.parameters:,} parameters, σ {_sigma(low)} to {_sigma(high)}"


def family(info: CheckpointInfo) -> str:
    """The program that wrote a network, as people call it."""
    codes = wording("family").answers
    return codes.get(info.family) or TITLES.get(info.family, info.family)


def _numbers(info: CheckpointInfo, survey: Survey | None) -> str:
    stored = f"{info.dtype}, {memory.text(info.size)}" if info.size else info.dtype
    if survey is None or survey.needed == info.size:
        return stored
    return f"{stored}; {memory.text(survey.needed)} in memory"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) if side else "?" for side in shape)


def _classes(info: CheckpointInfo) -> str:
    if not info.classes:
        return "none"
    names = ", ".join(info.label_names) or f"{info.classes:,}"
    return f"{names}, or none" if info.has_null_class else names


def _of_clock(info: CheckpointInfo) -> list[Line]:
    return [("σ", _levels(info)), ("data", f"σ_data {info.sigma_data:.4g}, mean {mean_words(info)}")]


def _levels(info: CheckpointInfo) -> str:
    low, high = (_sigma(level) for level in info.sigma_recommended)
    least, most = _sigma(info.sigma_min), _sigma(info.sigma_max)
    return f"{low} to {high}" if (low, high) == (least, most) else f"{low} to {high}; it knows {least} to {most}"


def _sigma(level: float) -> str:
    return "∞" if level == inf else f"{level:.3g}"


def _tensors(count: int) -> str:
    return f" ({count:,} tensor{'' if count == 1 else 's'})" if count else ""


def _answer(hint: str, info: CheckpointInfo) -> str:
    answer = info.hints[hint]
    return "" if answer is None else wording(hint).answer(answer)


def mean_words(info: CheckpointInfo) -> str:
    """The mean that a network subtracts from x, with digits down to a hundredth of the data's scale."""
    if isnan(info.sigma_data):
        return "unknown"
    if not any(info.mean):
        return "0"
    digits = max(4, ceil(log10(max(map(abs, info.mean)) / info.sigma_data)) + 2)
    shown = ", ".join(general(number, digits) for number in info.mean[:SHOWN])
    return f"{shown}, …" if len(info.mean) > SHOWN else shown


def verdict_words(verdict: Verdict) -> str:
    """Whether the network denoises the open data."""
    if verdict.judgement is not None:
        ratio, limit = verdict.judgement.decisive
        numbers = "" if isnan(ratio) else f" (error ratio {general(ratio, 2)}, limit {general(limit, 2)})"
        return verdict.judgement.words + numbers
    if verdict.message:
        return f"not judged: {verdict.message}"
    return {"waiting": "being judged…", "stopped": "not judged: it was stopped", "": NOT_JUDGED}[verdict.waiting]


def verdict_numbers(verdict: Verdict) -> str:
    """The numbers behind the words, as rich text for a tooltip."""
    judgement = verdict.judgement
    if judgement is None:
        return ""
    columns = (judgement.sigmas, judgement.ratios, judgement.limits)
    cells = [[f"<td>{general(number, 3)}&nbsp;&nbsp;</td>" for number in row] for row in zip(*columns, strict=True)]
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    head = "".join(f"<td><b>{title}</b>&nbsp;&nbsp;</td>" for title in ("σ", "error", "limit"))
    table = f"<table><tr>{head}</tr>{rows}</table>" if rows else ""
    return f"<qt>{judgement.sentence}{table}</qt>"

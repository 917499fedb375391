"""The card of a network: its lines, the form for what a file lacks, and its buttons, driven as a person would."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from gestures import choose, open_window, type_into
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from survey_files import BETA, HEADS, INFO, NOISE, ORDER, PRESETS, QUESTIONS, survey_of

from app.panels.card import BUTTONS, CardPicture, NetworkCard
from app.panels.card_text import card_rows, family, summary, verdict_numbers, verdict_words
from app.session.judging import Verdict
from app.shell.tab_order import reading_order
from geomodel.judgement import DENOISES, NOT_JUDGED, Judgement

NARROW = 260  # pixels: the narrowest that the panel may be, without its scroll bar


@pytest.fixture
def card(qtbot):
    made = NetworkCard()
    made.resize(NARROW, 900)
    return open_window(qtbot, made)


@pytest.fixture
def told(card):
    found = []
    card.answered.connect(found.append)
    card.pressed.connect(found.append)
    return found


def show(card, picture):
    """Show a picture. Qt shows what is new in a layout a little later."""
    card.show_picture(picture)
    QApplication.processEvents()


def asking(answers, questions=QUESTIONS, **more):
    return CardPicture(
        questions=questions, presets=PRESETS, answers=answers, buttons=frozenset({"open", "dismiss"}), **more
    )


# --- what it says ----------------------------------------------------------------------------------------------------


def test_the_lines_of_a_file_that_lacks_answers():
    lines = dict(card_rows(INFO, replace(survey_of({}), needed=8000)))
    assert lines["kind"] == "guided-diffusion, torch zip"
    assert lines["numbers"] == "float32, 4 kB; 8 kB in memory"
    assert lines["lacks"] == "Heads, q, k, v"
    assert not lines.keys() & {"device", "SHA-256", "licence", "average", "cost", "answered"}


def test_the_lines_of_an_open_network():
    info = replace(
        INFO,
        shape=(4, 32, 32),
        latents="sd",
        classes=10,
        has_null_class=True,
        sigma_min=0.0,
        sigma_max=inf,
        average="ema",
        ignored={"optimizer": 12, "loss_fn": 0, "step": 1},
        licence="CC BY-NC-SA",
        hints={"num_heads": 4, "use_new_attention_order": True},
        device="cpu",
        sha256="0f",
    )
    lines = dict(card_rows(info, cost=0.012))
    assert lines["shape"] == "4 × 32 × 32, latents"
    assert lines["classes"] == "10, or none"
    assert lines["σ"] == "0.01 to 150; it knows 0 to ∞"
    assert lines["ignored"] == "optimizer (12 tensors), loss_fn, step (1 tensor)"
    assert lines["answered"] == "Heads: 4, q, k, v: in three blocks"
    assert lines["cost"] == "12 ms an evaluation of one sample"
    assert (lines["average"], lines["licence"], lines["SHA-256"]) == ("ema", "CC BY-NC-SA", "0f")
    assert summary(info) == "adm, 1,000 parameters, σ 0.01 to 150"
    found = [family(replace(info, family=name)) for name in ("edm", "sit", "consistency_models", "own code")]
    assert found == ["EDM", "SiT", "consistency_models", "own code"]


def test_no_noise_level_is_named_before_the_clock_is_known():
    assert "σ" not in dict(card_rows(replace(INFO, clock="not said")))


def test_the_words_of_a_verdict():
    judged = Judgement(words=DENOISES, sigmas=(0.1, 1.0), ratios=(0.25, 0.5), limits=(0.6, 0.7), sentence="It does.")
    assert verdict_words(Verdict(judged)) == f"{DENOISES} (error ratio 0.5, limit 0.7)"
    assert verdict_words(Verdict(replace(judged, ratios=(), limits=()))) == DENOISES
    for number in ("0.1", "0.25", "0.6", "0.7", "It does."):
        assert number in verdict_numbers(Verdict(judged))
    assert verdict_words(Verdict()) == NOT_JUDGED
    assert verdict_words(Verdict(waiting="waiting")) == "being judged…"
    assert verdict_words(Verdict(waiting="stopped")) == "not judged: it was stopped"
    assert verdict_words(Verdict(message="Memory is short.")) == "not judged: Memory is short."
    assert verdict_numbers(Verdict()) == ""


def test_the_card_shows_lines_and_verdict(card):
    show(card, CardPicture(rows=(("name", "σ"), ("file", "/" + "long/" * 60)), verdict="yes", numbers="<b>1</b>"))
    assert card.verdict.text() == "Does it denoise? yes"
    assert card.verdict.toolTip() == "<b>1</b>"
    assert "name: σ" in card.facts.accessibleDescription()
    assert card.minimumSizeHint().width() <= NARROW
    show(card, CardPicture(error="It is a web page.", buttons=frozenset({"dismiss"})))
    assert (card.error.text(), card.error.is_error) == ("It is a web page.", True)
    assert not card.facts.isVisible()
    assert not card.verdict.isVisible()


@pytest.mark.parametrize("name", [name for name, _, _ in BUTTONS])
def test_a_button_says_its_name(card, told, name):
    show(card, CardPicture(buttons=frozenset({name})))
    assert [button for button in card.buttons.values() if button.isVisible()] == [card.buttons[name]]
    QTest.mouseClick(card.buttons[name], Qt.MouseButton.LeftButton)
    assert told == [name]


def test_all_buttons_fit_the_narrow_panel(card):
    show(card, CardPicture(buttons=frozenset(card.buttons)))
    assert card.minimumSizeHint().width() <= NARROW


# --- the form --------------------------------------------------------------------------------------------------------


def test_there_is_a_field_and_a_reason_for_each_question(card):
    show(card, asking({}))
    assert list(card.form.fields) == [question.hint for question in QUESTIONS]
    assert all(field.isVisible() and field.value is None for field in card.form.fields.values())
    text = " ".join(label.text() for label in card.form.findChildren(type(card.error)))
    for question in QUESTIONS:
        assert question.reason[1:] in text
    assert card.minimumSizeHint().width() <= NARROW


def test_what_is_usual_stands_in_an_empty_field(card):
    show(card, asking({}))
    fields = card.form.fields
    assert fields[HEADS.hint].editor.lineEdit().placeholderText() == "needed"
    assert fields[BETA.hint].editor.lineEdit().placeholderText() == "may be left open"
    assert [choice.title for choice in fields[NOISE.hint].choices] == ["as usual: the noise ε", "the noise ε", "v"]
    assert [choice.title for choice in fields[ORDER.hint].choices] == ["in three blocks", "head by head"]


def test_answers_are_told_by_the_names_of_their_hints(card, told):
    show(card, asking({}))
    type_into(card.form.fields[HEADS.hint], "4")
    choose(card.form.fields[ORDER.hint], False)
    choose(card.form.fields[NOISE.hint], "v")
    type_into(card.form.fields[BETA.hint], "0.02")
    assert told == [
        {"num_heads": 4},
        {"use_new_attention_order": False},
        {"diffusion.prediction": "v"},
        {"diffusion.beta_end": 0.02},
    ]


def test_an_answer_is_taken_back(card, told):
    show(card, asking({"num_heads": 4, "diffusion.prediction": "v"}))
    assert card.form.fields[HEADS.hint].value == 4
    editor = card.form.fields[HEADS.hint].editor
    editor.selectAll()
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    choose(card.form.fields[NOISE.hint], None)
    assert told == [{"num_heads": None}, {"diffusion.prediction": None}]


def test_a_published_network_gives_its_answers_at_once(card, told):
    show(card, asking({}))
    assert [choice.title for choice in card.form.preset.choices] == ["one code ✓", "another code"]
    choose(card.form.preset, "another code")
    assert told == [{"num_heads": 1, "use_new_attention_order": True}]
    show(card, asking(told[0]))
    assert card.form.preset.value == "another code"
    show(card, asking({**told[0], "num_heads": 2}))
    assert card.form.preset.value is None


def test_a_question_that_stays_keeps_its_field_and_half_typed_text(card):
    show(card, asking({}, (HEADS, ORDER)))
    field = card.form.fields[HEADS.hint]
    type_into(field, "12", end=None)
    show(card, asking({ORDER.hint: True}, (ORDER, HEADS, BETA)))
    assert card.form.fields[HEADS.hint] is field
    assert field.editor.text() == "12"
    assert [row.y() for row in (card.form.fields[ORDER.hint].parentWidget(), field.parentWidget())] == sorted(
        row.y() for row in (card.form.fields[ORDER.hint].parentWidget(), field.parentWidget())
    )
    assert list(card.form.fields) == [ORDER.hint, HEADS.hint, BETA.hint]


def test_what_is_half_typed_counts_when_the_file_is_opened(card, told):
    show(card, asking({ORDER.hint: True}))
    field = card.form.fields[HEADS.hint]
    type_into(field, "4", end=None)
    QTest.mouseClick(card.buttons["open"], Qt.MouseButton.LeftButton)
    assert told == [{"num_heads": 4}, "open"]
    type_into(field, "four", end=None)
    type_into(field, "1e", end=None)
    QTest.mouseClick(card.buttons["open"], Qt.MouseButton.LeftButton)
    assert told[2:] == []
    assert "is a whole number" in field.error


def test_the_keyboard_visits_fields_buttons_and_lines_in_reading_order(card):
    show(card, asking({}, rows=(("name", "model"),)))
    stops = list(reading_order(card))
    fields = [field.editor for field in card.form.fields.values()]
    assert stops == [card.form.preset.editor, card.buttons["open"], card.buttons["dismiss"], *fields, card.facts]

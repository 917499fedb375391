"""The search of the command palette: what is found by which letters, in which order, and what is marked."""

from __future__ import annotations

import pytest

from app.shell.palette_search import PaletteEntry, fold, search


def entry(title, **more):
    return PaletteEntry(kind=more.pop("kind", "Action"), title=title, act=lambda: None, **more)


def titles(typed, *entries):
    return [
        match.entry.title for match in search([e if isinstance(e, PaletteEntry) else entry(e) for e in entries], typed)
    ]


def marked(typed, title):
    (match,) = search([entry(title)], typed)
    return "".join(title[at] if at in match.marks else "." for at in range(len(title)))


def test_without_letters_everything_is_listed_in_its_order():
    assert titles("", "b", "a") == titles("  ", "b", "a") == ["b", "a"]


def test_the_kinds_of_match_have_an_order():
    by_key, by_tip = entry("Key", keys=("Run",)), entry("Tip", tip="Not to run")
    scattered, inside, words, prefix = "Resume now", "Uprun", "Reset u now", "Run"
    worst_first = (scattered, by_tip, inside, words, by_key, prefix)
    assert titles("run", *worst_first) == ["Run", "Key", "Reset u now", "Uprun", "Tip", "Resume now"]


def test_of_equal_matches_the_one_in_fewer_pieces_then_the_shorter_title_is_first():
    assert titles("ab", "x a bar", "x abacus") == ["x abacus", "x a bar"]
    assert titles("open", "Open data and all", "Open data") == ["Open data", "Open data and all"]
    assert titles("open", "Open a", "Open b") == ["Open a", "Open b"]


@pytest.mark.parametrize(
    ("typed", "title", "marks"),
    [
        ("ope", "Open data…", "Ope......."),
        ("OPE", "open data…", "ope......."),
        ("od", "Open data…", "O....d...."),
        ("opda", "Open data…", "Op...da..."),
        ("data open", "Open data…", "Open.data."),
        ("open data", "Open data…", "Open.data."),
        ("ata", "Open data…", "......ata."),
        ("pnt", "Open data…", ".p.n...t.."),
        ("über", "Überlauf", "Über...."),
        ("uber", "Überlauf", "Über...."),
        ("sigma", "Uniform in log σ", "...............σ"),
        ("σ", "Uniform in log σ", "...............σ"),
        ("sig", "Segment x → D(x; σ)", ".................σ."),
        ("pi", "2π", ".π"),
        ("lambda", "√Λ", ".Λ"),
        ("x0", "Exponential (x₀)", ".............x₀."),
        ("dpm++ 2m", "DPM-Solver++ 2M", "DPM..........2M"),
        ("dpm2m", "DPM-Solver++ 2M", "DPM..........2M"),
        ("runge kutta", "Runge–Kutta 4", "Runge.Kutta.."),
    ],
)
def test_letters_are_found_and_marked(typed, title, marks):
    assert marked(typed, title) == marks


def test_letters_with_an_accent_of_their_own_are_one_letter():
    assert marked("cafe", "Cafe\u0301 au lait") == "Cafe" + "." * 9
    assert fold("e\u0301a").words == " ea"


@pytest.mark.parametrize("typed", ["ctrl+shift+s", "Shift+Ctrl+S", "s+shift+ctrl"])
def test_a_key_is_found_in_any_order_of_its_parts(typed):
    save, other = entry("Save network as…", keys=("Ctrl+Shift+S",)), entry("Save run…", keys=("Ctrl+S",))
    assert titles(typed, other, save)[0] == "Save network as…"


def test_a_sign_is_found_as_a_key():
    assert titles("]", entry("Slower", keys=("[",)), entry("Faster", keys=("]",))) == ["Faster"]


def test_a_title_is_found_by_its_kind_and_its_other_words():
    euler = entry("Euler (DDIM)", kind="Solver", words="euler EulerDiscreteScheduler", tip="x′ = x + (σ′ − σ) e")
    assert titles("solver euler", "Solve", euler) == ["Euler (DDIM)"]
    assert titles("eulerdisc", euler) == ["Euler (DDIM)"]


def test_whole_words_of_the_kind_come_before_those_that_are_begun():
    first, twelfth = entry("A long title", kind="Claim 1"), entry("Short", kind="Claim 12")
    assert titles("claim 1", twelfth, first) == ["A long title", "Short"]
    assert titles("claim 12", twelfth, first) == ["Short"]


def test_scattered_letters_are_near_each_other():
    assert titles("cnw", "Covariance of the new", "Close network") == ["Close network"]
    assert marked("xyz", "x aaaaaaaaaaaa 1x2y3z") == "." * 16 + "x.y.z"


@pytest.mark.parametrize("typed", ["qqq", "???", "→", "no"])
def test_what_matches_nothing_is_not_listed(typed):
    assert titles(typed, "Open data…", "Run") == []


def test_a_search_among_many_equal_words_ends():
    assert titles("a" * 79 + "b", " ".join(["a" * 10] * 20)) == []

"""Files appear whole or not at all; numbers as text."""

from __future__ import annotations

import math

import pytest

import geomodel as gm
from geomodel import files, number_text


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.bin"
    files.write_bytes(path, b"first")
    with files.replacing(str(path), "w", encoding="utf-8", newline="") as file:
        file.write("σ\n")
        assert path.read_bytes() == b"first"  # until the block ends
    assert path.read_bytes() == "σ\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def half() -> None:
        with files.replacing(path) as file:
            file.write(b"half of it")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_sentence_for_a_file_that_could_not_be_written(tmp_path):
    path = tmp_path / "nowhere" / "a.bin"
    with pytest.raises(OSError, match="No such file") as caught:
        files.write_bytes(path, b"")
    assert files.write_error(path, caught.value) == f"{path} could not be written: No such file or directory."
    assert files.write_error("a", OSError("a reason of our own")) == "a could not be written: a reason of our own."
    assert files.read_error("a", caught.value) == "a could not be read: No such file or directory."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.88, "3.880"),
        (0.0012, "0.001200"),
        (-1.2e-5, "−1.200×10⁻⁵"),
        (123456789, "1.235×10⁸"),
        (99999.6, "100000"),
        (0, "0"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_fixed_count_of_digits(value, text):
    assert number_text.fixed(value) == text


def test_powers_and_short_numbers():
    assert [number_text.power_of_ten(power) for power in (-12, 0, 1, 3)] == ["10⁻¹²", "1", "10¹", "10³"]
    assert number_text.superscript(-40) == "⁻⁴⁰"
    assert [number_text.general(value, 5) for value in (3.88, -1.2e-5, 1e20)] == ["3.88", "−1.2×10⁻⁵", "1×10²⁰"]


def test_classes_without_names_are_numbered():
    assert gm.datasets.load("rings").class_name(1) == "middle ring"
    assert (
        gm.datasets.Dataset(name="a", kind="points", stored=gm.datasets.load("rings").stored).class_name(3) == "class 3"
    )

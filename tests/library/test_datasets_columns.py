"""A person may say which columns of a table are coordinates, and which one is the class."""

from __future__ import annotations

import numpy as np
import pytest

from geomodel import datasets
from geomodel.datasets.columns import Columns, parse, places, ranges

COLUMNS = np.round(np.random.default_rng(0).normal(size=(3, 20)), 6)  # width, length, height of flowers
KINDS = [("rose", "tulip")[number % 2] for number in range(20)]
HEADER = "id,width,length,height,kind,batch\n"
ROWS = [f"{n + 7},{a},{b},{c},{KINDS[n]},{n % 3}" for n, (a, b, c) in enumerate(COLUMNS.T.tolist())]
THIRDS = [number % 3 for number in range(20)]


@pytest.fixture
def flowers(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text(HEADER + "\n".join(ROWS))
    return path


@pytest.mark.parametrize(
    ("said", "coordinates", "kinds", "sentence"),
    [
        ("width, height", (0, 2), None, "2 coordinates: width, height; columns 1, 3, 5-6 left out."),
        ("height, width", (2, 0), None, "2 coordinates: height, width; columns 1, 3, 5-6 left out."),
        ("2-4; class 5", (0, 1, 2), True, "3 coordinates: width, length, height; class from column 5; "
         "columns 1, 6 left out."),
        ("class kind; 2, 4", (0, 2), True, "2 coordinates: width, height; class from column 5; "
         "columns 1, 3, 6 left out."),
        ("2–3", (0, 1), None, "2 coordinates: width, length; columns 1, 4-6 left out."),
    ],
)  # fmt: skip
def test_what_is_said_is_taken(flowers, said, coordinates, kinds, sentence):
    data = datasets.load(flowers, columns=said)
    assert np.array_equal(data.points, COLUMNS[list(coordinates)].T)
    assert data.remarks == (sentence,)
    if kinds:
        assert [data.label_names[label] for label in data.labels] == KINDS
    else:
        assert data.labels is None


def test_a_number_is_always_a_column_counted_from_1(tmp_path):
    """As pandas writes columns without names: the first one is called 0."""
    rows = (f"{n},{a},{b},{t}\n" for n, (a, b, t) in enumerate(zip(*COLUMNS[:2].tolist(), THIRDS, strict=True)))
    (tmp_path / "t.csv").write_text(",0,1,2\n" + "".join(rows))
    data = datasets.load(tmp_path / "t.csv", columns="3, 2; class 4")
    assert np.array_equal(data.points, COLUMNS[[1, 0]].T)
    assert data.labels.tolist() == THIRDS


def test_what_was_taken_can_be_said_again(flowers, tmp_path):
    for said in ("2-3; class 5", "4, 2", "1-4; class 6"):
        first = datasets.load(flowers, columns=said)
        again = datasets.load(flowers, columns=first.columns)
        assert (again.columns, again.fingerprint) == (first.columns, first.fingerprint)
    plain = tmp_path / "plain.csv"
    plain.write_text("".join(f"{a},{b},{t}\n" for a, b, t in zip(*COLUMNS[:2].tolist(), THIRDS, strict=True)))
    assert datasets.load(plain).columns == "1-3"
    automatic = tmp_path / "automatic.csv"
    automatic.write_text(",x,label,y\n" + "".join(f"{n},{n / 7},{n % 3},{n / 3}\n" for n in range(9)))
    found = datasets.load(automatic)
    assert found.columns == "2, 4; class 3"
    assert datasets.load(automatic, columns=found.columns).fingerprint == found.fingerprint


def test_the_class_alone_may_be_said(tmp_path):
    """The rest is told from the file, so the numbers of the rows are left out."""
    path = tmp_path / "t.csv"
    path.write_text(",x,y,batch\n" + "".join(f"{n},{n / 7},{n / 3},{n % 3}\n" for n in range(9)))
    assert datasets.load(path).shape == (3,)
    data = datasets.load(path, columns="class batch")
    assert (data.shape, data.labels.tolist(), data.columns) == ((2,), [0, 1, 2] * 3, "2-3; class 4")
    assert data.remarks == ("2 coordinates: x, y; class from column 4; column 1 numbers the rows.",)


def test_the_numbers_of_the_rows_may_be_a_coordinate(tmp_path):
    (tmp_path / "t.csv").write_text(",x,y\n0,0.5,1.5\n1,2.5,3.5\n")
    data = datasets.load(tmp_path / "t.csv", columns="1, 3")
    assert data.points.tolist() == [[0, 1.5], [1, 3.5]]
    assert data.remarks == ("2 coordinates: column 1, y; column 2 left out.",)


def test_a_header_may_be_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("0,1\n0.5,1.5\n2.5,3.5\n")
    assert len(datasets.load(path)) == 2  # as pandas writes columns without names
    assert datasets.load(path, columns="no header").points.tolist() == [[0, 1], [0.5, 1.5], [2.5, 3.5]]
    path.write_text("1970,1980\n0.5,1.5\n2.5,3.5\n")
    assert len(datasets.load(path)) == 3
    assert datasets.load(path, columns="header; 2, 1").points.tolist() == [[1.5, 0.5], [3.5, 2.5]]
    path.write_text("x,y\n0.5,1.5\n")
    with pytest.raises(datasets.DataError, match="line 1: 'x' is not a number"):
        datasets.load(path, columns="no header")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("width, depth", "no column 'depth'; the columns are 1 to 6 (id, width, length, height, kind, batch)"),
        ("7", "no column '7'"),
        ("0-2", "no column '0-2'"),
        ("3-2", "no column '3-2'"),
        ("2-99", "no column '2-99'"),
        ("2, 2", "some are there twice"),
        ("2-6; class 6", "some are there twice"),
        ("2, 5", "'rose' is not a number"),
        ("2; class height", "the column 'height' holds fractions, which are no classes"),
        ("2, 3; 4", "does not say which columns to take"),
        ("2,, 3", "does not say which columns to take"),
        ("class 5; class 6", "does not say which columns to take"),
        ("header; no header; 2", "does not say which columns to take"),
        ("²", "no column '²'"),
        ("9" * 5000, "no column"),
        ("class 2; " + "x" * 900, "no column"),
    ],
)
def test_what_does_not_fit_is_one_sentence(flowers, said, sentence):
    with pytest.raises(datasets.DataError) as caught:
        datasets.load(flowers, columns=said)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_a_table_of_one_column_cannot_be_its_class(tmp_path):
    (tmp_path / "t.csv").write_text("a\n0\n1\n")
    with pytest.raises(datasets.DataError, match="some leave no coordinate"):
        datasets.load(tmp_path / "t.csv", columns="class a")


def test_a_row_of_another_length_is_refused_whatever_is_taken(flowers):
    flowers.write_text(flowers.read_text() + "\n9,9,9")
    with pytest.raises(datasets.DataError, match="line 22 has 3 values"):
        datasets.load(flowers, columns="1, 2")


def test_only_tables_have_columns(tmp_path):
    np.save(tmp_path / "a.npy", COLUMNS.T)
    for name in (tmp_path / "a.npy", "two-moons"):
        with pytest.raises(datasets.DataError, match="is no table"):
            datasets.load(name, columns="1-2")
    assert datasets.load(tmp_path / "a.npy").columns is None


def test_the_words():
    assert parse(" 1-2 ;Class kind; NO HEADER;") == Columns(("1-2",), "kind", False)
    assert parse("") == Columns()
    assert not parse("header").told
    assert ranges([0, 1, 2, 4, 7, 8]) == "1-3, 5, 8-9"
    assert ranges([2, 1]) == "3, 2"
    assert places("2 - 4", (), 5) == [1, 2, 3]

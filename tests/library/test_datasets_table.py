"""Tables as pandas, R and people write them: what is a coordinate, a class or the number of a row."""

from __future__ import annotations

import numpy as np
import pytest

from geomodel import datasets

POINTS = np.random.default_rng(0).normal(size=(12, 2)).round(6)
WORDS = ("cat", "a dog", "eel, grey")


def table(tmp_path, header, row, name="t.csv", encoding="utf-8"):
    """Write a header and one line a point; `row` makes a line of the point's number and coordinates."""
    lines = [header] * bool(header) + [row(number, *point) for number, point in enumerate(POINTS.tolist())]
    (tmp_path / name).write_bytes("\n".join(lines).encode(encoding))
    return tmp_path / name


# The header, a line for point i at (a, b), and the sentence that says what was taken.
XY = "2 coordinates: x, y"
NUMBERED = f"{XY}; column 1 numbers the rows"
COORDINATES = {
    "names": ("x,y", lambda i, a, b: f"{a},{b}", XY),
    "pandas": (",x,y", lambda i, a, b: f"{i},{a},{b}", NUMBERED),
    "pandas with dates": (",x,y", lambda i, a, b: f"2020-01-{i + 1:02},{a},{b}", NUMBERED),
    "pandas with tabs": ("\tx\ty", lambda i, a, b: f"{i}\t{a}\t{b}", NUMBERED),
    "pandas unnamed": ("Unnamed: 0,x,y", lambda i, a, b: f"{i},{a},{b}", NUMBERED),
    "pandas numbers": ("0,1", lambda i, a, b: f"{a},{b}", "2 coordinates: 0, 1; line 1 is a header"),
    "pandas all numbers": (
        ",0,1",
        lambda i, a, b: f"{i},{a},{b}",
        "2 coordinates: 0, 1; line 1 is a header; column 1 numbers the rows",
    ),
    "pandas numbers beside a class": (
        "0,1,label",
        lambda i, a, b: f"{a},{b},{i % 3}",
        "2 coordinates: 0, 1; line 1 is a header; class from column 3",
    ),
    "R table": ("x y", lambda i, a, b: f"{i + 1} {a} {b}", NUMBERED),
    "R table with quotes": ('"x" "y"', lambda i, a, b: f'"row {i}" {a} {b}', NUMBERED),
    "R csv": ('"","x","y"', lambda i, a, b: f'"{i + 1}",{a},{b}', NUMBERED),
    "numbers of rows": (
        "",
        lambda i, a, b: f"{i},{a},{b}",
        "2 coordinates: column 2, column 3; column 1 numbers the rows",
    ),
    "BOM": ("\ufeffx;y", lambda i, a, b: f"{a};{b}", XY),
    "comments": ("# made by hand\nx y", lambda i, a, b: f"{a} {b} # {i}", XY),
    "names with blanks": ("the x\tthe y", lambda i, a, b: f"{a}\t{b}", "2 coordinates: the x, the y"),
    "comma in a name": ('"x, in m","y, in m"', lambda i, a, b: f"{a},{b}", "2 coordinates: x, in m, y, in m"),
}


@pytest.mark.parametrize("case", COORDINATES)
def test_coordinates_are_told_from_the_numbers_of_rows(tmp_path, case):
    header, row, said = COORDINATES[case]
    data = datasets.load(table(tmp_path, header, row))
    np.testing.assert_array_equal(data.points, POINTS)
    assert (data.labels is None, data.remarks) == ("class" not in said, (f"{said}.",))


@pytest.mark.parametrize(
    "text", ["0,1\n1,2\n2,4\n", "0,0\n1,1\n", "0 5\n1 6\n2 9\n", "0\n0.5\n", "x,y\n0,1\n1,3\n", "0,0.5\n0.5,1\n"]
)
def test_points_on_a_grid_are_points(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    rows = [line for line in text.splitlines() if "x" not in line]
    expected = [[float(value) for value in line.replace(",", " ").split()] for line in rows]
    assert datasets.load(tmp_path / "t.csv").points.tolist() == expected


@pytest.mark.parametrize("name", ["label", "Class", "TARGET", "labels"])
def test_a_column_of_numbers_gives_classes_without_names(tmp_path, name):
    data = datasets.load(table(tmp_path, f"x,y,{name}", lambda i, a, b: f"{a},{b},{i % 3}"))
    np.testing.assert_array_equal(data.points, POINTS)
    assert (data.labels.tolist(), data.label_names) == ([i % 3 for i in range(12)], None)
    assert data.remarks == (f"{XY}; class from column 3.",)


def test_words_are_the_names_of_classes(tmp_path):
    path = table(tmp_path, ",class,u,v", lambda i, a, b: f'{i},"{WORDS[i % 3]}",{a},{b}')
    data = datasets.load(path)
    np.testing.assert_array_equal(data.points, POINTS)
    assert data.label_names == ("a dog", "cat", "eel, grey")  # sorted
    assert [data.label_names[label] for label in data.labels] == [WORDS[i % 3] for i in range(12)]
    assert data.remarks == ("2 coordinates: u, v; class from column 2; column 1 numbers the rows.",)


@pytest.mark.parametrize(
    ("written", "labels", "names"),
    [
        (("-1", "1"), [0, 1], ("-1", "1")),
        (("10", "-9"), [1, 0], ("-9", "10")),
        (("2.0", "0.0"), [2, 0], None),
        (("NA", "1"), [1, 0], ("1", "NA")),
    ],
)
def test_numbers_that_do_not_count_from_0_are_names(tmp_path, written, labels, names):
    data = datasets.load(table(tmp_path, "a,b,label", lambda i, a, b: f"{a},{b},{written[i % 2]}"))
    assert (data.labels[:2].tolist(), data.label_names) == (labels, names)


def test_y_is_a_class_unless_x_stands_beside_it(tmp_path):
    data = datasets.load(table(tmp_path, "x1,x2,y", lambda i, a, b: f"{a},{b},{i % 2}"))
    assert (data.shape, data.labels.tolist()) == ((2,), [0, 1] * 6)
    data = datasets.load(table(tmp_path, "x,y,z", lambda i, a, b: f"{a},{b},{i % 2}"))
    assert (data.shape, data.labels) == ((3,), None)


def test_a_target_of_fractions_is_a_coordinate(tmp_path):
    data = datasets.load(table(tmp_path, "a,target", lambda i, a, b: f"{a},{b}"))
    np.testing.assert_array_equal(data.points, POINTS)
    assert (data.labels, data.remarks) == (None, ("2 coordinates: a, target.",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x\n0,1\n0,2\n", "line 1 names 1 columns, and line 2 has 2 values"),
        ("x\n1,5\n2,7\n", "line 1 names 1 columns, and line 2 has 2 values"),
        ("x,y,z\n\n1,2\n", "line 1 names 3 columns, and line 3 has 2 values"),
        ("x y\n3 1 2\n5 1 2\n", "line 1 names 2 columns, and line 2 has 3 values"),
        ("x;y\n0,1;0,2\n", "line 2: '0,1' is not a number"),
        ('"x","y"\n"0.1","0.2"\n', "line 2: '\"0.1\"' is not a number"),
        ("x,y\n1,2\n0.1,\n", "line 3: '' is not a number"),
        (",x,y\n0,1,2\n1,1,2,3\n", "line 3 has 4 values; the lines above have 3"),
        (",x,y\n0,1,2\n1,1\n", "line 3 has 2 values"),
        (",x,y\n0,1,2\n\n1,1,two\n", "line 4: 'two' is not a number"),
        ("a,b,label\n1,2,\n", "line 2: column 3 is blank"),
        ("a,b,label\n1,2,0\n1,2\n", "line 3 has 2 values"),
        ('"', "it has no row of numbers"),
        ('"\n"\n', "is not a number"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_line(tmp_path, text, sentence):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(datasets.DataError) as caught:
        datasets.load(tmp_path / "t.csv")
    assert sentence in str(caught.value)

"""Tables, letter by letter as other programs write them: pandas, R, Excel, NumPy, MATLAB, Octave, databases.

Each gives the three points and the classes below, or is refused in a sentence that names the line.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from strangers import Gives, check, refused

XY = np.array([(52.512, 13.401), (-0.5, 0.001), (3.0, 4.25)])
WORDS, NUMBERS = ("cat", "dog", "cat"), (1, 0, 1)


def savetxt(**options):
    file = io.BytesIO()
    np.savetxt(file, XY, **options)
    return file.getvalue()


TABLES = {
    # name of the case: (name of the file, what is in it, what it gives, the columns that a person says)
    "pandas to_csv": ("t.csv", ",x,y\n0,52.512,13.401\n1,-0.5,0.001\n2,3.0,4.25\n",
                      Gives(XY, said="column 1 numbers the rows")),
    "pandas to_csv, index=False": ("t.csv", "x,y\n52.512,13.401\n-0.5,0.001\n3.0,4.25\n", Gives(XY)),
    "pandas, columns without names": ("t.csv", ",0,1\n0,52.512,13.401\n1,-0.5,0.001\n2,3.0,4.25\n",
                                      Gives(XY, said="line 1 is a header; column 1 numbers the rows")),
    "pandas, without names beside a label": ("t.csv", "0,1,label\n52.512,13.401,1\n-0.5,0.001,0\n3.0,4.25,1\n",
                                             Gives(XY, NUMBERS, "class from column 3")),
    "pandas, whole numbers beside a label": ("t.csv", "0,1,label\n5,7,1\n6,0,0\n",
                                             Gives([(5, 7), (6, 0)], (1, 0), "line 1 is a header")),
    "pandas, classes in words": ("t.csv", ",x,y,class\n0,52.512,13.401,cat\n1,-0.5,0.001,dog\n2,3.0,4.25,cat\n",
                                 Gives(XY, WORDS, "class from column 4; column 1 numbers the rows")),
    "pandas, filtered rows": ("t.csv", ",x,y\n4,52.512,13.401\n17,-0.5,0.001\n23,3.0,4.25\n",
                              Gives(XY, said="column 1 numbers the rows")),
    "pandas, sep=tab": ("t.tsv", "\tx\ty\n0\t52.512\t13.401\n1\t-0.5\t0.001\n2\t3.0\t4.25\n",
                        Gives(XY, said="column 1 numbers the rows")),
    "pandas, float_format=%.3e": ("t.csv", "x,y\n5.2512e+01,1.3401e+01\n-5.000e-01,1.000e-03\n3.000e+00,4.250e+00\n",
                                  Gives(XY)),
    "pandas, dates as index": ("t.csv", "date,x,y\n2024-01-01,52.512,13.401\n2024-01-02,-0.5,0.001\n",
                               refused("line 2: '2024-01-01' is not a number", "choose other columns")),
    "pandas, dates as index, columns said": ("t.csv", "date,x,y\n2024-01-01,52.512,13.401\n2024-01-02,-0.5,0.001\n",
                                             Gives(XY[:2], said="column 1 left out"), "x, y"),
    "pandas, a missing value": ("t.csv", "x,y\n52.512,13.401\n-0.5,\n3.0,4.25\n",
                                refused("line 3", "'' is not a number")),
    "pandas, na_rep=NaN": ("t.csv", "x,y\n52.512,NaN\n-0.5,0.001\n", refused("point 1 is nan")),
    "iris of seaborn": ("iris.csv", "sepal_length,petal_length,species\n5.1,1.4,setosa\n6.3,6.0,virginica\n",
                        refused("line 2: 'setosa' is not a number", "choose other columns")),
    "iris of seaborn, columns said": ("iris.csv", "sepal_length,petal_length,species\n5.1,1.4,setosa\n"
                                      "6.3,6.0,virginica\n", Gives([(5.1, 1.4), (6.3, 6.0)], ("setosa", "virginica"),
                                      "class from column 3"), "1-2; class species"),
    "Kaggle's MNIST": ("train.csv", "label,pixel0,pixel1\n1,0,255\n0,12,7\n",
                       Gives([(0, 255), (12, 7)], (1, 0), "class from column 1")),
    "R write.csv": ("t.csv", '"","x","y"\n"1",52.512,13.401\n"2",-0.5,0.001\n"3",3,4.25\n',
                    Gives(XY, said="column 1 numbers the rows")),
    "R write.csv, row.names=FALSE": ("t.csv", '"x","y"\n52.512,13.401\n-0.5,0.001\n3,4.25\n', Gives(XY)),
    "R write.table": ("t.txt", '"x" "y"\n"1" 52.512 13.401\n"2" -0.5 0.001\n"3" 3 4.25\n',
                      Gives(XY, said="column 1 numbers the rows")),
    "R write.table with a factor": ("t.txt", '"x" "y" "class"\n"1" 52.512 13.401 "cat"\n"2" -0.5 0.001 "dog"\n'
                                    '"3" 3 4.25 "cat"\n', Gives(XY, WORDS, "column 1 numbers the rows")),
    "R write.table with NA": ("t.txt", '"x" "y"\n"1" 52.512 NA\n"2" -0.5 0.001\n', refused("'NA' is not a number")),
    "R write.csv2": ("t.csv", '"";"x";"y"\n"1";52,512;13,401\n"2";-0,5;0,001\n',
                     refused("line 2: '52,512' is not a number", "decimals with a point")),
    "Excel, CSV UTF-8": ("t.csv", "\ufeffx,y\r\n52.512,13.401\r\n-0.5,0.001\r\n3,4.25\r\n", Gives(XY)),
    "Excel, German": ("t.csv", "\ufeffx;y\r\n52,512;13,401\r\n-0,5;0,001\r\n",
                      refused("line 2: '52,512'", "decimals with a point")),
    "Excel, semicolons and points": ("t.csv", "\ufeffx;y;Class\r\n52.512;13.401;cat\r\n-0.5;0.001;dog\r\n"
                                     "3;4.25;cat\r\n", Gives(XY, WORDS, "class from column 3")),
    "Excel, sep=": ("t.csv", "sep=;\r\nx;y\r\n52.512;13.401\r\n", refused("line 2: 'x' is not a number")),
    "Excel, thousands": ("t.csv", 'x,y\r\n"1,234.5",2\r\n', refused("line 2: '\"1,234.5\"' is not a number")),
    "Excel, Windows-1252": ("t.csv", "Größe,y\r\n1,2\r\n".encode("cp1252"), refused("is not UTF-8 text")),
    "Excel, Unicode Text": ("t.txt", "x\ty\r\n1\t2\r\n".encode("utf-16"), refused("is not UTF-8 text")),
    "Excel, empty columns at the end": ("t.csv", "x,y,,\r\n1,2,,\r\n", refused("line 2: '' is not a number")),
    "Excel for Mac, CR": ("t.csv", "x,y\r52.512,13.401\r-0.5,0.001\r3,4.25\r", Gives(XY)),
    "LibreOffice, all fields quoted": ("t.csv", '"x","y"\n"52.512","13.401"\n', refused("'\"52.512\"'")),
    "NumPy savetxt": ("t.txt", savetxt(), Gives(XY)),
    "NumPy savetxt with a header": ("t.csv", savetxt(header="x,y", delimiter=","), Gives(XY)),
    "MATLAB writematrix": ("t.csv", "52.512,13.401\n-0.5,0.001\n3,4.25\n", Gives(XY)),
    "Octave save -text": ("t.txt", "# Created by Octave 8.4.0\n# name: x\n# type: matrix\n# rows: 3\n# columns: 2\n"
                          " 52.512 13.401\n -0.5 0.001\n 3 4.25\n\n\n", Gives(XY)),
    "minus signs of a typesetter": ("t.csv", "x,y\n\u22120.5,2\n", refused("is not a number")),
    "JSON lines": ("t.txt", '{"x": 1, "y": 2}\n{"x": 3, "y": 4}\n', refused("is not a number")),
    "Weka": ("t.arff", "@relation t\n@attribute x numeric\n@data\n1\n", refused("not a kind of file")),
    "a web page": ("t.csv", "<!DOCTYPE html>\n<html>\n", refused("line 2 has 1 values")),
    "a git-lfs pointer": ("t.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n",
                          refused("t.csv")),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_table_gives_its_points_or_a_sentence(case, tmp_path):
    name, content, expected, *columns = TABLES[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    check(tmp_path / name, expected, columns="".join(columns))

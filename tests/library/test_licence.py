"""The licence that the text inside a checkpoint states is found, and the text is not run."""

from __future__ import annotations

import edm_pickles
import lies
import pytest

from geomodel.checkpoints import inspect
from geomodel.checkpoints.licence import stated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# Copyright (c) 2000, Somebody.\n#\n# This work is licensed under a Creative Commons\n"
            "# Attribution-NonCommercial 9.0 International License.\n# See the license.\n\nimport torch\n",
            "Creative Commons Attribution-NonCommercial 9.0 International",
        ),
        ("# Licensed under the Apache License, Version 2.0\n", "Apache"),
        ("#Licensed under the terms of the MIT license.", "MIT"),
        ("print('licensed under no license')\n", ""),
        ("", ""),
        ("#" * 10**6, ""),
        ("# " + "licensed under " * 10**4, ""),
    ],
)
def test_a_licence_is_found_in_comments(text, expected):
    assert stated(text) == expected


@pytest.mark.parametrize("family", ["edm", "edm2"])
def test_the_card_of_a_pickle_states_it(tmp_path, monkeypatch, family):
    assert inspect(lies.FAMILIES[family][0](tmp_path)).licence == ""
    text = "# Licensed under the Sample License\nraise SystemExit('the text of a class was run')\n"
    monkeypatch.setattr(edm_pickles, "SOURCE", text)
    assert inspect(lies.FAMILIES[family][0](tmp_path)).licence == "Sample"

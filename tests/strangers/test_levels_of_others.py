"""Noise levels as other programs print them, pasted into the schedule view, read from a file or given as --levels."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from geomodel import schedules

LEVELS = (80.0, 14.615, 0.5, 0.029)
ZERO = (*LEVELS, 0.0)
TENSOR = torch.tensor(ZERO)
FLOAT32 = tuple(round(float(level), 4) for level in TENSOR)  # as torch prints them

GOOD = {
    "a paper": ("[80.0, 14.615, 0.5, 0.029]", LEVELS),
    "Python's list": (repr(list(ZERO)), ZERO),
    "Python's tuple": (repr(ZERO), ZERO),
    "JSON": (json.dumps({"x": list(ZERO)})[6:-1], ZERO),
    "NumPy, print": (str(np.array(ZERO)), ZERO),
    "NumPy, repr": (repr(np.array(ZERO)), ZERO),
    "NumPy, float32": (repr(np.array(ZERO, np.float32)), ZERO),
    "NumPy, a column": (str(np.array(ZERO)[:, None]), ZERO),
    "NumPy, scientific": (np.array2string(np.array(ZERO), formatter={"float": "{:.4e}".format}), ZERO),
    "k-diffusion's get_sigmas_karras": (repr(TENSOR), FLOAT32),
    "torch, double": (repr(TENSOR.double()), FLOAT32),
    "diffusers' scheduler.sigmas on a GPU": (repr(TENSOR)[:-1] + ", device='cuda:0')", FLOAT32),
    "torch, a gradient": (repr(TENSOR)[:-1] + ", requires_grad=True)", FLOAT32),
    "JAX": ("Array([80.   , 14.615,  0.5  ,  0.029], dtype=float32)", LEVELS),
    "TensorFlow": ("tf.Tensor([80.    14.615  0.5    0.029], shape=(4,), dtype=float32)", LEVELS),
    "ComfyUI": ("80.0, 14.615, 0.5, 0.029", LEVELS),
    "semicolons": ("80.0; 14.615; 0.5; 0.029;", LEVELS),
    "savetxt": ("8.0000e+01\n1.4615e+01\n5.0000e-01\n2.9000e-02\n", LEVELS),
    "Excel, a column with BOM": ("\ufeff80.0\r\n14.615\r\n0.5\r\n0.029\r\n", LEVELS),
    "Excel, a row": ("80.0\t14.615\t0.5\t0.029", LEVELS),
    "MATLAB": ("   80.0000   14.6150    0.5000    0.0290\n", LEVELS),
}
REFUSED = {
    "NumPy, shortened": "[80.    14.615 ...  0.029  0.   ]",
    "torch, shortened": "tensor([80.0000, 14.6150,  ...,  0.0290,  0.0000])",
    "MATLAB with a factor": "   1.0e+03 *\n\n    0.0800    0.0146\n",
    "R's index": "[1] 80.000 14.615  0.500  0.029",
    "decimal commas": "80,0; 14,615; 0,5",
    "ascending": "0.029, 0.5, 14.615, 80",
    "words": "karras",
    "nothing": "",
    "not a number": "80, nan, 1",
    "infinite": "inf, 80, 1",
    "negative": "80, 1, -1",
    "one level": "80",
}


@pytest.mark.parametrize("case", GOOD)
def test_a_list_gives_its_levels(case):
    text, expected = GOOD[case]
    found = schedules.custom(schedules.levels_from_text(text))
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_of_levels_is_refused(case):
    with pytest.raises(ValueError, match=r".") as caught:
        schedules.custom(schedules.levels_from_text(REFUSED[case]))
    assert "\n" not in str(caught.value)

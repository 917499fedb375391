"""What finds a leak in a long session: a leak at the limit is found in any noise, and noise alone is none."""

from __future__ import annotations

import numpy as np
import pytest
from endurance import MB, Sample, growth, resident
from random_hands import GROWTH

LIMIT = GROWTH["resident"]  # MB over 1,000 gestures
EVERY = 250  # gestures between two samples
BLOCK = 10_000  # bytes: below the size from which an allocation has pages of its own


def samples(values, every=EVERY):
    return [Sample((k + 1) * every, value, 0, 0) for k, value in enumerate(values)]


def noise(seed, count=10):
    """Memory that is there for a while: never less than nothing, at times 400 MB."""
    return 570 + np.random.default_rng(seed).exponential(130, count)


def test_a_session_that_was_seen_has_no_leak():
    """Its objects and widgets were steady, and its end was no higher than the largest runs ask for."""
    assert growth(samples([567, 781, 604, 701, 949], 500), "resident") == 37


@pytest.mark.parametrize("leak", [-100, 0, 10, LIMIT, 1000])
def test_a_steady_leak_is_measured(leak):
    values = 600 + leak * np.arange(1, 11) * EVERY / 1000
    assert growth(samples(values), "resident") == pytest.approx(leak)


def test_noise_is_no_leak_and_hardly_hides_one():
    """A line through the second half took 6 in 100 of these for a leak, and missed 6 in 100 of twice the limit."""
    alarms = found = 0
    for seed in range(1000):
        quiet = noise(seed)
        alarms += growth(samples(quiet), "resident") > LIMIT
        found += growth(samples(quiet + 2 * LIMIT * np.arange(10) * EVERY / 1000), "resident") > LIMIT
    assert alarms == 0
    assert found >= 990


def test_one_sample_says_nothing():
    assert np.isnan(growth(samples([600]), "resident"))


def test_memory_that_was_freed_is_not_counted():
    before = resident()
    blocks = [np.ones(BLOCK, np.uint8) for _ in range(80 * MB // BLOCK)]
    assert resident() - before > 70
    del blocks[1::2]  # what remains lies between what is freed
    del blocks[1::2]
    del blocks[1::2]
    assert resident() - before < 40


def test_a_leak_of_the_processs_own_memory_is_found():
    """A little more than the limit, while each sample is taken after other memory was used and freed."""
    leaked, found = [], []
    every, size = 20, 1.2 * LIMIT / 1000 * MB
    for number in range(1, 11):
        for _ in range(every):
            leaked.extend(np.ones(BLOCK, np.uint8) for _ in range(int(size / BLOCK)))
            passing = [np.ones(BLOCK, np.uint8) for _ in range(400 * number % 7)]
            del passing
        found.append(Sample(number * every, resident(), 0, 0))
    assert LIMIT < growth(found, "resident") < 1.4 * LIMIT
    assert leaked

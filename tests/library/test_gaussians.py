"""The Gaussians of data: against dense matrices, scipy's densities and an independent ODE solver."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

import geomodel as gm
from geomodel.datasets import Dataset
from geomodel.denoisers import spectrum as spectra
from geomodel.denoisers.spectrum import Spectrum

RANDOM = np.random.default_rng(7)
D, K = 6, 3
LABELS = RANDOM.integers(K, size=90)
POINTS = np.stack([RANDOM.normal(size=(D, D)) @ RANDOM.normal(size=D) + 3 * label for label in LABELS])
X = RANDOM.normal(size=(5, D)) * 4
SIGMA = np.array([0.3, 1.0, 2.5, 7.0, 30.0])


def moments(points):
    """Mean and covariance over n, as dense matrices."""
    return points.mean(axis=0), np.cov(points.T, bias=True)


def left_isotropic(covariance, rank):
    """The covariance with its eigenvalues beyond the first `rank` replaced by their mean."""
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[::-1], vectors[:, ::-1]
    if rank < len(values):
        values = np.append(values[:rank], np.full(len(values) - rank, values[rank:].mean()))
    return vectors @ np.diag(values) @ vectors.T


def dense(x, sigma, parts):
    """D, log p and responsibilities at one x by dense matrices. parts: (weight, mean, covariance)."""
    noise = sigma**2 * np.eye(len(x))
    logs = [np.log(w) + multivariate_normal(m, c + noise).logpdf(x) for w, m, c in parts]
    shares = np.exp(logs - logsumexp(logs))
    means = [m + c @ np.linalg.solve(c + noise, x - m) for _, m, c in parts]
    return sum(r * m for r, m in zip(shares, means, strict=True)), logsumexp(logs), shares


def class_parts(rank=D):
    of = [(k == LABELS) for k in range(K)]
    found = [(rows.mean(), *moments(POINTS[rows])) for rows in of]
    return [(w, m, left_isotropic(c, rank)) for w, m, c in found]


@pytest.mark.parametrize("rank", [None, 4, 1, 0])
@pytest.mark.parametrize("classes", [False, True])
def test_denoiser_density_and_responsibilities_against_dense_matrices(rank, classes):
    model = gm.Gaussians.fit(POINTS, LABELS if classes else None, rank=rank)
    kept = D if rank is None else rank
    mean, covariance = moments(POINTS)
    parts = class_parts(kept) if classes else [(1.0, mean, left_isotropic(covariance, kept))]
    expected = [dense(x, sigma, parts) for x, sigma in zip(X, SIGMA, strict=True)]
    # 1e-9: dense solves lose the condition of C + σ²I, up to 1e4 here
    np.testing.assert_allclose(model(X, SIGMA), [d for d, _, _ in expected], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(model.log_density(X, SIGMA), [p for _, p, _ in expected], rtol=1e-9)
    np.testing.assert_allclose(model.responsibilities(X, SIGMA), [r for _, _, r in expected], atol=1e-9)


def test_fewer_points_than_dimensions():
    points = RANDOM.normal(size=(4, D)) + 2
    mean, covariance = moments(points)
    model = gm.Gaussians.fit(points)
    assert len(model.spectra[0].values) == 3  # four points span three directions about their mean
    expected = [dense(x, sigma, [(1.0, mean, covariance)]) for x, sigma in zip(X, SIGMA, strict=True)]
    np.testing.assert_allclose(model(X, SIGMA), [d for d, _, _ in expected], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(model.log_density(X, SIGMA), [p for _, p, _ in expected], rtol=1e-9)
    inside = points[:2] - mean
    flat = mean + inside @ np.linalg.pinv(points - mean) @ (points - mean)
    np.testing.assert_allclose(model(points[:2] + 0.0, 0.0), flat, atol=1e-12)  # at σ = 0, D stays among the data
    with pytest.raises(ValueError, match="no density at σ = 0"):
        model.log_density(X, 0.0)


def test_the_rest_keeps_the_trace():
    fitted = gm.Gaussians.fit(POINTS, rank=2).spectra[0]
    trace = fitted.values.sum() + fitted.rest * (D - 2)
    assert trace == pytest.approx(np.trace(moments(POINTS)[1]), rel=1e-12)


def test_diagonal_gaussians_are_the_exact_mixture():
    means, variances = RANDOM.normal(size=(K, D)), RANDOM.uniform(0.1, 2, size=(K, D))
    order = np.argsort(-variances, axis=1)
    parts = [Spectrum(m, np.eye(D)[:, o], v[o]) for m, v, o in zip(means, variances, order, strict=True)]
    model = gm.Gaussians(parts, [1, 2, 3], classes=range(K))
    mixture = gm.MixtureDenoiser(means, variances, [1, 2, 3])
    np.testing.assert_allclose(model(X, SIGMA), mixture(X, SIGMA), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.log_density(X, 0.0), mixture.log_density(X, 0.0), rtol=1e-12)
    np.testing.assert_allclose(model.center, mixture.center, rtol=1e-12)


# ---------------------------------------------------------------- the ODE


@pytest.mark.parametrize(("rank", "count"), [(None, 90), (2, 90), (None, 4)])
@pytest.mark.parametrize("end", [0.05, 60.0])
def test_the_solution_is_that_of_an_independent_solver(rank, count, end):
    model, start = gm.Gaussians.fit(POINTS[:count], rank=rank), 8.0

    def rate(sigma, x):
        return (x - model(x[None], sigma)[0]) / sigma

    for x in X[:2]:
        reached = solve_ivp(rate, (start, end), x, method="DOP853", rtol=1e-11, atol=1e-11).y[:, -1]
        # the solver's own error: 1e-11 a step, magnified by the growth of x
        np.testing.assert_allclose(model.solution(x[None], start, end)[0], reached, rtol=1e-8, atol=1e-8)


def test_the_solution_repeats_and_joins():
    model = gm.Gaussians.fit(POINTS)
    np.testing.assert_allclose(model.solution(X, 3.0, 3.0), X, atol=1e-13)
    halfway = model.solution(X, 40.0, 2.0)
    np.testing.assert_allclose(model.solution(halfway, 2.0, 0.0), model.solution(X, 40.0, 0.0), atol=1e-12)
    each = model.solution(X, 40.0, SIGMA)
    for row, sigma in enumerate(SIGMA):
        np.testing.assert_allclose(each[row], model.solution(X, 40.0, sigma)[row], atol=1e-13)
    assert model.solution(torch.as_tensor(X, dtype=torch.float32), 40.0, 1.0).dtype == torch.float32
    assert model.solution(X.astype(np.float32), 40.0, 1.0).dtype == np.float32


def test_several_gaussians_have_no_solution():
    with pytest.raises(ValueError, match="these are 3"):
        gm.Gaussians.fit(POINTS, LABELS).solution(X, 3.0, 1.0)
    with pytest.raises(ValueError, match="above 0"):
        gm.Gaussians.fit(POINTS).solution(X, 0.0, 1.0)


# ---------------------------------------------------------------- classes


def test_a_class_is_its_own_gaussian():
    model = gm.Gaussians.fit(POINTS, LABELS)
    asked = np.array([2, -1, 0, 2, -1])
    found = model(X, SIGMA, asked)
    for row, label in enumerate(asked):
        alone = model if label < 0 else gm.Gaussians.fit(POINTS[label == LABELS])
        np.testing.assert_allclose(found[row], alone(X[row : row + 1], SIGMA[row])[0], atol=1e-11)
    np.testing.assert_allclose(model.weights, np.bincount(LABELS) / len(LABELS))
    assert model.num_classes == K
    guided = gm.Guided(model, 2.0)(X, SIGMA, np.full(5, 1))
    one, every = model(X, SIGMA, np.full(5, 1)), model(X, SIGMA)
    np.testing.assert_allclose(guided, every + 2 * (one - every), atol=1e-11)


def test_classes_keep_their_numbers():
    labels = np.where(LABELS == 1, -1, LABELS)  # nobody is of class 1, and those points belong to no class
    model = gm.Gaussians.fit(POINTS, labels)
    assert (model.num_classes, len(model.spectra)) == (3, 2)
    alone = gm.Gaussians.fit(POINTS[LABELS == 2])
    np.testing.assert_allclose(model(X, 1.0, np.full(5, 2)), alone(X, 1.0), atol=1e-11)
    with pytest.raises(ValueError, match=r"no class 1 here; the classes are \[0, 2\]"):
        model(X, 1.0, np.full(5, 1))
    with pytest.raises(ValueError, match="have no classes"):
        gm.Gaussians.fit(POINTS)(X, 1.0, np.zeros(5, np.int64))
    with pytest.raises(ValueError, match="No point has a class"):
        gm.Gaussians.fit(POINTS, np.full(90, -1))


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("labels", [None, LABELS])
def test_its_derivatives_are_those_of_differences(labels):
    model = gm.Gaussians.fit(POINTS, labels)
    x = torch.as_tensor(X[:2]).requires_grad_()
    torch.autograd.gradcheck(lambda at: model(at, 1.5), (x,))
    torch.autograd.gradcheck(lambda at: model.log_density(at, 1.5), (x,))


def test_the_score_is_that_of_the_density():
    """Tweedie: D = x + σ² ∇ log p_σ, so denoiser and density belong together."""
    model = gm.Gaussians.fit(POINTS, LABELS, rank=3)
    x = torch.as_tensor(X).requires_grad_()
    (score,) = torch.autograd.grad(model.log_density(x, 2.0).sum(), x)
    np.testing.assert_allclose(model(X, 2.0), X + 4.0 * score.numpy(), rtol=1e-10, atol=1e-10)


def test_the_largest_eigenvalues_of_many(monkeypatch):
    scales = np.arange(1, 81.0) ** -1.5
    points = RANDOM.normal(size=(300, 80)) * np.sqrt(scales) @ np.linalg.qr(RANDOM.normal(size=(80, 80)))[0]
    whole = gm.Gaussians.fit(points, rank=8)
    monkeypatch.setattr(spectra, "_DENSE", 40)
    few = gm.Gaussians.fit(points, rank=8)
    first, second = whole.spectra[0], few.spectra[0]
    np.testing.assert_allclose(first.values, second.values, rtol=1e-8)
    assert first.rest == pytest.approx(second.rest, rel=1e-8)
    x = RANDOM.normal(size=(4, 80))
    np.testing.assert_allclose(whole(x, 0.5), few(x, 0.5), atol=1e-4)  # vectors are right to residual over gap


def test_data_far_from_the_origin():
    far = np.full(D, 1e7)
    near, moved = gm.Gaussians.fit(POINTS, LABELS), gm.Gaussians.fit(POINTS + far, LABELS)
    # 1e-7: coordinates of 10⁷ are rounded by 2e-9, and the densities see them over σ
    np.testing.assert_allclose(moved(X + far, SIGMA) - far, near(X, SIGMA), atol=1e-7)


def test_images_and_files_of_bytes():
    stored = RANDOM.integers(0, 256, size=(40, 1, 3, 3), dtype=np.uint8)
    data = Dataset(name="bytes", kind="images", stored=stored)
    model = gm.Gaussians.fit(data.points, np.arange(40) % 2)
    flat = gm.Gaussians.fit(data.points.reshape(40, 9).astype(np.float64), np.arange(40) % 2)
    x = RANDOM.normal(size=(2, 1, 3, 3)).astype(np.float32)
    assert (model(x, 0.5).shape, model(x, 0.5).dtype) == ((2, 1, 3, 3), np.float32)
    np.testing.assert_allclose(model(x, 0.5).reshape(2, 9), flat(x.reshape(2, 9), 0.5), atol=1e-6)  # x is float32
    np.testing.assert_allclose(
        gm.Gaussians.fit(torch.as_tensor(data.points))(x, 0.5), gm.Gaussians.fit(data.points)(x, 0.5)
    )


def test_a_long_batch_is_answered_in_parts(monkeypatch):
    model = gm.Gaussians.fit(POINTS, LABELS)
    x = RANDOM.normal(size=(23, D))
    whole = model(x, 0.7)
    monkeypatch.setattr("geomodel.denoisers.gaussians._NUMBERS_AT_ONCE", 5 * K * D)
    np.testing.assert_allclose(model(x, 0.7), whole, rtol=1e-13)
    assert model(x[:0], 0.7).shape == (0, D)


def test_a_fit_can_be_stopped():
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        gm.Gaussians.fit(POINTS, between=stop)


def test_many_dimensions_keep_512_eigenvalues_and_say_so(monkeypatch):
    monkeypatch.setattr("geomodel.denoisers.gaussians.WHOLE", 4)
    monkeypatch.setattr("geomodel.denoisers.gaussians.KEPT", 2)
    model = gm.Gaussians.fit(POINTS)
    assert model.note == "Of 6 directions the 2 of largest variance are kept; the others share their mean variance."
    np.testing.assert_allclose(model(X, 1.0), gm.Gaussians.fit(POINTS, rank=2)(X, 1.0))
    assert not gm.Gaussians.fit(POINTS, rank=2).note  # a person who gave a rank knows it
    assert not gm.Gaussians.fit(POINTS[:3]).note  # three points have no more than two eigenvalues


def test_equal_points_and_single_ones():
    for points in (np.full((5, D), 2.0), np.full((1, D), 2.0)):
        model = gm.Gaussians.fit(points)
        np.testing.assert_array_equal(model(X, 3.0), np.full((5, D), 2.0))
        np.testing.assert_allclose(model.solution(X, 4.0, 1.0), 2 + (X - 2) / 4)
        expected = multivariate_normal(np.full(D, 2.0), 9 * np.eye(D)).logpdf(X)
        np.testing.assert_allclose(model.log_density(X, 3.0), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros((0, 3)),), {}, "N at least 1"),
        ((np.array([[1.0, np.nan], [0.0, 1.0]]),), {}, "finite points"),
        ((POINTS, LABELS[:4]), {}, r"\(90,\) whole numbers"),
        ((POINTS,), {"rank": -1}, "whole number from 0"),
        ((POINTS,), {"rank": 2.5}, "whole number from 0"),
        ((POINTS,), {"rank": D + 1}, "6 dimensions"),
    ],
)
def test_refusals(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        gm.Gaussians.fit(*arguments, **options)


def test_parts_that_do_not_fit():
    part = Spectrum(np.zeros(2), np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="different shapes"):
        gm.Gaussians([part, Spectrum(np.zeros(3), np.eye(3), np.ones(3))])
    with pytest.raises(ValueError, match="positive numbers"):
        gm.Gaussians([part, part], [1, 0])

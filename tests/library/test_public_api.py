"""The public surface of the library as scripts see it: names, signatures, shapes, dtypes, who is called how."""

from __future__ import annotations

import inspect
from importlib.util import find_spec

import numpy as np
import pytest
import torch

import geomodel as gm
import resources

PLANAR = ("two-moons", "spiral", "rings", "checkerboard", "gaussian-ring", "swiss-roll", "pinwheel")
MANY = ("gaussian-64", "clusters-64")
TOYS = (*PLANAR, *MANY)
SCHEDULES = ("karras", "log_uniform", "uniform", "polyexponential", "vp_time", "cosine")
LOWER, AFS = {"lower_order_final": False}, {"analytic_first_step": False}
TOLERANCES = {"rtol": 1e-6, "atol": 1e-8, "max_evaluations": 10_000}
CHURN = {"s_churn": 0.0, "s_min": 0.0, "s_max": 1e9, "s_noise": 1.0}
OPTIONS = {  # every solver and its own options
    "euler": AFS,
    "heun": AFS,
    "rk2": {"alpha": 1.0} | AFS,
    "dpm2": {"r": 0.5} | AFS,
    "dpm3": AFS,
    "bs3": AFS,
    "rk4": AFS,
    "ipndm": {"order": 3} | LOWER | AFS,
    "ab": {"order": 3} | LOWER | AFS,
    "deis_tab": {"order": 3} | LOWER | AFS,
    "deis_log": {"order": 3} | LOWER | AFS,
    "exp_x0": {"order": 3} | LOWER | AFS,
    "dpmpp_2s": {"r": 0.5} | AFS,
    "dpmpp_2m": LOWER | AFS,
    "dpmpp_3m": LOWER | AFS,
    "dpmpp_3m_published": LOWER | AFS,
    "dpm_2m": LOWER | AFS,
    "unipc": {"order": 2, "variant": "bh2", "prediction": "x0"} | LOWER | AFS,
    "rk45": TOLERANCES,
    "dop853": TOLERANCES,
    "euler_maruyama": {"eta": 1.0},
    "churn": CHURN,
    "euler_ancestral": {"eta": 1.0},
    "ddim_eta": {"eta": 1.0},
    "dpmpp_2m_sde": {"eta": 1.0},
    "dpmpp_3m_sde": {"eta": 1.0},
}
SOLVERS = tuple(OPTIONS)
SIGMAS = gm.schedules.karras(4, sigma_max=20.0)


@pytest.fixture(scope="module")
def data():
    return gm.datasets.load("two-moons", count=200)


@pytest.fixture(scope="module")
def optimal(data):
    return gm.OptimalDenoiser(data.points, data.labels)


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))


def keywords(function):
    """Name → default of what can only be given by name."""
    found = inspect.signature(function).parameters.values()
    return {item.name: item.default for item in found if item.kind is item.KEYWORD_ONLY}


def positional(function):
    found = inspect.signature(function).parameters.values()
    return [item.name for item in found if item.kind is item.POSITIONAL_OR_KEYWORD]


# ---------------------------------------------------------------- names


def test_every_public_name_is_there():
    for name in gm.__all__:
        assert getattr(gm, name) is not None
    assert set(dir(gm)) == set(gm.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = gm.no_such_name


def test_no_submodule_has_the_name_of_a_public_function():
    functions = set(gm.__all__) - {name for name in gm.__all__ if inspect.ismodule(getattr(gm, name))}
    assert not [name for name in functions if find_spec(f"geomodel.{name}")]


def test_tables():
    assert set(gm.solvers.names()) == set(SOLVERS)
    assert gm.schedules.names() == SCHEDULES
    assert gm.datasets.names()[: len(TOYS)] == TOYS


def test_signatures():
    assert keywords(gm.datasets.load).items() >= {"count": 1000, "seed": 0}.items()
    assert keywords(gm.load_checkpoint).items() >= {"device": "cpu", "hints": None}.items()
    defaults = {name: item.default for name, item in inspect.signature(gm.schedules.karras).parameters.items()}
    assert defaults == {"steps": 18, "sigma_min": 0.002, "sigma_max": 80.0, "rho": 7.0, "final_zero": False}
    assert positional(gm.noise) == ["seeds", "shape", "sigma"]
    assert positional(gm.sample) == positional(gm.iterate) == ["model", "x", "sigmas"]
    assert keywords(gm.sample) == {
        "solver": "heun",
        "labels": None,
        "seeds": None,
        "noise": None,
        "display": "exact",
        "record": None,
        "jump_at": None,
    }
    assert keywords(gm.iterate).items() >= {"solver": "heun", "resume": None, "display": "exact"}.items()
    assert positional(gm.MixtureDenoiser) == ["means", "variances", "weights"]
    assert positional(gm.OptimalDenoiser) == ["points", "labels"]
    assert positional(gm.Guided) == ["model", "scale", "interval"]
    assert positional(gm.OptimalDenoiser.posterior)[:4] == ["self", "x", "sigma", "labels"]


@pytest.mark.parametrize("name", SOLVERS)
def test_solver_options_and_their_defaults(name, optimal):
    assert gm.solvers.complete(name, {}) == OPTIONS[name]
    with pytest.raises(TypeError) as refused:
        gm.sample(optimal, np.ones((1, 2)), SIGMAS, solver=name, wrong=1)
    assert all(option in str(refused.value) for option in OPTIONS[name])


# ---------------------------------------------------------------- data


@pytest.mark.parametrize("name", TOYS)
def test_toys(name):
    toy = gm.datasets.load(name, count=50, seed=3)
    dimension = 64 if name in MANY else 2
    assert (toy.points.shape, toy.points.dtype) == ((50, dimension), np.float64)
    assert (toy.mean.shape, type(toy.std), type(toy.fingerprint)) == ((dimension,), float, str)
    assert toy.labels is None or toy.labels.shape == (50,)
    assert (toy.mixture is not None) == (name in ("gaussian-ring", *MANY))
    assert toy.name == name


def test_the_default_count_is_a_thousand():
    assert len(gm.datasets.load("spiral").points) == 1000


def test_images_are_float32_and_keep_their_bytes():
    images = gm.datasets.load("fashion-mnist")
    assert (images.points.shape[1:], images.points.dtype) == ((1, 28, 28), np.float32)
    assert (images.points.min(), images.points.max()) == (-1, 1)
    assert images.stored.dtype == np.uint8
    assert len(images.label_names) == 10


def test_a_single_point_has_scale_one(tmp_path):
    np.save(tmp_path / "one.npy", np.array([[3.0, 4.0]]))
    one = gm.datasets.load(tmp_path / "one.npy")
    assert one.std == 1
    assert one.mean.tolist() == [3, 4]


# ---------------------------------------------------------------- denoisers


@pytest.fixture(params=["optimal", "mixture", "network"])
def model(request, data):
    if request.param == "mixture":
        return gm.MixtureDenoiser(data.points[:5], 0.1)
    return request.getfixturevalue(request.param)


def test_array_in_array_out_tensor_in_tensor_out(model):
    assert isinstance(model, gm.Denoiser)
    x = np.random.default_rng(0).standard_normal((3, 2))
    for points in (x, x.astype(np.float32), torch.from_numpy(x), torch.from_numpy(x).float()):
        denoised = model(points, 0.7)
        assert (type(denoised), denoised.shape, denoised.dtype) == (type(points), points.shape, points.dtype)


def test_a_noise_level_may_be_any_kind_of_number(model):
    x = np.random.default_rng(0).standard_normal((3, 2))
    expected = model(x, 0.5)  # a power of two: the same number in float32
    for sigma in (
        np.float32(0.5),
        np.float64(0.5),
        np.array(0.5),
        torch.tensor(0.5),
        np.full(3, 0.5),
        torch.full((3,), 0.5),
    ):
        assert np.array_equal(model(x, sigma), expected)
    mixed = model(x, np.array([0.5, 2.0, 8.0]))
    # A row by itself may be rounded differently from a row of a batch (the matrix product's kernel).
    for k, sigma in enumerate((0.5, 2.0, 8.0)):
        assert np.allclose(mixed[k], model(x[k : k + 1], sigma)[0], rtol=1e-5, atol=1e-5)


def test_d_star_is_the_weighted_mean_and_posterior_says_which(data, optimal):
    x, sigma = np.array([[0.3, 0.2], [5.0, -1.0]]), 0.6
    logits = -((x[:, None] - data.points) ** 2).sum(2) / (2 * sigma**2)
    weights = np.exp(logits - logits.max(1, keepdims=True))
    total = weights.sum(1)
    weights /= total[:, None]
    found = optimal.posterior(x, sigma)
    assert isinstance(found, gm.Posterior)
    assert found.weights.shape == found.indices.shape == (2, 64)
    assert found.indices.dtype == torch.int64
    for name in ("weights", "effective_neighbours", "entropy", "log_density", "mean", "bound"):
        assert getattr(found, name).dtype == torch.float64
    # One weighted sum of 200 numbers of size 3 in float64: 1e-13; ten times that for room.
    assert np.allclose(found.mean, weights @ data.points, atol=1e-12)
    assert np.array_equal(found.mean, optimal(torch.from_numpy(x), sigma))
    assert np.allclose(found.weights, -np.sort(-weights, axis=1)[:, :64], atol=1e-12)
    assert np.allclose(weights[[[0], [1]], found.indices], found.weights, atol=1e-12)
    entropy = -(weights * np.log(np.clip(weights, 1e-300, None))).sum(1)
    assert np.allclose(found.entropy, entropy, atol=1e-12)
    assert np.allclose(found.effective_neighbours, np.exp(entropy), rtol=1e-11)
    density = np.log(total / 200) + logits.max(1) - np.log(2 * np.pi * sigma**2)
    assert np.allclose(found.log_density, density, atol=1e-12)
    with pytest.raises(AttributeError):
        found.entropy = None


def test_labels_restrict_d_star_to_a_class(data, optimal):
    x = np.zeros((2, 2))
    of_class = gm.OptimalDenoiser(data.points[data.labels == 1])
    answer = optimal(x, 0.5, labels=[1, -1])
    assert np.allclose(answer[0], of_class(x[:1], 0.5)[0], atol=1e-13)  # the same sum about another centre
    assert np.allclose(answer[1], optimal(x[:1], 0.5)[0], atol=1e-13)


@pytest.mark.parametrize("variances", [0.3, [0.3, 0.1, 0.2], [[0.3, 0.1], [0.2, 0.2], [0.1, 0.4]]])
def test_mixture_variances_are_variances_of_three_shapes(variances):
    means = np.array([[0.0, 1.0], [2.0, 0.0], [-1.0, -1.0]])
    mixture = gm.MixtureDenoiser(means, variances)
    x, sigma = np.array([[0.2, 0.1]]), 0.5
    spread = np.broadcast_to(np.asarray(variances, float).reshape(-1, 1 if np.ndim(variances) < 2 else 2), (3, 2))
    total = spread + sigma**2
    kernels = np.exp(-((x - means) ** 2 / total).sum(1) / 2) / np.sqrt((2 * np.pi * total).prod(1)) / 3
    shares = kernels / kernels.sum()
    denoised = shares @ (means + spread / total * (x - means))
    assert np.allclose(mixture(x, sigma)[0], denoised, atol=1e-14)
    assert np.allclose(mixture.log_density(x, sigma), np.log(kernels.sum()), atol=1e-14)


def test_guidance_mixes_two_answers(data, optimal):
    x, labels = torch.tensor([[0.5, 0.1], [0.0, 0.3]], dtype=torch.float64), torch.tensor([1, 0])
    none, conditional = optimal(x, 0.8), optimal(x, 0.8, labels=labels)
    assert torch.equal(gm.Guided(optimal, 1)(x, 0.8, labels=labels), conditional)
    assert torch.allclose(gm.Guided(optimal, 3.0)(x, 0.8, labels=labels), none + 3 * (conditional - none), atol=1e-14)
    outside = gm.Guided(optimal, 3.0, interval=(1.0, 2.0))
    assert torch.equal(outside(x, 0.8, labels=labels), conditional)
    run = gm.sample(gm.Guided(optimal, 3.0, (0.5, 10.0)), torch.randn(2, 2), SIGMAS, labels=labels, solver="euler")
    assert run.evaluations == 4
    assert run.network_calls == 4 + ((SIGMAS[:-1] >= 0.5) & (SIGMAS[:-1] <= 10)).sum()


# ---------------------------------------------------------------- checkpoints


def test_a_checkpoint_is_a_denoiser_that_knows_its_noise_levels(network):
    assert isinstance(network, gm.Denoiser)
    assert (network.shape, network.num_classes) == ((2,), 0)
    low, high = network.sigma_recommended
    assert 0 < network.sigma_min <= low < high <= network.sigma_max
    assert network.round_sigma(1.234) == 1.234
    assert network.info.shape == (2,)
    with pytest.raises(ValueError):
        network(np.zeros((1, 2)), 1.0, labels=[0])  # it has no classes


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x80\x04K\x01.", b"PK\x03\x04" + bytes(30)])
def test_a_refused_file_is_a_value_error_in_one_sentence(content, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert issubclass(gm.CheckpointError, ValueError)
    with pytest.raises(gm.CheckpointError) as refused:
        gm.load_checkpoint(path)
    text = str(refused.value)
    assert text.startswith("model.safetensors")
    assert text.endswith(".")
    assert "\n" not in text

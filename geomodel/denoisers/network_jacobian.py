"""The Jacobian of any differentiable denoiser, from products of it and of its transpose with vectors."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from geomodel.arrays import Floats
from geomodel.denoisers.base import ask
from geomodel.denoisers.optimal.jacobian import one_query
from geomodel.projection import krylov

_DENSE = 64  # up to this many dimensions, all of J is computed in one batch
_PRODUCTS = 20
_RESIDUAL = 1e-4  # of JᵀJ, relative; float32 networks reach about 1e-6, and singular values are off by its square
_AGREEMENT = 1e-3  # between forward and reverse products, relative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkJacobian:
    """The result of `network_jacobian` for J = ∂D/∂x at one x. Float64, without unit.

    Attributes:
        values: (k,): the largest singular values, descending.
        left, right: (k, *shape): orthonormal, J right_i = values_i left_i.
        residual: max_i ‖Jᵀ left_i − values_i right_i‖/values_0, the accuracy of the vectors (0 where J = 0).
        asymmetry, asymmetry_error: ‖J − Jᵀ‖_F/‖J‖_F, from 0 (symmetric, like that of D*) to 2 (antisymmetric), and its
            standard error; 0 where J = 0.
        trace, trace_error: tr J and its standard error. For D*, tr J is the soft dimension at scale σ.
        method: how products J·v were computed.
    """

    values: Floats
    left: Floats
    right: Floats
    residual: float
    asymmetry: float
    asymmetry_error: float
    trace: float
    trace_error: float
    method: Literal["jvp", "double backward"]


def network_jacobian(
    model: Any, x: Any, sigma: float, labels: Any = None, k: int = 6, *, probes: int = 16, seed: int = 0
) -> NetworkJacobian:
    """The leading singular triplets of J = ∂D/∂x of a differentiable denoiser, and how far J is from symmetric.

    Up to 64 dimensions J is computed whole and everything is exact. With more, singular vectors come from a block
    Krylov space of JᵀJ (k + 6 columns, at most 20 products), and the other numbers from n = `probes` vectors z of
    random signs, by Hutchinson's estimator. With a_i = ‖J z_i − Jᵀ z_i‖² and b_i = (‖J z_i‖² + ‖Jᵀ z_i‖²)/2, whose
    expectations are ‖J − Jᵀ‖_F² and ‖J‖_F²,

        asymmetry r = √(Σ a_i/Σ b_i),   standard error = sd(a_i − r² b_i)/(2 r √n mean b)     (delta method),
        trace = mean z_iᵀ J z_i,        standard error = sd(z_iᵀ J z_i)/√n.

    Products J·v are computed forwards (`torch.func.jvp`) where the model supports that and uᵀ(J v) = (Jᵀu)ᵀ v holds;
    otherwise they are derivatives of Jᵀu by u. Works inside `torch.no_grad`, and does not change the global random
    state.

    Args:
        model: a denoiser with `shape`; each row of a batch must be treated on its own.
        x: (*shape) or (1, *shape). sigma: noise level. labels: the query's class, or None.
        k: singular triplets; no more than there are dimensions are returned.

    Raises:
        ValueError: x has another shape, k < 1 or probes < 2, or the model's answer cannot be differentiated by x.

    Source: Hutchinson 1990 for the trace; Halko, Martinsson and Tropp 2011 for randomised subspaces.
    """
    if k < 1 or probes < 2:
        raise ValueError(f"Expected at least 1 singular value and 2 probes; got {k} and {probes}.")
    query, classes = one_query(tuple(model.shape), x, labels)
    with torch.inference_mode(False), torch.enable_grad():
        products = _Products(model, query.clone(), float(sigma), classes)
        random, dimension = np.random.default_rng(seed), math.prod(model.shape)
        count = min(k, dimension)
        products.choose(random.standard_normal((2, dimension)))
        if dimension <= _DENSE:
            jacobian = products.forward(np.eye(dimension))
            left, values, right = np.linalg.svd(jacobian)
            estimates = _exact(jacobian)
        else:
            basis = krylov(products.both, dimension, count, _RESIDUAL, _PRODUCTS)
            left, values, turn = np.linalg.svd(products.forward(basis), full_matrices=False)
            right = turn @ basis.T
            signs = random.choice([-1.0, 1.0], size=(dimension, probes))
            estimates = _estimates(signs, products.forward(signs), products.reverse(signs))
        left, values, right = left[:, :count], values[:count], right[:count]
        away = np.linalg.norm(products.reverse(left) - right.T * values, axis=0).max()
    return NetworkJacobian(
        values=values,
        left=left.T.reshape(count, *model.shape).copy(),
        right=right.reshape(count, *model.shape).copy(),
        residual=float(away / values[0]) if values[0] else 0.0,
        method=products.method,
        **estimates,
    )


def pulled_back(denoised: Tensor, x: Tensor, u: Tensor, create_graph: bool = False) -> Tensor:
    """Jᵀu of a denoiser's answer at x, of the shape of x. ValueError where the answer cannot be differentiated by x."""
    pulled = None
    if denoised.requires_grad:
        (pulled,) = torch.autograd.grad(denoised, x, u, create_graph=create_graph, allow_unused=True)
    if pulled is None:
        raise ValueError(
            "The model's answer cannot be differentiated by x: it does not depend on x by torch operations alone."
        )
    return pulled


class _Products:
    """J V and Jᵀ U for columns (d, m), as one batch of m copies of the query."""

    def __init__(self, model: Any, x: Tensor, sigma: float, labels: Tensor | None) -> None:
        self._model, self._x, self._sigma, self._labels = model, x, sigma, labels
        self.method: Literal["jvp", "double backward"] = "jvp"

    def choose(self, probe: Floats) -> None:
        """Falls back on reverse mode where forward mode fails, or gives something that is not the adjoint of Jᵀ."""
        v, u = probe[:1].T, probe[1:].T
        back = self.reverse(u)
        try:
            ahead = self.forward(v)
        except (RuntimeError, NotImplementedError):  # an operation of the model has no forward derivative
            self.method = "double backward"
            return
        scale = np.linalg.norm(u) * np.linalg.norm(ahead) + np.linalg.norm(v) * np.linalg.norm(back)
        if abs(float((u * ahead).sum() - (v * back).sum())) > _AGREEMENT * scale:
            self.method = "double backward"

    def forward(self, columns: Floats) -> Floats:
        x, tangent = self._copies(columns)
        if self.method == "double backward":
            return self._twice(x, tangent)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch's own: its first jvp uses torch.jit.script
            return _columns(torch.func.jvp(self._denoise, (x,), (tangent,))[1])

    def reverse(self, columns: Floats) -> Floats:
        x, cotangent = self._copies(columns)
        return _columns(self._pull(x, cotangent))

    def both(self, columns: Floats) -> Floats:
        """JᵀJ V."""
        return self.reverse(self.forward(columns))

    def _twice(self, x: Tensor, tangent: Tensor) -> Floats:
        """J v as the derivative of the linear map u ↦ Jᵀu, applied to v."""
        u = torch.zeros_like(x, requires_grad=True)
        pulled = self._pull(x, u, create_graph=True)
        if not pulled.requires_grad:
            raise ValueError(
                "The model can be differentiated neither forwards nor twice: its Jacobian is out of reach."
            )
        return _columns(torch.autograd.grad(pulled, u, tangent)[0])

    def _pull(self, x: Tensor, u: Tensor, create_graph: bool = False) -> Tensor:
        x.requires_grad_()
        return pulled_back(self._denoise(x), x, u, create_graph)

    def _denoise(self, x: Tensor) -> Tensor:
        labels = None if self._labels is None else self._labels.expand(len(x))
        denoised: Tensor = ask(self._model, x, self._sigma, labels)
        return denoised

    def _copies(self, columns: Floats) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(np.array(columns.T, order="C")).reshape(-1, *self._x.shape[1:])
        return self._x.expand(len(rows), *self._x.shape[1:]).clone(), rows


def _columns(rows: Tensor) -> Floats:
    return np.asarray(rows.detach().flatten(1).double().numpy().T)


def _exact(jacobian: Floats) -> dict[str, float]:
    size = float(np.linalg.norm(jacobian))
    asymmetry = float(np.linalg.norm(jacobian - jacobian.T)) / size if size else 0.0
    return {"asymmetry": asymmetry, "asymmetry_error": 0.0, "trace": float(np.trace(jacobian)), "trace_error": 0.0}


def _estimates(signs: Floats, ahead: Floats, back: Floats) -> dict[str, float]:
    """Hutchinson's estimates and their standard errors from columns z, J z and Jᵀz; see `network_jacobian`."""
    root = math.sqrt(signs.shape[1])
    odd = ((ahead - back) ** 2).sum(axis=0)
    whole = ((ahead**2).sum(axis=0) + (back**2).sum(axis=0)) / 2
    traces = (signs * (ahead + back)).sum(axis=0) / 2
    share = float(odd.mean() / whole.mean()) if whole.any() else 0.0
    ratio = math.sqrt(share)
    doubt = float(np.std(odd - share * whole, ddof=1)) / (2 * ratio * root * float(whole.mean())) if ratio else 0.0
    return {
        "asymmetry": ratio,
        "asymmetry_error": doubt,
        "trace": float(traces.mean()),
        "trace_error": float(np.std(traces, ddof=1)) / root,
    }

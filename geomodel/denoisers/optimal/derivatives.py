"""The derivatives of D* for torch: autograd, `torch.func` and forward mode, exact and without a graph over the points.

With the posterior weights w_i, r_i = y_i − D* and the query's σ,

    ∂D*/∂x · v     = Σ_i w_i r_i (r_i·v)/σ² = Cov(x_0 | x) v/σ²
    ∂D*/∂σ         = Σ_i w_i r_i ‖x − y_i‖²/σ³
    ∂(J v)/∂x · u  = Σ_i w_i r_i (r_i·v) (r_i·u)/σ⁴        (the third central moment)

All are symmetric in the directions, so that a product with a vector is its own transpose. At σ = 0, D* is the nearest
point and all of them are 0. Source: Tweedie's second formula (Efron 2011); derivatives of a softmax.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import Function, forward_ad

if TYPE_CHECKING:
    from geomodel.denoisers.optimal.optimal import OptimalDenoiser

_BLOCK_NUMBERS = 2**21  # of one block of points with weight (16 MB)
_HIGHER = "D* has exact first derivatives by σ and first and second ones by x, and no higher ones."


def wanted(*inputs: Tensor) -> bool:
    """Whether somebody takes derivatives or maps over the inputs."""
    if transformed() or forward_ad._current_level >= 0:
        return True
    return torch.is_grad_enabled() and any(given.requires_grad for given in inputs)


def call(rule: Any, *inputs: Any) -> Tensor:
    """The answer of one of the functions below."""
    answer: Tensor = rule.apply(*inputs)
    return answer


def transformed() -> bool:
    """Whether a transform of `torch.func`, such as grad, jvp or vmap, is running."""
    return torch._C._functorch.maybe_current_level() is not None


class Denoised(Function):
    """D*(x; σ) for x (B, *shape) and sigma (B,), float64; arguments x, sigma, labels, optimal."""

    @staticmethod
    def forward(x: Tensor, sigma: Tensor, labels: Tensor | None, optimal: OptimalDenoiser) -> Tensor:
        return optimal.mean(x, sigma, labels)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _keep(ctx, inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, sigma, labels = ctx.saved_tensors
        (given,) = gradients
        by_x = call(Product, x, sigma, labels, given[None], ctx.optimal)[0] if ctx.needs_input_grad[0] else None
        by_sigma = None
        if ctx.needs_input_grad[1]:
            by_sigma = (call(Rate, x, sigma, labels, ctx.optimal) * given).flatten(1).sum(1)
        return by_x, by_sigma, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        x, sigma, labels = ctx.saved_tensors
        moved = torch.zeros_like(x)
        if tangents[0] is not None:
            moved = moved + call(Product, x, sigma, labels, tangents[0][None], ctx.optimal)[0]
        if tangents[1] is not None:
            moved = moved + call(Rate, x, sigma, labels, ctx.optimal) * _like(tangents[1], x)
        return moved

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, sigma: Tensor, labels: Tensor | None, optimal: Any) -> Any:
        flat = _flattened(info.batch_size, in_dims, x, sigma, labels)
        return _unflattened(call(Denoised, *flat, optimal), info.batch_size), 0


class Product(Function):
    """∂D*/∂x · v for v (m, B, *shape); arguments x, sigma, labels, v, optimal."""

    @staticmethod
    def forward(x: Tensor, sigma: Tensor, labels: Tensor | None, v: Tensor, optimal: OptimalDenoiser) -> Tensor:
        return _contracted(optimal, x, sigma, labels, v)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _keep(ctx, inputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, sigma, labels, v = ctx.saved_tensors
        (given,) = gradients
        if ctx.needs_input_grad[1]:
            raise NotImplementedError(_HIGHER)
        by_x = call(Bend, x, sigma, labels, v, given, ctx.optimal).sum(0) if ctx.needs_input_grad[0] else None
        by_v = call(Product, x, sigma, labels, given, ctx.optimal) if ctx.needs_input_grad[3] else None
        return by_x, None, None, by_v, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        x, sigma, labels, v = ctx.saved_tensors
        if tangents[1] is not None:
            raise NotImplementedError(_HIGHER)
        moved = torch.zeros_like(v)
        if tangents[0] is not None:
            moved = moved + call(Bend, x, sigma, labels, v, tangents[0].expand_as(v), ctx.optimal)
        if tangents[3] is not None:
            moved = moved + call(Product, x, sigma, labels, tangents[3], ctx.optimal)
        return moved

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, sigma: Tensor, labels: Any, v: Tensor, optimal: Any) -> Any:
        answer = _mapped(Product, info.batch_size, in_dims, x, sigma, labels, (v,), optimal)
        return answer, 0


class Bend(Function):
    """∂(J v)/∂x · u for v and u (m, B, *shape); arguments x, sigma, labels, v, u, optimal."""

    @staticmethod
    def forward(
        x: Tensor, sigma: Tensor, labels: Tensor | None, v: Tensor, u: Tensor, optimal: OptimalDenoiser
    ) -> Tensor:
        return _contracted(optimal, x, sigma, labels, v, u)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError(_HIGHER)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NotImplementedError(_HIGHER)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, sigma: Tensor, labels: Any, v: Tensor, u: Tensor, optimal: Any) -> Any:
        answer = _mapped(Bend, info.batch_size, in_dims, x, sigma, labels, (v, u), optimal)
        return answer, 0


class Rate(Function):
    """∂D*/∂σ, (B, *shape); arguments x, sigma, labels, optimal."""

    @staticmethod
    def forward(x: Tensor, sigma: Tensor, labels: Tensor | None, optimal: OptimalDenoiser) -> Tensor:
        found, away = torch.zeros_like(x).flatten(1), (x - optimal.mean(x, sigma, labels)).flatten(1)
        for row, blocks in _centred(optimal, x, sigma, labels):
            for weights, rows in blocks():
                square = (away[row] - rows).square().sum(1)  # ‖x − y_i‖²
                found[row] += (weights * square / sigma[row] / sigma[row] / sigma[row]) @ rows
        return found.reshape(x.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError(_HIGHER)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise NotImplementedError(_HIGHER)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, sigma: Tensor, labels: Tensor | None, optimal: Any) -> Any:
        flat = _flattened(info.batch_size, in_dims, x, sigma, labels)
        return _unflattened(call(Rate, *flat, optimal), info.batch_size), 0


def _contracted(optimal: OptimalDenoiser, x: Tensor, sigma: Tensor, labels: Tensor | None, *vectors: Tensor) -> Tensor:
    """Σ_i w_i r_i Π_j (r_i·v_j)/σ² for vectors v_j (m, B, *shape)."""
    flat = [vector.flatten(2) for vector in vectors]
    found = torch.zeros_like(flat[0])
    for row, blocks in _centred(optimal, x, sigma, labels):
        for weights, rows in blocks():
            shares = weights[:, None].expand(-1, len(found))
            for vector in flat:  # one division at a time, because σ⁴ may underflow
                shares = shares * (rows @ vector[:, row].T) / sigma[row] / sigma[row]
            found[:, row] += shares.T @ rows
    return found.reshape(vectors[0].shape)


def _centred(optimal: OptimalDenoiser, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Iterator[Any]:
    """The queries with σ > 0: their number, and a function that yields blocks of weights (n,) and r (n, d).

    The r_i are differences to the heaviest point, centred by the weights, so that they are as accurate as the data.
    """
    posterior = optimal.posterior(x.detach(), sigma.detach(), labels, 1, every=True)
    assert posterior.every is not None
    points = optimal.points
    for row in (sigma > 0).nonzero().flatten().tolist():
        index = posterior.every[row].nonzero().flatten()
        weights, anchor = posterior.every[row, index], points[posterior.indices[row, :1]].double()
        size = max(1, _BLOCK_NUMBERS // points.shape[1])
        parts = list(zip(torch.split(weights, size), torch.split(index, size), strict=True))
        shift = sum((w @ (points[i].double() - anchor) for w, i in parts), torch.zeros(points.shape[1]).double())

        def blocks(parts: Any = parts, origin: Tensor = anchor, shift: Any = shift) -> Iterator[tuple[Tensor, Tensor]]:
            return ((w, points[i].double() - origin - shift) for w, i in parts)

        yield row, blocks


def _keep(ctx: Any, inputs: tuple[Any, ...]) -> None:
    *tensors, ctx.optimal = inputs
    ctx.save_for_backward(*tensors)
    ctx.save_for_forward(*tensors)
    ctx.set_materialize_grads(False)


def _like(values: Tensor, x: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (x.ndim - 1))


def _front(given: Tensor, dim: int | None, size: int) -> Tensor:
    """The mapped axis first; a tensor without one is repeated."""
    return given.expand(size, *given.shape) if dim is None else given.movedim(dim, 0)


def _flattened(size: int, dims: Any, *given: Tensor | None) -> list[Tensor | None]:
    """The mapped axis and the batch of each tensor as one batch."""
    return [
        None if item is None else _front(item, dim, size).flatten(0, 1) for item, dim in zip(given, dims, strict=False)
    ]


def _unflattened(answer: Tensor, size: int) -> Tensor:
    return answer.reshape(size, -1, *answer.shape[1:])


def _mapped(
    rule: Any, size: int, dims: Any, x: Tensor, sigma: Tensor, labels: Any, vectors: tuple[Tensor, ...], optimal: Any
) -> Tensor:
    """A product's answer over a mapped axis, in front: as more vectors of one query, or as more queries."""
    moved = [_front(vector, dim, size) for vector, dim in zip(vectors, dims[3:], strict=False)]
    if dims[:3] == (None, None, None):
        answer = call(rule, x, sigma, labels, *(vector.flatten(0, 1) for vector in moved), optimal)
        return _unflattened(answer, size)
    queries = _flattened(size, dims[:3], x, sigma, labels)
    answer = call(rule, *queries, *(vector.transpose(0, 1).flatten(1, 2) for vector in moved), optimal)
    return answer.reshape(len(answer), size, -1, *answer.shape[2:]).transpose(0, 1)

"""Gradients of the methods in PyTorch.

Two ways to derive through the virtual update, as one would write them:

* ``pytorch_create_graph``: ``torch.autograd.grad(..., create_graph=True)``.
* ``pytorch_func``: ``torch.func.grad`` of a function that calls ``torch.func.grad``.

First-order MLDG is done as DomainBed does it
(https://github.com/facebookresearch/DomainBed): a clone of the network takes the inner
step, and the gradients of both losses are added up.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from experiments.benchmark.setting import INNER_LEARNING_RATE
from experiments.benchmark.variants import Variant

Tensors = dict[str, torch.Tensor]
Loss = Callable[[Tensors], torch.Tensor]


class Samples(NamedTuple):
    """Some domains, joined.

    Attributes:
      inputs: [samples, 1, frames, features], float.
      labels: [samples], int64.
    """

    inputs: torch.Tensor
    labels: torch.Tensor


class Way(NamedTuple):
    """A way to derive a loss with respect to parameters.

    Attributes:
      inner: from a loss and parameters to its gradient, which can be derived again,
        and its value.
      outer: to its gradient alone.
    """

    inner: Callable[[Loss, Tensors], tuple[Tensors, torch.Tensor]]
    outer: Callable[[Loss, Tensors], Tensors]


def _create_graph(loss_fn: Loss, parameters: Tensors) -> tuple[Tensors, torch.Tensor]:
    loss = loss_fn(parameters)
    gradient = torch.autograd.grad(loss, list(parameters.values()), create_graph=True)
    return dict(zip(parameters, gradient, strict=True)), loss


def _autograd(loss_fn: Loss, parameters: Tensors) -> Tensors:
    gradient = torch.autograd.grad(loss_fn(parameters), list(parameters.values()))
    return dict(zip(parameters, gradient, strict=True))


def _func_inner(loss_fn: Loss, parameters: Tensors) -> tuple[Tensors, torch.Tensor]:
    return torch.func.grad_and_value(loss_fn)(parameters)


def _func_outer(loss_fn: Loss, parameters: Tensors) -> Tensors:
    detached = {name: value.detach() for name, value in parameters.items()}
    return torch.func.grad(loss_fn)(detached)


WAYS = {
    "pytorch_create_graph": Way(_create_graph, _autograd),
    "pytorch_func": Way(_func_inner, _func_outer),
}


def gradient(
    network: nn.Module,
    meta_train: Samples,
    meta_test: Samples,
    way: Way,
    variant: Variant,
) -> Tensors:
    """The gradient that a step descends.

    Args:
      network: at theta.
      meta_train: S'.
      meta_test: V.
      way: how to derive.
      variant: of which objective.

    Returns:
      A tensor for each parameter, by name.
    """
    parameters = dict(network.named_parameters())
    if not variant.meta:
        joined = Samples(*map(torch.cat, zip(meta_train, meta_test, strict=True)))
        return way.outer(lambda p: _loss(network, p, joined), parameters)
    if not variant.second_order:
        return _domainbed_mldg(network, meta_train, meta_test)

    def objective(parameters: Tensors) -> torch.Tensor:
        inner, loss = way.inner(lambda p: _loss(network, p, meta_train), parameters)
        virtual = {
            name: value - INNER_LEARNING_RATE * inner[name]
            for name, value in parameters.items()
        }
        logits = functional_call(network, virtual, meta_test.inputs)
        meta_test_loss = F.cross_entropy(logits, meta_test.labels)
        if not variant.margin:
            return loss + meta_test_loss
        with torch.set_grad_enabled(variant.margin_gradient):
            train_logits = functional_call(network, virtual, meta_train.inputs)
            gamma = (_energy(train_logits) - _energy(logits)).abs()
        return loss + gamma * meta_test_loss

    return way.outer(objective, parameters)


def _loss(network: nn.Module, parameters: Tensors, samples: Samples) -> torch.Tensor:
    logits = functional_call(network, parameters, samples.inputs)
    return F.cross_entropy(logits, samples.labels)


def _energy(logits: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(logits, dim=1).mean()


def _domainbed_mldg(
    network: nn.Module, meta_train: Samples, meta_test: Samples
) -> Tensors:
    clone = copy.deepcopy(network)
    optimizer = torch.optim.SGD(clone.parameters(), lr=INNER_LEARNING_RATE)
    F.cross_entropy(clone(meta_train.inputs), meta_train.labels).backward()
    optimizer.step()
    loss = F.cross_entropy(clone(meta_test.inputs), meta_test.labels)
    outer = torch.autograd.grad(loss, list(clone.parameters()))
    return {
        name: parameter.grad + at_clone
        for (name, parameter), at_clone in zip(
            clone.named_parameters(), outer, strict=True
        )
    }

"""The ResNet of ``damldg_jax.models`` in PyTorch, with the same names of parameters.

As there, batch normalisation in training goes by the statistics of each batch. No
running statistics are kept here: what a training step computes does not depend on
them, and ``torch.func`` could not write them.
"""

from collections import OrderedDict
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.parameters import Values
from experiments.benchmark.setting import STAGE_SIZES, Setting

_conv = partial(nn.Conv2d, bias=False)
_norm = partial(nn.BatchNorm2d, eps=1e-5, track_running_stats=False)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = _conv(inputs, outputs, 3, stride, padding=1)
        self.norm1 = _norm(outputs)
        self.conv2 = _conv(outputs, outputs, 3, padding=1)
        self.norm2 = _norm(outputs)
        if inputs != outputs:
            self.shortcut = _conv(inputs, outputs, 1, stride)
            self.shortcut_norm = _norm(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps [batch, inputs, time, frequency] to ``outputs`` channels."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y))
        if hasattr(self, "shortcut"):
            x = self.shortcut_norm(self.shortcut(x))
        return F.relu(x + y, inplace=True)


class Network(nn.Module):
    """A ResNet for spectrograms."""

    def __init__(self, setting: Setting):
        super().__init__()
        width = setting.width
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            stem=_conv(1, width, 7, 2, padding=3),
            stem_norm=_norm(width),
            relu=nn.ReLU(inplace=True),
            pool=nn.MaxPool2d(3, 2, padding=1),
        )
        inputs = width
        for stage, count in enumerate(STAGE_SIZES[setting.depth]):
            outputs = width * 2**stage
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                name = f"stage{stage + 1}_block{block + 1}"
                layers[name] = Block(inputs, outputs, stride)
                inputs = outputs
        self.encoder = nn.Sequential(layers)
        self.classifier = nn.Linear(inputs, setting.classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From inputs [batch, 1, frames, features] to logits [batch, classes]."""
        return self.classifier(self.encoder(x).mean(dim=(2, 3)))


def to_torch_name(name: str) -> str:
    """Translates ``encoder/stem_norm/scale`` to ``encoder.stem_norm.weight``."""
    path, _, leaf = name.replace("/", ".").rpartition(".")
    return f"{path}.{'bias' if leaf == 'bias' else 'weight'}"


def to_torch(value: np.ndarray) -> torch.Tensor:
    """Lays a parameter out as PyTorch has it: outputs first."""
    axes = {4: (3, 2, 0, 1), 2: (1, 0)}.get(value.ndim, (0,))
    return torch.from_numpy(np.ascontiguousarray(value.transpose(axes)))


def from_torch(tensor: torch.Tensor) -> np.ndarray:
    """Undoes ``to_torch``."""
    axes = {4: (2, 3, 1, 0), 2: (1, 0)}.get(tensor.ndim, (0,))
    return tensor.detach().cpu().numpy().transpose(axes)


def load(network: Network, values: Values) -> None:
    """Gives a network the values, and the precision, of parameters.

    Raises:
      RuntimeError: names or shapes differ.
    """
    state = {to_torch_name(name): to_torch(value) for name, value in values.items()}
    network.to(next(iter(state.values())).dtype)
    network.load_state_dict(state)

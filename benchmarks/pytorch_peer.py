"""A worker of the benchmark in PyTorch: see experiments/benchmark/protocol.py."""

import numpy as np
import torch

from benchmarks.parameters import Values, initial_values
from benchmarks.pytorch_gradients import WAYS, Samples, Tensors, gradient
from benchmarks.resnet_torch import Network, from_torch, load, to_torch_name
from benchmarks.split import Split, noise_split
from experiments.benchmark.protocol import Workload, process_peak_bytes, serve
from experiments.benchmark.setting import LEARNING_RATE, MOMENTUM, Setting
from experiments.benchmark.variants import VARIANTS


class Peer:
    """A network, its batch, and what a step does to them."""

    def __init__(self, setting: Setting, values: Values, split: Split):
        """Loads a network.

        Args:
          setting: implementation, variant and shapes.
          values: parameters, whose precision is that of everything.
          split: the batch.
        """
        self._way = WAYS[setting.implementation]
        self._variant = VARIANTS[setting.variant]
        self._names = {to_torch_name(name): name for name in values}
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = Network(setting)
        load(network, values)
        self._network = network.to(self.device, memory_format=torch.channels_last)
        self._meta_train = self._samples(split.train_inputs, split.train_labels)
        self._meta_test = self._samples(split.test_inputs, split.test_labels)
        self._optimizer = torch.optim.SGD(
            network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM
        )

    def _samples(self, inputs: np.ndarray, labels: np.ndarray) -> Samples:
        dtype = next(self._network.parameters()).dtype
        channels_first = torch.from_numpy(inputs).permute(0, 3, 1, 2)
        return Samples(
            channels_first.to(
                self.device, dtype, memory_format=torch.channels_last, copy=True
            ),
            torch.from_numpy(labels).to(self.device),
        )

    def step(self) -> None:
        """Takes one step and waits for it."""
        descended = self._gradient()
        for name, parameter in self._network.named_parameters():
            parameter.grad = descended[name]
        self._optimizer.step()
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def gradient(self) -> Values:
        """The gradient that a step would descend."""
        return {
            self._names[name]: from_torch(tensor)
            for name, tensor in self._gradient().items()
        }

    def peak_bytes(self) -> int:
        """The most memory used: the device's own, or that of the process."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated()
        return process_peak_bytes()

    def _gradient(self) -> Tensors:
        return gradient(
            self._network, self._meta_train, self._meta_test, self._way, self._variant
        )


def build(setting: Setting) -> Workload:
    """Makes the workload of a setting."""
    peer = Peer(setting, initial_values(setting), noise_split(setting))
    cuda = peer.device.type == "cuda"
    return Workload(
        step=peer.step,
        device=torch.cuda.get_device_name() if cuda else "cpu",
        versions={"torch": torch.__version__},
        peak_bytes=peer.peak_bytes,
    )


if __name__ == "__main__":
    serve(build)

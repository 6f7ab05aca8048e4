"""What torchvision's own ResNet-18 makes of pictures, with random weights.

``python -m tests.torchvision_resnet FOLDER`` reads ``pictures.npy`` [batch, channels,
rows, columns] there, and writes ``resnet18.safetensors``, the weights, and
``expected.npy``, the inputs of the last layer.
"""

import pathlib
import sys

import numpy as np


def main(folder):
    import torch
    import torchvision
    from safetensors.torch import save_file

    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    save_file(network.state_dict(), folder / "resnet18.safetensors")
    network.fc = torch.nn.Identity()
    pictures = torch.from_numpy(np.load(folder / "pictures.npy"))
    with torch.no_grad():
        np.save(folder / "expected.npy", network.eval()(pictures).numpy())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))

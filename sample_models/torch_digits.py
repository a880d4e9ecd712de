"""Trains the TorchScript sample: a small convolutional network on the same digits.

Run as ``python -P -m sample_models.torch_digits FOLDER``; writes model.pt there.
"""

import sys
import warnings
from pathlib import Path

import torch
from torch import nn

from sample_models.digits import SEED, split

EPOCHS = 4
BATCH = 64


def build(folder: Path) -> None:
    """Train from a seed, script and save in ``folder``."""
    torch.manual_seed(SEED)
    train = split()["train"]
    images = torch.from_numpy(train.scaled()[:, None])
    labels = torch.from_numpy(train.y.astype("int64"))
    network = _network()
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    loss = nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(images)).split(BATCH):
            optimiser.zero_grad()
            loss(network(images[chosen]), labels[chosen]).backward()
            optimiser.step()
    model = nn.Sequential(network, nn.Softmax(dim=1)).eval()
    with warnings.catch_warnings():
        # The format is being superseded, and people go on deploying it.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(model).save(str(folder / "model.pt"))


def _network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 10),
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]))

"""Trains the TorchScript sample: a small convolutional network on the same digits.

Run as ``python -P -m sample_models.torch_digits FOLDER``; writes model.pt there.
"""

import sys
from pathlib import Path

import torch
from torch import nn

from sample_models.digits import SEED, split

EPOCHS = 6
BATCH = 32
RATE = 4e-3


def build(folder: Path) -> None:
    """Train from a seed, script and save in ``folder``."""
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(mode=True)
    network = _network()
    _train(network)
    model = nn.Sequential(network, nn.Softmax(dim=1)).eval()
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


def _train(network: nn.Sequential) -> None:
    train = split()["train"]
    images = torch.from_numpy(train.scaled()[:, None])
    labels = torch.from_numpy(train.y.astype("int64"))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    loss = nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(images)).split(BATCH):
            optimiser.zero_grad()
            loss(network(images[chosen]), labels[chosen]).backward()
            optimiser.step()


if __name__ == "__main__":
    build(Path(sys.argv[1]))

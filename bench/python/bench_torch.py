"""PyTorch's side of bench_train.py, in a process of its own: one training, timed step by step.

    bench_torch.py NETWORK FILE BATCH BATCHES EPOCHS THREADS WARM-UP DEVICE [fused]

Prints one line of JSON: `seconds` of each step, `optimizer`, seconds in all, `losses` of each epoch. The training is
what a script would have: pixels in memory, a random order in each epoch, `Adam`. "fused" asks for PyTorch's fused Adam.
Before, another training goes on for WARM-UP seconds and is thrown away.
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))
from networks import ResNet, ResNetAutoencoder, SeedAutoencoder, SeedCnn

LATENT = 300


def network(preset: str, side: int, classes: int) -> nn.Module:
    if preset == "seed-cnn":
        size = side
        for _ in range(3):
            size = (size + 3) // 4 + 1
        return SeedCnn(64 * size * size, classes)
    if preset == "seed-autoencoder":
        return SeedAutoencoder(side // 8 + 1, LATENT)
    if preset == "resnet-autoencoder":
        return ResNetAutoencoder(side, LATENT)
    return ResNet(classes)


class Measured:
    """One training, timed step by step."""

    def __init__(
        self, preset: str, drawn: dict[str, torch.Tensor], batch: int, fused: bool, device: torch.device
    ) -> None:
        torch.manual_seed(42)
        self.pixels, self.labels = drawn["pixels"], drawn["labels"]
        self.batch, self.device = batch, device
        self.model = network(preset, self.pixels.shape[-1], int(self.labels.max()) + 1).to(device).train()
        self.classifies = not preset.endswith("autoencoder")
        self.adam = torch.optim.Adam(self.model.parameters(), lr=0.01 if self.classifies else 0.001, fused=fused)
        self.seconds: list[float] = []
        self.losses: list[float] = []
        self.optimizer = 0.0

    def epoch(self, rows: int) -> None:
        """So many rows: images come again as often as it takes."""
        total = 0.0
        for picked in (torch.randperm(rows) % len(self.labels)).split(self.batch):
            began = time.perf_counter()
            given, truth = self.pixels[picked].to(self.device).float(), self.labels[picked].to(self.device)
            self.adam.zero_grad()
            found = self.model(given)
            loss = nn.functional.nll_loss(found, truth) if self.classifies else nn.functional.mse_loss(found, given)
            loss.backward()
            before = time.perf_counter()
            self.adam.step()
            self.optimizer += time.perf_counter() - before
            total += loss.item() * len(picked)
            self.seconds.append(time.perf_counter() - began)
        self.losses.append(total / rows)


def main() -> None:
    preset, file, batch, batches, epochs, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7])
    torch.set_num_threads(threads)
    # "gpu:0" is "cuda:0" to PyTorch.
    device, fused = torch.device(sys.argv[8].replace("gpu", "cuda")), "fused" in sys.argv[9:]
    drawn = load_file(file)
    warm = Measured(preset, drawn, batch, fused, device)
    until = time.perf_counter() + float(sys.argv[7])
    while time.perf_counter() < until:
        warm.epoch(len(drawn["labels"]))
    del warm
    one = Measured(preset, drawn, batch, fused, device)
    for _ in range(epochs):
        one.epoch(batches * batch)
    print(json.dumps({"seconds": one.seconds, "optimizer": one.optimizer, "losses": one.losses}))


main()

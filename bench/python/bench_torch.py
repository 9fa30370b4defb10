"""PyTorch's side of bench_train.py, in a process of its own: one training, timed step by step.

    bench_torch.py NETWORK FILE BATCH EPOCHS THREADS [fused]

Prints one line of JSON: `seconds` of each step, `optimizer`, seconds in all, `losses` of each epoch. The training is what a
script would have: pixels in memory, a random order in each epoch, `Adam`. "fused" asks for PyTorch's fused Adam.
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


def network(preset, side, classes):
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


def main():
    preset, file, batch, epochs, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    drawn = load_file(file)
    pixels, labels = drawn["pixels"], drawn["labels"]
    model = network(preset, pixels.shape[-1], int(labels.max()) + 1).train()
    classifies = not preset.endswith("autoencoder")
    adam = torch.optim.Adam(model.parameters(), lr=0.01 if classifies else 0.001, fused="fused" in sys.argv[6:])
    seconds, losses, optimizer = [], [], 0.0
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(labels)).split(batch):
            began = time.perf_counter()
            given = pixels[rows].float()
            adam.zero_grad()
            found = model(given)
            loss = nn.functional.nll_loss(found, labels[rows]) if classifies else nn.functional.mse_loss(found, given)
            loss.backward()
            before = time.perf_counter()
            adam.step()
            optimizer += time.perf_counter() - before
            total += loss.item() * len(rows)
            seconds.append(time.perf_counter() - began)
        losses.append(total / len(labels))
    print(json.dumps({"seconds": seconds, "optimizer": optimizer, "losses": losses}))


main()

#!/usr/bin/env python3
"""Makes libs/vision/src/test/resources/resnet-autoencoder.safetensors: what PyTorch makes of docs/networks.py's
ResNetAutoencoder, small.

    .venv-torch/bin/python make_autoencoder_vectors.py

Weights before and after four steps of Adam on the mean squared error, the losses, latents and images before, images
after.
"""

import sys

import numpy as np
import torch
from safetensors.numpy import save_file

from peregrine_client import ROOT

sys.path.insert(0, str(ROOT / "docs"))
from networks import ResNetAutoencoder

SIDE, LATENT, CHANNELS, HIDDEN, ROWS, BATCH, RATE = 24, 5, 4, 6, 16, 8, 0.001


def main() -> None:
    torch.manual_seed(7)
    torch.set_num_threads(1)
    draw = np.random.default_rng(7)
    pixels = draw.integers(0, 256, (ROWS, 3, SIDE // 4, SIDE // 4)).astype(np.uint8).repeat(4, 2).repeat(4, 3)
    images = torch.from_numpy(pixels).float()
    network = ResNetAutoencoder(SIDE, LATENT, CHANNELS, HIDDEN)
    state = lambda moment: {f"{moment}.{name}": value.numpy().copy() for name, value in network.state_dict().items()}

    def evaluated(what: torch.nn.Module) -> np.ndarray:
        with torch.no_grad():
            return what(images).numpy()

    tensors = {"images": pixels} | state("before")
    tensors |= {"latents_before": evaluated(network.encoder), "images_before": evaluated(network)}
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    losses = []
    for step in range(4):
        rows = slice(step % 2 * BATCH, step % 2 * BATCH + BATCH)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(network(images[rows]), images[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    tensors |= {"losses": np.array(losses)} | state("after") | {"images_after": evaluated(network)}
    target = ROOT / "libs/vision/src/test/resources/resnet-autoencoder.safetensors"
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, target)
    print(target, target.stat().st_size, losses)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes resnet.safetensors of libs/vision/src/test/resources: what PyTorch makes of docs/networks.py's ResNet, small.

    .venv-torch/bin/python make_resnet_vectors.py

Weights before and after four steps of AdamW (weight decay on tensors of more than one dimension, gradients shortened by
clip_grad_norm_, weighed and smoothed cross-entropy), the losses, and the output before and after. Beside it
resnet-state-dict.safetensors: the weights before as a user saves them to begin a training with.
"""

import sys

import numpy as np
import safetensors.torch
import torch
from safetensors.numpy import save_file

from peregrine_client import ROOT

sys.path.insert(0, str(ROOT / "docs"))
from networks import ResNet

SIDE, CLASSES, CHANNELS, ROWS, BATCH = 32, 5, (4, 8, 16), 16, 8
RATE, DECAY, NORM, SMOOTHING = 0.002, 0.5, 0.5, 0.1
WEIGHTS = (0.5, 1.0, 2.0, 1.5, 0.25)


def main() -> None:
    torch.manual_seed(7)
    torch.set_num_threads(1)
    draw = np.random.default_rng(7)
    # Smooth images: noise alone would hardly be told apart by what sees places.
    coarse = draw.integers(0, 256, (ROWS, 3, 4, 4)).astype(np.uint8)
    pixels = coarse.repeat(SIDE // 4, 2).repeat(SIDE // 4, 3)
    labels = draw.integers(0, CLASSES, ROWS)
    images, truth = torch.from_numpy(pixels).float(), torch.from_numpy(labels)
    network = ResNet(CLASSES, CHANNELS, dropout=0)
    with torch.no_grad():
        # As if it had learnt for a while: at its beginning each block is the identity.
        for tensor in network.parameters():
            if tensor.dim() == 1:
                tensor.uniform_(0.5, 1.5)
    state = lambda moment: {
        f"{moment}.{name}": value.numpy().copy()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }

    def evaluated() -> np.ndarray:
        network.eval()
        with torch.no_grad():
            return network(images).numpy()

    tensors = {"images": pixels, "labels": labels.astype(np.int64)} | state("before")
    tensors["output_before"] = evaluated()
    target = ROOT / "libs/vision/src/test/resources/resnet.safetensors"
    target.parent.mkdir(exist_ok=True)
    safetensors.torch.save_file(network.state_dict(), target.with_name("resnet-state-dict.safetensors"))
    network.train()
    decayed = [p for p in network.parameters() if p.dim() > 1]
    kept = [p for p in network.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": kept, "weight_decay": 0}], lr=RATE
    )
    losses, norms = [], []
    for step in range(4):
        rows = slice(step % 2 * BATCH, step % 2 * BATCH + BATCH)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            network(images[rows]), truth[rows], weight=torch.tensor(WEIGHTS), label_smoothing=SMOOTHING
        )
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(network.parameters(), NORM)))
        optimizer.step()
        losses.append(loss.item())
    tensors |= {"losses": np.array(losses), "norms": np.array(norms)} | state("after") | {"output_after": evaluated()}
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, target)
    print(target, target.stat().st_size, losses, norms)


if __name__ == "__main__":
    main()

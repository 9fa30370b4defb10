#!/usr/bin/env python3
"""Holds docs/networks.py against the golden vectors and against checkpoints.

    .venv-torch/bin/python check_networks.py [CHECKPOINT ...]

The golden weights must give the golden outputs; each checkpoint must load and answer with numbers. Exit status 1: one does not.
"""

import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))
from networks import load


def golden(name, preset, output, of):
    """A checkpoint out of the golden weights before training, and how far its output is from the golden one."""
    vectors = load_file(ROOT / f"libs/testkit/golden/{name}.safetensors")
    weights = {key.removeprefix("before."): tensor for key, tensor in vectors.items() if key.startswith("before.")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.safetensors"
        # num_batches_tracked is a number alone in PyTorch, one in a row in the vectors.
        save_file({key: tensor.reshape(()) if key.endswith("tracked") else tensor for key, tensor in weights.items()}, file,
                  {"preset": preset})
        network = load(file)
    with torch.no_grad():
        found = of(network)(vectors["images"].float())
    apart = float((found - vectors[output]).abs().max() / vectors[output].abs().max())
    print(f"{preset:16} {output:22} apart by {apart:.1e} of its scale")
    return apart <= 1e-5


def main():
    right = golden("classifier", "seed-cnn", "eval_log_probs_before", lambda network: network)
    right &= golden("autoencoder", "seed-autoencoder", "encoded_before", lambda network: network.encoder)
    right &= golden("autoencoder", "seed-autoencoder", "decoded_before", lambda network: network)
    for file in sys.argv[1:]:
        network = load(file)
        # An autoencoder's side follows from its code's width; a classifier of the report's from its features.
        for side in range(8, 2049, 8):
            try:
                with torch.no_grad():
                    answer = network(torch.full((1, 3, side, side), 100.0))
                break
            except RuntimeError:
                continue
        finite = bool(torch.isfinite(answer).all())
        print(f"{file}: {type(network).__name__}, side {side}, {tuple(answer.shape)}, {'numbers' if finite else 'NOT FINITE'}")
        right &= finite
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

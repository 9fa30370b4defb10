#!/usr/bin/env python3
"""Holds docs/networks.py against the golden vectors, against checkpoints and against a run.

    .venv-torch/bin/python check_networks.py [CHECKPOINT ...] [--run ADDRESS --store FOLDER]

The golden weights must give the golden outputs; each checkpoint must load and answer with numbers. Of a finished run
(http://.../api/v1/runs/RUN) PyTorch must give every image the latent that cluster-service stored, and the test
images the classes of the confusion matrix. Exit status 1: something does not.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from peregrine_client import ROOT, Json, Store, request_json

sys.path.insert(0, str(ROOT / "docs"))
from networks import load


def golden(name: str, preset: str, output: str, of: Callable[[nn.Module], nn.Module]) -> bool:
    """A checkpoint out of the golden weights before training, and how far its output is from the golden one."""
    vectors = load_file(ROOT / f"libs/testkit/golden/{name}.safetensors")
    weights = {key.removeprefix("before."): tensor for key, tensor in vectors.items() if key.startswith("before.")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.safetensors"
        # num_batches_tracked is a number alone in PyTorch, one in a row in the vectors.
        save_file(
            {key: tensor.reshape(()) if key.endswith("tracked") else tensor for key, tensor in weights.items()},
            file,
            {"preset": preset},
        )
        network = load(file)
    with torch.no_grad():
        found = of(network)(vectors["images"].float())
    apart = float((found - vectors[output]).abs().max() / vectors[output].abs().max())
    print(f"{preset:16} {output:22} apart by {apart:.1e} of its scale")
    return apart <= 1e-5


class Images:
    """A run's pixels by manifest row: float32 [n, 3, side, side]."""

    def __init__(self, store: Store, manifest: Json) -> None:
        self.store = store
        self.tensors = load_file(self.file(manifest["tensors"]))
        packs = store.json(manifest["json"]["uri"])["packs"]
        self.packs = [load_file(self.file(pack))["pixels"] for pack in packs]

    def file(self, artifact: Json) -> Path:
        return self.store.path(artifact["uri"])

    def of(self, rows: list[int]) -> torch.Tensor:
        return torch.stack([self.packs[self.tensors["pack"][row]][self.tensors["index"][row]] for row in rows]).float()


def answers(network: nn.Module, images: Images, rows: list[int], batch: int = 32) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([network(images.of(rows[at : at + batch])) for at in range(0, len(rows), batch)])


def of_run(details: Json, store: Store) -> bool:
    """Whether PyTorch answers as the run did: latents within float32's noise, predictions but for a tie in a hundred."""
    images = Images(store, details["manifest"])
    expected = load_file(images.file(details["clustering"]["latents"]))
    latents = answers(load(images.file(details["autoencoder"]["weights"])).encoder, images, expected["row"].tolist())
    apart = float((latents - expected["latent"]).abs().max() / expected["latent"].abs().max())
    print(f"{len(latents)} latents apart by {apart:.1e} of their scale")

    test = details["classifier"]["test"]
    accepted = (images.tensors["pack"] >= 0) & (images.tensors["split"] == 0)
    rows = torch.nonzero(accepted).flatten().tolist()
    predicted = answers(load(images.file(details["classifier"]["weights"])), images, rows).argmax(1)
    confusion = torch.zeros(len(test["classes"]), len(test["classes"]), dtype=torch.long)
    for row, label in zip(rows, predicted.tolist()):
        confusion[images.tensors["label"][row], label] += 1
    moved = int((confusion - torch.tensor(test["confusion"])).abs().sum()) // 2
    print(f"{len(rows)} test images, {moved} of them in another place of the confusion matrix")
    return apart <= 1e-4 and moved <= len(rows) // 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="*", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--run", metavar="ADDRESS", help="of a finished run, with --store")
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    if (given.run is None) != (given.store is None):
        parser.error("--run and --store go together")
    right = golden("classifier", "seed-cnn", "eval_log_probs_before", lambda network: network)
    right &= golden("autoencoder", "seed-autoencoder", "encoded_before", lambda network: network.encoder)
    right &= golden("autoencoder", "seed-autoencoder", "decoded_before", lambda network: network)
    if given.run:
        right &= of_run(request_json(given.run), Store(given.store))
    for file in given.checkpoints:
        network = load(file)
        # An autoencoder's side follows from its latent's width; a classifier of the report's from its features.
        for side in range(8, 2049, 8):
            try:
                with torch.no_grad():
                    answer = network(torch.full((1, 3, side, side), 100.0))
                break
            except RuntimeError:
                continue
        finite = bool(torch.isfinite(answer).all())
        print(
            f"{file}: {type(network).__name__}, side {side}, {tuple(answer.shape)}, {'numbers' if finite else 'NOT FINITE'}"
        )
        right &= finite
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())

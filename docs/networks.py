"""Peregrine's networks for PyTorch. A checkpoint's weights in three lines:

    from networks import load
    network = load("checkpoint.safetensors")
    log_probabilities = network(pixels)        # float32 [n, 3, side, side], 0 to 255, the side of the run

Needs torch and safetensors. A checkpoint's file: `GET /api/v1/runs/{run}/checkpoints` of trainer-service names those that
are kept, `…/checkpoints/{network}/{epoch}` is one; it lies in the store, too.
An autoencoder answers with images; `network.encoder(pixels)` are its latents.
"""

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn


class SeedCnn(nn.Module):
    """The report's classifier. `features`: 64 times the last pooling's places."""

    def __init__(self, features, classes, dropout=0.1):
        super().__init__()
        channels = (3, 16, 32, 64)
        for layer in (1, 2, 3):
            setattr(self, f"conv2d{layer}", nn.Conv2d(channels[layer - 1], channels[layer], 2, padding=2))
            setattr(self, f"batchnorm2d{layer}", nn.BatchNorm2d(channels[layer]))
        self.linear1 = nn.Linear(features, 300)
        self.linear2 = nn.Linear(300, classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, pixels):
        x = pixels
        for layer in (1, 2, 3):
            x = getattr(self, f"batchnorm2d{layer}")(getattr(self, f"conv2d{layer}")(x))
            x = nn.functional.max_pool2d(torch.relu(x), 4, 4, 2)
        x = torch.relu(self.dropout(self.linear1(x.flatten(1))))
        return torch.log_softmax(self.linear2(x), 1)


class SeedAutoencoder(nn.Module):
    """The report's autoencoder. `width`: side / 8 + 1."""

    def __init__(self, width, latent):
        super().__init__()
        layers = []
        for channels, out in ((3, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(channels, out, 2, stride=2, padding=1), nn.ReLU()]
        flat = 64 * width * width
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, latent))
        self.decoder = nn.Sequential(
            nn.Linear(latent, flat), nn.ReLU(), nn.Unflatten(1, (64, width, width)),
            nn.ConvTranspose2d(64, 32, 2, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 2, stride=2, padding=1, output_padding=1), nn.ReLU(),
            nn.ConvTranspose2d(16, 3, 2, stride=2, padding=1), nn.ReLU())

    def forward(self, pixels):
        return self.decoder(self.encoder(pixels))


class Block(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        stride = 1 if channels == out else 2
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride == 2:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def statistics(x):
    """Each channel's mean and standard deviation over all places: [n, 2 * channels]."""
    return torch.cat((x.mean((2, 3)), (x.var((2, 3), correction=0) + 1e-4).sqrt()), 1)


class ResNet(nn.Module):
    """A residual network of three stages, of which each one's statistics tell the class. `channels`: of each stage."""

    def __init__(self, classes, channels=(32, 64, 128), dropout=0.1):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels[0], 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        before = channels[0]
        for stage, out in enumerate(channels, 1):
            setattr(self, f"layer{stage}", nn.Sequential(Block(before, out), Block(out, out)))
            before = out
        self.norm = nn.BatchNorm1d(2 * sum(channels))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2 * sum(channels), classes)

    def forward(self, pixels):
        x = torch.relu(self.bn1(self.conv1(pixels * (1 / 64) - 2)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        found = []
        for layer in (self.layer1, self.layer2, self.layer3):
            x = layer(x)
            found.append(statistics(x))
        return torch.log_softmax(self.fc(self.dropout(self.norm(torch.cat(found, 1)))), 1)


class PatchBlock(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, hidden, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x):
        return x + self.conv2(torch.relu(self.conv1(x)))


class PatchEncoder(nn.Module):
    def __init__(self, side, latent, channels, hidden):
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 8, 8)
        self.blocks = nn.Sequential(PatchBlock(channels, hidden), PatchBlock(channels, hidden))
        self.code = nn.Linear(channels * (side // 8) ** 2, latent)

    def forward(self, pixels):
        return self.code(self.blocks(self.patches(pixels * (1 / 64) - 2)).flatten(1))


class PatchDecoder(nn.Module):
    def __init__(self, side, latent, channels, hidden):
        super().__init__()
        self.grid = side // 8
        self.code = nn.Linear(latent, channels * self.grid ** 2)
        self.blocks = nn.Sequential(PatchBlock(channels, hidden), PatchBlock(channels, hidden))
        self.pixels = nn.Conv2d(channels, 3 * 8 * 8, 3, padding=1)

    def forward(self, code):
        x = self.code(code).unflatten(1, (-1, self.grid, self.grid))
        return (nn.functional.pixel_shuffle(self.pixels(self.blocks(x)), 8) + 2) * 64


class ResNetAutoencoder(nn.Module):
    """A residual autoencoder over patches of 8 x 8 pixels."""

    def __init__(self, side, latent, channels=32, hidden=64):
        super().__init__()
        self.encoder = PatchEncoder(side, latent, channels, hidden)
        self.decoder = PatchDecoder(side, latent, channels, hidden)

    def forward(self, pixels):
        return self.decoder(self.encoder(pixels))


def load(path):
    """The network of a checkpoint, with its weights, ready to be asked (`eval`)."""
    weights = load_file(path)
    with safe_open(path, "pt") as file:
        preset = file.metadata()["preset"]
    if preset == "seed-cnn":
        network = SeedCnn(weights["linear1.weight"].shape[1], weights["linear2.weight"].shape[0])
    elif preset == "seed-autoencoder":
        latent, flat = weights["encoder.7.weight"].shape
        network = SeedAutoencoder(round((flat / 64) ** 0.5), latent)
    elif preset == "resnet":
        stages = [weights[f"layer{stage}.0.conv1.weight"].shape[0] for stage in (1, 2, 3)]
        network = ResNet(weights["fc.weight"].shape[0], stages)
    elif preset == "resnet-autoencoder":
        latent, features = weights["encoder.code.weight"].shape
        hidden, channels = weights["encoder.blocks.0.conv1.weight"].shape[:2]
        network = ResNetAutoencoder(8 * round((features / channels) ** 0.5), latent, channels, hidden)
    else:
        raise ValueError(f"{path} is of the preset '{preset}', which this file does not know")
    network.load_state_dict(weights, strict=True)
    return network.eval()

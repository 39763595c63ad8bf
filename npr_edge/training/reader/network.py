"""The reader's network.

Dense 3x3 convolutions down to 8 x 24 tokens, two token-mixing layers that give every token a view of the whole
plate (without it an attention slot cannot count the characters to its left), one attention map per slot, and a
classifier shared by the slots after a small exchange between them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from npr_edge.read.charset import CLASSES, SLOTS

GRID = (8, 24)
"""Rows and columns of tokens."""

TOKENS = GRID[0] * GRID[1]

CORNERS = 4


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels of the stages; multiples of 16, which CPU kernels like best."""

    stem: int = 16
    early: int = 48
    tokens: int = 96
    regions: int = 0


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one pass gives, before any softmax.

    Attributes:
        slots: (B, SLOTS, CLASSES) logits.
        region: (B, regions) logits.
        attention: (B, SLOTS + 1, TOKENS) logits; the last row is the region's.
        cells: (B, CLASSES, rows, columns) logits of the character under each token (training only).
        outline: (B, CORNERS, TOKENS) logits of where the plate's corners are, TL TR BR BL.
    """

    slots: Tensor
    region: Tensor
    attention: Tensor
    cells: Tensor
    outline: Tensor


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6()
    )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.activation = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.activation(x + self.second(self.first(x)))


class Mixing(nn.Module):
    """Fully connected over positions, then over channels, each beside a shortcut.

    The second layer of each branch starts at zero, so that the layer begins as the identity and needs no
    normalisation, which int8 would pay for.
    """

    def __init__(self, channels: int, positions: int, hidden: int) -> None:
        super().__init__()
        self.positions = nn.Sequential(nn.Linear(positions, hidden), nn.ReLU6(), nn.Linear(hidden, positions))
        self.channels = nn.Sequential(nn.Linear(channels, 2 * channels), nn.ReLU6(), nn.Linear(2 * channels, channels))
        for branch in (self.positions, self.channels):
            nn.init.zeros_(branch[2].weight)
            nn.init.zeros_(branch[2].bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        x = x + self.positions(x.transpose(1, 2)).transpose(1, 2)
        return x + self.channels(x)


class Reader(nn.Module):
    """Rectified plate, (B, 3, 64, 192) RGB 0-1, to ``Outputs``."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        channels = widths.tokens
        self.features = nn.Sequential(
            _conv(3, widths.stem, 3, 2),
            _conv(widths.stem, widths.early, 3, 2),
            Residual(widths.early),
            _conv(widths.early, channels, 3, 2),
            Residual(channels),
            Residual(channels),
        )
        self.mixing = nn.ModuleList([Mixing(channels, TOKENS, 128), Mixing(channels, TOKENS, 128)])
        self.between = Residual(channels)
        self.attention = nn.Linear(channels, SLOTS + 1)
        self.place = nn.Parameter(torch.zeros(TOKENS, SLOTS + 1))
        self.exchange = Mixing(channels, SLOTS, 2 * SLOTS)
        self.classifier = nn.Linear(channels, CLASSES)
        self.region = nn.Linear(channels, widths.regions)
        self.cells = nn.Conv2d(channels, CLASSES, 1)
        self.outline = nn.Linear(channels, CORNERS)
        self.outline_place = nn.Parameter(torch.zeros(TOKENS, CORNERS))

    def forward(self, x: Tensor) -> Outputs:
        """One pass; see ``Outputs``."""
        local = self.features(x)
        tokens = self.mixing[0](_tokens(local))
        tokens = self.mixing[1](_tokens(self.between(_grid(tokens))))
        attention = (self.attention(tokens) + self.place).transpose(1, 2)
        picked = torch.bmm(attention.softmax(dim=2), tokens)
        slots = self.classifier(self.exchange(picked[:, :SLOTS]))
        outline = (self.outline(tokens) + self.outline_place).transpose(1, 2)
        return Outputs(slots, self.region(picked[:, SLOTS]), attention, self.cells(local), outline)


def _tokens(x: Tensor) -> Tensor:
    """(B, C, rows, columns) -> (B, TOKENS, C)."""
    return x.permute(0, 2, 3, 1).flatten(1, 2)


def _grid(x: Tensor) -> Tensor:
    """(B, TOKENS, C) -> (B, C, rows, columns)."""
    return x.unflatten(1, GRID).permute(0, 3, 1, 2)


class Deployed(nn.Module):
    """The network as the device runs it: channels last and BGR in, slot, region and outline logits out.

    Softmax, temperature and the search for texts stay outside, in float, where they cost nothing.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = copy.deepcopy(reader).eval()
        stem = self.reader.features[0][0].weight
        # The device's pictures are BGR: turning the first kernels round costs nothing, turning every plate does.
        stem.data = stem.data.flip(1)

    def forward(self, plate: Tensor) -> dict[str, Tensor]:
        """(1, 64, 192, 3) BGR 0-1 -> ``slots`` (1, SLOTS, CLASSES), ``region`` (1, regions), ``outline``."""
        outputs = self.reader(plate.permute(0, 3, 1, 2))
        return {"slots": outputs.slots, "region": outputs.region, "outline": outputs.outline}

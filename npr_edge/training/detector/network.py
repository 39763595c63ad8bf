"""The detector's network: dense 3x3 convolutions, three levels, a score and four corners per cell.

Depthwise convolutions save multiplications but not time: on one AVX-512 core a dense 3x3 convolution trains
at 45-55 GMAC/s and a depthwise one at 4-7 (float32, channels last), and XNNPACK's int8 kernels on Arm show the
same preference. So blocks are residual bottlenecks of dense convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Level:
    """One output grid.

    Attributes:
        stride: Input pixels per cell.
        reach: Pixels per unit of a corner output; outputs run from 0 to 6 and 3 means "at the cell's centre",
            so a cell can name corners up to ``3 * reach`` pixels away.
        widths: Plate widths in input pixels that the level learns (with overlap to its neighbours).
    """

    stride: int
    reach: float
    widths: tuple[float, float]


LEVELS = (
    Level(stride=8, reach=11.0, widths=(0.0, 48.0)),
    Level(stride=16, reach=27.0, widths=(36.0, 128.0)),
    Level(stride=32, reach=96.0, widths=(100.0, 1e9)),
)

LOGIT_SCALE = 2.0
"""Score outputs run from 0 to 6; the logit is ``LOGIT_SCALE * (output - 3)``."""


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU6."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03, eps=1e-3),
        nn.ReLU6(inplace=True),
    )


class Bottleneck(nn.Module):
    """Residual 1x1 down, 3x3 up."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = conv(channels, channels // 2, 1)
        self.expand = nn.Sequential(
            nn.Conv2d(channels // 2, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels, momentum=0.03, eps=1e-3)
        )
        self.act = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return self.act(x + self.expand(self.reduce(x)))


class Head(nn.Module):
    """Score and corners of one level."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.trunk = conv(inputs, channels)
        self.score = nn.Conv2d(channels, 1, 1)
        self.corners = nn.Conv2d(channels, 8, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.constant_(self.score.bias, 3.0 - 4.6 / LOGIT_SCALE)  # every cell starts at a chance of 1 %
        nn.init.normal_(self.corners.weight, std=0.01)
        # TL TR BR BL around the middle, a plate of usual shape
        self.corners.bias.data = 3.0 + torch.tensor([-1, -0.4, 1, -0.4, 1, 0.4, -1, 0.4])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) to raw score (B, 1, H, W) and raw corners (B, 8, H, W), order TL TR BR BL, x then y."""
        x = self.trunk(x)
        return self.score(x), self.corners(x)


class DetectorNet(nn.Module):
    """Input (B, 3, H, W) BGR 0-1, H and W multiples of 32; output: for each of ``LEVELS`` raw score and corners."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 16, 3, 2)
        self.stage4 = nn.Sequential(conv(16, 24, 3, 2), Bottleneck(24))
        self.stage8 = nn.Sequential(conv(24, 48, 3, 2), Bottleneck(48), Bottleneck(48))
        self.stage16 = nn.Sequential(conv(48, 80, 3, 2), Bottleneck(80), Bottleneck(80))
        self.stage32 = nn.Sequential(conv(80, 128, 3, 2), Bottleneck(128), Bottleneck(128), Bottleneck(128))
        self.lateral32 = conv(128, 64, 1)
        self.lateral16 = nn.Conv2d(80, 64, 1)
        self.lateral8 = nn.Conv2d(48, 48, 1)
        self.mix16 = Bottleneck(64)
        self.down16 = nn.Conv2d(64, 48, 1)
        self.mix8 = Bottleneck(48)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.heads = nn.ModuleList([Head(48, 40), Head(64, 64), Head(64, 64)])

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Raw (unclamped) outputs, one pair per level, finest first."""
        s8 = self.stage8(self.stage4(self.stem(x)))
        s16 = self.stage16(s8)
        p32 = self.lateral32(self.stage32(s16))
        p16 = self.mix16(torch.relu(self.lateral16(s16) + self.up(p32)))
        p8 = self.mix8(torch.relu(self.lateral8(s8) + self.up(self.down16(p16))))
        return [head(p) for head, p in zip(self.heads, (p8, p16, p32), strict=True)]


class ExportNet(nn.Module):
    """The network as the device runs it: outputs clamped to 0-6 so that int8 steps are small and known."""

    def __init__(self, net: DetectorNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Outputs ``score8 corners8 score16 corners16 score32 corners32``, channels last: x is (1, H, W, 3)."""
        raw = self.net(x.permute(0, 3, 1, 2))
        named: dict[str, Tensor] = {}
        for level, (score, corners) in zip(LEVELS, raw, strict=True):
            named[f"score{level.stride}"] = nn.functional.relu6(score).permute(0, 2, 3, 1)
            named[f"corners{level.stride}"] = nn.functional.relu6(corners).permute(0, 2, 3, 1)
        return named


def count_macs(net: nn.Module, height: int, width: int) -> int:
    """Multiply-accumulates of all convolutions for one picture of the given size."""
    total = 0

    def add(module: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            cells = output.shape[-1] * output.shape[-2]
            total += cells * module.weight.numel()

    hooks = [m.register_forward_hook(add) for m in net.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        net(torch.zeros(1, 3, height, width))
    for hook in hooks:
        hook.remove()
    return total

"""The training loop: one process, one batch at a time, resumable from its last checkpoint."""

from __future__ import annotations

import copy
import math
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import cv2
import numpy as np
import torch
from tqdm import tqdm

from npr_edge.training.detector.loss import detector_loss
from npr_edge.training.detector.network import DetectorNet
from npr_edge.training.detector.pack import Pack, build_pack
from npr_edge.training.detector.review import review
from npr_edge.training.detector.samples import Sample, Sampler
from npr_edge.training.detector.sketch import sketch_pool
from npr_edge.training.pool import Pool

DEBIAN_FONTS = Path("/usr/share/fonts/truetype/dejavu")

# Kept in memory at their true shape: 80 rows of 100-400 pixels, half a gigabyte together.
SKETCHES = 1000
DRAWN_PLATES = 6000

SAVE_EVERY_S = 150.0


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How to train.

    Attributes:
        data: The training data folder (``detect/``, ``negatives/``).
        out: Where the pack, checkpoints and the log go.
        minutes: Length of the schedule in minutes of training; a resumed run may name a longer one.
        batch: Pictures per step.
        size: Width and height of a training window, multiples of 32.
        rate: Peak learning rate.
        seed: Of everything random.
        resume: Go on from ``out``'s last checkpoint.
        start: Float weights to begin from (fine-tuning), or None.
        plates: Folder of generated plates to paste, or None for plain sketches.
        threads: Torch threads.
        review: Look over the photographs with the published models first.
        wide_share: Share of the steps that see windows of the device's size, fewer of them: large plates and whole
            scenes do not fit the small ones.
    """

    data: Path
    out: Path
    minutes: float
    batch: int = 16
    size: tuple[int, int] = (320, 320)
    rate: float = 1.5e-3
    seed: int = 1
    resume: bool = False
    start: Path | None = None
    plates: Path | None = None
    threads: int = 1
    review: bool = False
    wide_share: float = 0.25


WIDE_SIZE = (640, 384)


def train(options: TrainOptions) -> Path:
    """Train and return the path of the last checkpoint."""
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    if not (options.out / "pack" / "photos.json").exists():
        build_pack(options.data, options.out / "pack")
    if options.review:
        review(options.out / "pack", Path("models"))
    narrow, wide = _samplers(options)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run = _Run(options, device)
    # stopped by a supervisor or from a terminal alike: leave a checkpoint
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    bar = tqdm(desc="detector", initial=run.step, mininterval=20, unit="step")
    try:
        _loop(options, (narrow, wide), run, bar)
    finally:
        run.save()  # also when interrupted: --resume goes on from here
    return options.out / "last.pt"


def _loop(options: TrainOptions, samplers: tuple[Sampler, Sampler], run: _Run, bar: tqdm[Never]) -> None:
    narrow, wide = samplers
    area = options.size[0] * options.size[1]
    fewer = max(2, round(options.batch * area / (WIDE_SIZE[0] * WIDE_SIZE[1])))
    last = saved = time.monotonic()
    while run.elapsed_s < options.minutes * 60:
        rng = np.random.default_rng((options.seed, run.step))
        sampler, count = (wide, fewer) if rng.random() < options.wide_share else (narrow, options.batch)
        parts = run.advance([sampler.draw(rng) for _ in range(count)])
        now = time.monotonic()
        run.elapsed_s += now - last
        last = now
        bar.update()
        if run.step % 100 == 0:
            _log(options.out / "log.csv", run, parts)
            bar.set_postfix({k: f"{v:.3f}" for k, v in parts.items()}, refresh=False)
        if now - saved > SAVE_EVERY_S:
            run.save()
            saved = now


def _samplers(options: TrainOptions) -> tuple[Sampler, Sampler]:
    rng = np.random.default_rng(options.seed)
    fonts = sorted(DEBIAN_FONTS.glob("*Bold.ttf")) + sorted((options.data.parent / "fonts").glob("*.ttf")) * 2
    plates = sketch_pool(rng, SKETCHES, fonts)
    if options.plates is not None:
        pool = Pool(options.plates)
        chosen = rng.choice(len(pool), min(len(pool), DRAWN_PLATES), replace=False)
        plates += [pool.natural(int(index)) for index in chosen]
    pack = Pack(options.out / "pack")
    return Sampler(pack, plates, options.size), Sampler(pack, plates, WIDE_SIZE)


class _Run:
    """Network, averaged network, optimiser and progress."""

    def __init__(self, options: TrainOptions, device: torch.device) -> None:
        self._options = options
        self._device = device
        self.net = DetectorNet().to(device, memory_format=torch.channels_last)
        if options.start is not None:
            self.net.load_state_dict(torch.load(options.start, map_location=device, weights_only=True))
        self.average = copy.deepcopy(self.net).eval()
        decay = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self._optimiser = torch.optim.AdamW(groups, lr=options.rate)
        self.step = 0
        self.elapsed_s = 0.0
        self._sums: dict[str, float] = {}
        self._path = options.out / "last.pt"
        if options.resume and self._path.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self._path, map_location=self._device, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.elapsed_s = state["step"], state["elapsed_s"]

    def save(self) -> None:
        """Write the checkpoint so that a crash in between leaves the old one."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
        }
        fresh = self._path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._path)

    def rate(self) -> float:
        """Warm-up, then a cosine over the schedule's minutes down to 2 %."""
        done = min(1.0, self.elapsed_s / (self._options.minutes * 60))
        cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))
        return self._options.rate * cosine * min(1.0, (self.step + 1) / 400)

    def advance(self, samples: list[Sample]) -> dict[str, float]:
        """One step; returns the running means of the losses."""
        self.net.train()
        for group in self._optimiser.param_groups:
            group["lr"] = self.rate()
        pixels = torch.from_numpy(np.stack([s.image for s in samples])).to(self._device)
        # (B, H, W, 3) seen as channels-last (B, 3, H, W) without a copy
        outputs = self.net(pixels.permute(0, 3, 1, 2).float().div_(255))
        losses = detector_loss([(s.cpu(), c.cpu()) for s, c in outputs], samples, doubt=self.step > 600)
        self._optimiser.zero_grad(set_to_none=True)
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self._optimiser.step()
        self.step += 1
        self._follow()
        for name, value in losses.items():
            value_now = float(value.detach())
            self._sums[name] = self._sums.get(name, value_now) * 0.98 + value_now * 0.02
        return dict(self._sums)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the averaged network towards the trained one."""
        keep = min(0.9985, (1 + self.step) / (20 + self.step))
        for mine, theirs in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - keep)
            else:
                mine.copy_(theirs)


def _log(path: Path, run: _Run, parts: dict[str, float]) -> None:
    new = not path.exists()
    with path.open("a") as out:
        if new:
            out.write("step,elapsed_s,rate," + ",".join(parts) + "\n")
        values = ",".join(f"{v:.4f}" for v in parts.values())
        out.write(f"{run.step},{run.elapsed_s:.0f},{run.rate():.6f},{values}\n")

"""The training loop of the reader: resumable, on a clock, watched per source."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from npr_edge.evaluate.statistics import score_text
from npr_edge.read.charset import decode
from npr_edge.training.reader.data import Sources, Stream, to_batch, to_input
from npr_edge.training.reader.loss import Guidance, loss_of
from npr_edge.training.reader.network import Reader, Widths
from npr_edge.training.reader.pack import Pack
from npr_edge.training.reader.places import REGIONS

_EMA_DECAY = 0.9985
_CLIP = 2.0
_WARMUP_STEPS = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """One training run.

    Attributes:
        out: Folder of checkpoints and the log.
        minutes: Length of the cosine in wall minutes, those of earlier runs of the same folder counted in.
        batch: Crops per step.
        rate: Peak learning rate.
        drawn_share: Share of drawn plates in a batch.
        guidance: Weight of the helpers beside the text at the start; see ``Guidance``.
        validate_minutes: Minutes between two validations.
        seed: Of weights and batches.
    """

    out: Path
    minutes: float
    batch: int = 24
    rate: float = 1.5e-3
    drawn_share: float = 0.35
    guidance: float = 1.0
    validate_minutes: float = 10.0
    seed: int = 0


class Trainer:
    """Network, its moving average and optimiser, with the clock that both schedules follow."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = new_reader().to(self.device, memory_format=torch.channels_last)
        self.average = new_reader().to(self.device, memory_format=torch.channels_last)
        self.average.load_state_dict(self.network.state_dict())
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=plan.rate)
        self.step = 0
        self.spent_s = 0.0

    @property
    def progress(self) -> float:
        """Share of the planned time that is spent, 0-1."""
        return min(self.spent_s / (self.plan.minutes * 60), 1.0)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of this trainer."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Take over the weights of a float checkpoint with a fresh optimiser and clock: fine-tuning.

        A checkpoint made when fewer regions were known fills the first outputs of the region head; heads that it does
        not have stay fresh.
        """
        own = self.network.state_dict()
        for name, value in weights.items():
            own[name][tuple(slice(0, size) for size in value.shape)] = value.to(own[name].dtype)
        self.network.load_state_dict(own)
        self.average.load_state_dict(own)

    def save(self, path: Path) -> None:
        """Write a checkpoint; a crash while writing leaves the one before."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent_s": self.spent_s,
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def advance(self, arrays: tuple[np.ndarray, ...]) -> float:
        """One step on one batch; returns its loss."""
        started = time.monotonic()
        self.network.train()
        rate = self._rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        batch = to_batch(arrays, self.device)
        loss = loss_of(self.network(batch.images), batch, self._guidance())
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimiser.step()
        self._follow()
        self.step += 1
        self.spent_s += time.monotonic() - started
        return float(loss.detach())

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / _WARMUP_STEPS)
        return self.plan.rate * warm * (0.01 + 0.99 * (1 + math.cos(math.pi * self.progress)) / 2)

    def _guidance(self) -> Guidance:
        """Strong while the slots learn to count, weak once they can."""
        share = self.plan.guidance * max(0.1, 1 - 1.5 * self.progress)
        return Guidance(attention=0.25 * share, cells=0.15 * share, region=0.05, outline=0.1)

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(_EMA_DECAY, (1 + self.step) / (10 + self.step))
        for kept, fresh in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(fresh, 1 - decay)
            else:
                kept.copy_(fresh)


def new_reader() -> Reader:
    """A fresh network of the shipped size."""
    return Reader(Widths(regions=len(REGIONS)))


@torch.no_grad()
def read_all(network: Reader, images: np.ndarray, batch: int = 64) -> Tensor:
    """Slot logits (N, SLOTS, CLASSES) of (N, HEIGHT, WIDTH, 3) uint8 BGR crops."""
    network.eval()
    device = next(network.parameters()).device
    parts = [torch.as_tensor(np.array(images[i : i + batch])).to(device) for i in range(0, len(images), batch)]
    return torch.cat([network(to_input(part)).slots.float().cpu() for part in parts])


def exact_by_source(network: Reader, val: Pack) -> dict[str, float]:
    """Exact match per source and over ``all``; O = 0 and I = 1 where the source mixes them (``us-states``)."""
    texts = [decode(row) for row in read_all(network, val.pixels).argmax(dim=2).tolist()]
    hits: dict[str, list[float]] = {}
    for crop, text in zip(val.crops, texts, strict=True):
        score = score_text(crop.text, text)
        hit = score.exact_o0_i1 if crop.source == "us-states" else score.exact
        hits.setdefault(crop.source, []).append(hit)
        hits.setdefault("all", []).append(hit)
    return {source: float(np.mean(values)) for source, values in hits.items()}


def train(trainer: Trainer, sources: Sources, val: Pack) -> None:
    """Train until the plan's time is spent, or a file ``stop`` appears in its folder."""
    plan = trainer.plan
    plan.out.mkdir(parents=True, exist_ok=True)
    stream = Stream(sources, plan.batch, plan.drawn_share, plan.seed + trainer.step)
    loader = DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=4)
    last = plan.out / "last.pt"
    validated = trainer.spent_s
    mean = 0.0
    with tqdm(desc="training", unit="step", initial=trainer.step, mininterval=20) as bar:
        for arrays in loader:
            loss = trainer.advance(tuple(array.numpy() for array in arrays))
            mean = loss if not mean else 0.99 * mean + 0.01 * loss
            bar.update()
            bar.set_postfix_str(f"loss {mean:.3f} spent {trainer.progress:.1%}", refresh=False)
            stopped = trainer.progress >= 1 or (plan.out / "stop").exists()
            if stopped or trainer.spent_s - validated > plan.validate_minutes * 60:
                validated = trainer.spent_s
                _report(trainer, val, mean)
                trainer.save(last)
            if stopped:
                return
    raise AssertionError("the stream of batches never ends")


def _report(trainer: Trainer, val: Pack, loss: float) -> None:
    """Append one line of figures to the log."""
    row = {"step": trainer.step, "minutes": round(trainer.spent_s / 60, 1), "loss": round(loss, 4)}
    figures = exact_by_source(trainer.average, val)
    line = json.dumps(row | {source: round(100 * value, 1) for source, value in sorted(figures.items())})
    with (trainer.plan.out / "log.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    tqdm.write(line)

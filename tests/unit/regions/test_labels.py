"""The grammars against the labels of real plates, and what fixes do to noisy readings of them."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from npr_edge.domain import ALPHABET, PlateReading, RegionCandidate, TextCandidate
from npr_edge.regions import Resolver, load_catalogue
from npr_edge.regions.fixes import CONFUSABLE

SHAPELESS = {"us-states"}
"""Sources whose labels write O as 0."""


def labels(folder: Path, split: str = "train") -> list[tuple[str, str]]:
    """Text and region of every labelled crop whose region has a grammar."""
    rows = []
    for file in sorted(folder.glob("read/*/labels.csv")):
        if file.parent.name not in SHAPELESS:
            with file.open(encoding="utf-8", newline="") as lines:
                rows += [(row["text"], row["region"]) for row in csv.DictReader(lines) if row["split"] == split]
    return [(text, region) for text, region in rows if region in load_catalogue().grammars]


@pytest.mark.data
def test_labelled_texts_fit_a_format_of_their_region(real_data: Path) -> None:
    total: Counter[str] = Counter()
    fitting: Counter[str] = Counter()
    for text, region in labels(real_data):
        total[region] += 1
        fitting[region] += region in load_catalogue().fits(text)
    shares = {region: fitting[region] / count for region, count in total.items()}
    table = "\n".join(f"{region} {total[region]} {share:.3f}" for region, share in sorted(shares.items()))
    assert fitting.total() / total.total() > 0.97, table
    for region in ("gb", "de", "fr", "nl", "be", "pl", "ro", "es", "it", "br", "ar", "in", "id", "uz", "vn", "tr"):
        assert shares[region] > 0.93, table


def noisy(text: str, region: str, generator: np.random.Generator) -> PlateReading:
    """A reading whose look-alikes are torn between both characters, wrong in a third of the torn places."""
    slots = np.full((12, len(ALPHABET) + 1), 1e-5, dtype=np.float32)
    spelt = list(text)
    for place in range(12):
        if place >= len(text):
            slots[place, -1] = 1
            continue
        true = text[place]
        twins = CONFUSABLE.get(true, "") or "".join(digit for digit, row in CONFUSABLE.items() if true in row)
        other = twins[0] if twins and generator.random() < 0.3 else None
        share = float(generator.uniform(0.5, 0.98)) if other else 1.0
        slots[place, ALPHABET.index(true)] = share
        if other:
            slots[place, ALPHABET.index(other)] += 1 - share
            if generator.random() < 1 - share:
                slots[place, [ALPHABET.index(true), ALPHABET.index(other)]] = (1 - share, share)
                spelt[place] = other
    slots /= slots.sum(axis=1, keepdims=True)
    chance = float(np.prod([slots[place, ALPHABET.index(one)] for place, one in enumerate(spelt)]))
    return PlateReading((TextCandidate("".join(spelt), chance),), (RegionCandidate(region, 0.8),), slots)


@pytest.mark.data
def test_fixes_mend_far_more_than_they_break(real_data: Path) -> None:
    generator = np.random.default_rng(7)
    resolver = Resolver()
    rows = labels(real_data)
    mended = broken = wrong = 0
    gain = []
    for index in generator.permutation(len(rows))[:3000]:
        text, region = rows[index]
        given = noisy(text, region, generator)
        plate = resolver.resolve(given)
        wrong += given.text != text
        mended += given.text != text and plate.text == text
        broken += given.text == text and plate.text != text
        if plate.text != given.text:
            gain.append((plate.confidence, plate.text == text))
    confidence, right = np.array(gain, dtype=np.float64).mean(axis=0)
    figures = f"{wrong} wrong, {mended} mended, {broken} broken; fixed: confidence {confidence:.2f}, right {right:.2f}"
    assert mended > 0.4 * wrong, figures
    assert broken < 0.02 * mended, figures
    assert confidence < right + 0.05, figures
    print(figures)

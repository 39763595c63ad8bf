"""Loss, review of labels and the fit of the confidence; needs the extra ``train``."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")

from torch.nn import functional  # noqa: E402

from npr_edge.read.charset import CLASSES, SLOTS, decode, encode  # noqa: E402
from npr_edge.training.reader import calibrate, pack  # noqa: E402
from npr_edge.training.reader.average import average  # noqa: E402
from npr_edge.training.reader.data import Batch, Sources, Stream, to_batch  # noqa: E402
from npr_edge.training.reader.finds import Finds  # noqa: E402
from npr_edge.training.reader.loss import Guidance, loss_of  # noqa: E402
from npr_edge.training.reader.network import CORNERS, GRID, TOKENS, Outputs  # noqa: E402
from npr_edge.training.reader.review import review  # noqa: E402
from npr_edge.training.reader.train import new_reader  # noqa: E402

PLAIN = Guidance(attention=0.0, cells=0.0, region=0.0, outline=0.0)


def outputs_for(text: str) -> Outputs:
    slots = torch.full((1, SLOTS, CLASSES), -4.0)
    slots[0, torch.arange(SLOTS), torch.tensor(encode(text))] = 4.0
    return Outputs(
        slots,
        torch.zeros(1, 5),
        torch.zeros(1, SLOTS + 1, TOKENS),
        torch.zeros(1, CLASSES, GRID[0], GRID[1]),
        torch.zeros(1, CORNERS, TOKENS),
    )


def batch_for(text: str, *, loose: bool = False, centre: tuple[float, float] | None = None) -> Batch:
    centres = torch.full((1, SLOTS, 2), float("nan"))
    if centre is not None:
        centres[0, 0] = torch.tensor(centre)
    codes = torch.tensor([encode(text)])
    corners = torch.full((1, CORNERS, 2), float("nan"))
    unread = torch.tensor([False])
    return Batch(
        torch.zeros(1), codes, torch.tensor([-1]), torch.ones(1), torch.tensor([loose]), centres, corners, unread
    )


def test_a_loose_source_takes_o_for_0_and_i_for_1() -> None:
    strict = float(loss_of(outputs_for("O1"), batch_for("0I"), PLAIN))
    loose = float(loss_of(outputs_for("O1"), batch_for("0I", loose=True), PLAIN))
    right = float(loss_of(outputs_for("0I"), batch_for("0I"), PLAIN))

    assert loose == pytest.approx(right, abs=0.02)
    assert strict > loose + 1


def test_attention_is_pulled_to_the_character() -> None:
    outputs = outputs_for("A")
    guidance = Guidance(attention=1.0, cells=0.0, region=0.0, outline=0.0)
    far = float(loss_of(outputs, batch_for("A", centre=(3.0, 2.0)), guidance))
    outputs.attention[0, 0, 2 * GRID[1] + 3] = 6.0

    assert float(loss_of(outputs, batch_for("A", centre=(3.0, 2.0)), guidance)) < far
    assert float(loss_of(outputs, batch_for("A", centre=(20.0, 6.0)), guidance)) > far


def test_the_outline_is_pulled_to_the_corners_that_are_known() -> None:
    outputs, batch = outputs_for("A"), batch_for("A")
    guidance = Guidance(attention=0.0, cells=0.0, region=0.0, outline=1.0)
    unknown = float(loss_of(outputs, batch, guidance))
    # Beyond the grid a corner counts as at its edge.
    batch.corners[0] = torch.tensor([[-1.0, 1.0], [20.0, 1.0], [20.0, 6.0], [2.0, 9.0]])
    far = float(loss_of(outputs, batch, guidance))
    for corner, (column, row) in enumerate([(0, 1), (20, 1), (20, 6), (2, 7)]):
        outputs.outline[0, corner, row * GRID[1] + column] = 20.0

    assert unknown == float(loss_of(outputs_for("A"), batch_for("A"), PLAIN))
    assert float(loss_of(outputs, batch, guidance)) < far - 5


def test_of_a_plate_that_nobody_read_only_that_it_is_one_counts() -> None:
    plate, empty = outputs_for("AB12"), outputs_for("")
    both = Outputs(*(torch.cat([getattr(plate, field.name)] * 2) for field in fields(Outputs)))
    batch = batch_for("AB12")
    pair = Batch(*(torch.cat([getattr(batch, field.name)] * 2) for field in fields(Batch)))
    alone = float(loss_of(plate, batch, PLAIN))
    pair.unread[1], pair.weight[1] = True, 0.0
    beside = float(loss_of(both, pair, PLAIN))
    both.slots[1] = outputs_for("XYZ9999").slots[0]
    other = float(loss_of(both, pair, PLAIN))
    both.slots[1] = empty.slots[0]
    taken_for_none = float(loss_of(both, pair, PLAIN))

    assert beside == pytest.approx(alone, abs=0.01)
    assert other == pytest.approx(beside, abs=0.01)
    assert taken_for_none > alone + 1


def test_a_batch_holds_real_crops_and_finds() -> None:
    grey = np.full((3, pack.HEIGHT, pack.WIDTH, 3), 120, np.uint8)
    crops = [pack.Crop("a.png", "here", "AB12", "gb", 1, 160, 40, 1.0)]
    places = Finds(grey, np.full(3, 4.0, np.float32), np.array([True, False, False]))
    pieces = np.zeros((2, 64, 192, 3), np.uint8)
    stream = Stream(Sources(pack.Pack(crops, grey[:1]), None, pieces, finds=places), 28, 0.4, seed=1)
    batches = [to_batch(arrays, torch.device("cpu")) for arrays, _ in zip(stream, range(8), strict=False)]

    assert batches[0].images.shape == (28, 3, 64, 192)
    texts = [decode(row) for batch in batches for row in batch.codes.tolist()]
    unread = torch.cat([batch.unread for batch in batches])
    weights = torch.cat([batch.weight for batch in batches])
    assert texts.count("AB12") == 8 * 24
    assert 3 <= int(unread.sum()) <= 20
    assert (weights[unread] == 0).all()
    assert (weights[~unread] > 0).all()


def test_the_temperature_is_found() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (6000, 5)).astype(np.float32)
    chances = np.exp(logits / 1.7)
    chances /= chances.sum(axis=1, keepdims=True)
    classes = np.array([rng.choice(5, p=row / row.sum()) for row in chances.astype(np.float64)], dtype=np.int64)

    assert calibrate.fit_temperature(logits, classes) == pytest.approx(1.7, rel=0.08)
    assert calibrate.fit_temperature(logits, np.full(6000, -1)) == 1.0


def test_the_curve_pulls_overconfident_products_down() -> None:
    rng = np.random.default_rng(2)
    products = np.full(2000, 0.95)
    slope, offset = calibrate.fit_curve(products, (rng.random(2000) < 0.7).astype(np.float64))

    logit = slope * np.log(0.95 / 0.05) + offset
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(0.7, abs=0.04)


def test_the_average_lies_between_and_has_its_own_statistics() -> None:
    torch.manual_seed(1)
    first, second = new_reader().state_dict(), new_reader().state_dict()
    images = [torch.rand(4, 3, 64, 192) for _ in range(2)]
    middle = average(first, second, 0.25, images).state_dict()

    name = "features.0.0.weight"
    assert torch.allclose(middle[name], 0.25 * first[name] + 0.75 * second[name], atol=1e-6)
    with torch.no_grad():
        seen = torch.cat([functional.conv2d(batch, middle[name], stride=2, padding=1) for batch in images])
    assert torch.allclose(middle["features.0.1.running_mean"], seen.mean(dim=(0, 2, 3)), atol=1e-4)


def test_review_gives_each_crop_a_factor(tmp_path: Path) -> None:
    crops = [pack.Crop("", "here", text, "gb", 1, 200, 50, 1.0) for text in ("AB12", "XYZ")]
    pixels = np.zeros((2, pack.HEIGHT, pack.WIDTH, 3), np.uint8)

    factors = review(new_reader(), pack.Pack(crops, pixels), tmp_path / "review.npy")

    assert factors.shape == (2,)
    assert (factors >= 0.1).all()
    assert (np.load(tmp_path / "review.npy") == factors).all()

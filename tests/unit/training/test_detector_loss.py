"""The detector's targets and loss on cases worked out by hand; needs PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; pip install 'npr-edge[train]'")

from npr_edge.training.detector.loss import assign, detector_loss, hull_iou  # noqa: E402
from npr_edge.training.detector.network import LEVELS, DetectorNet, count_macs  # noqa: E402
from npr_edge.training.detector.samples import Sample  # noqa: E402


def sample(*boxes: tuple[float, float, float, float], exact: bool = True) -> Sample:
    quads = [[[x, y], [x + w, y], [x + w, y + h], [x, y + h]] for x, y, w, h in boxes]
    return Sample(
        np.zeros((128, 192, 3), np.uint8),
        np.array(quads, dtype=np.float32).reshape(-1, 4, 2),
        np.full(len(boxes), exact),
        np.zeros((0, 4), np.float32),
        incomplete=False,
    )


@pytest.mark.parametrize(("width", "levels"), [(16, [0]), (42, [0, 1]), (80, [1]), (110, [1, 2]), (150, [2])])
def test_each_width_has_its_levels(width: int, levels: list[int]) -> None:
    plates = sample((20, 60, width, width / 4))
    assert [n for n, level in enumerate(LEVELS) if (assign(plates, level)[0] >= 0).any()] == levels


def test_the_cell_under_the_middle_learns_and_its_ring_is_not_judged() -> None:
    owner, weight = assign(sample((28, 32, 16, 5)), LEVELS[0])
    assert owner[4, 4] == 0
    assert weight[4, 4] == 1
    assert (weight == 0).sum() >= 0
    assert owner[0, 0] == -1
    assert weight[0, 0] == 1


def test_hulls_overlap_as_boxes_do() -> None:
    a = torch.tensor([[0.0, 0.0, 4.0, 2.0]])
    b = torch.tensor([[2.0, 0.0, 6.0, 2.0]])
    iou, giou = hull_iou(a, b)
    assert iou.item() == pytest.approx(1 / 3)
    assert giou.item() == pytest.approx(1 / 3)


def outputs_for(plates: Sample, score: float) -> list[tuple[Any, Any]]:
    """Outputs that name every plate's corners exactly from every cell that learns it."""
    outputs = []
    for level in LEVELS:
        owner, _ = assign(plates, level)
        height, width = owner.shape
        scores = torch.full((1, 1, height, width), -1.0)
        corners = torch.full((1, 8, height, width), 3.0)
        for row, column in np.argwhere(owner >= 0):
            centre = (np.array([column, row]) + 0.5) * level.stride
            offsets = (plates.quads[owner[row, column]] - centre) / level.reach + 3.0
            corners[0, :, row, column] = torch.from_numpy(offsets.reshape(8).astype(np.float32))
            scores[0, 0, row, column] = score
        outputs.append((scores, corners))
    return outputs


def test_the_right_answer_costs_nothing_and_a_silent_one_much() -> None:
    plates = sample((20, 60, 80, 20))
    right = detector_loss(outputs_for(plates, 6.0), [plates], doubt=False)
    silent = detector_loss(outputs_for(plates, -1.0), [plates], doubt=False)
    assert right["corner"].item() == pytest.approx(0, abs=1e-4)
    assert right["hull"].item() == pytest.approx(0, abs=1e-4)
    assert right["score"].item() < 0.01
    assert silent["score"].item() > 1


def test_where_labels_lack_confident_cells_are_left_alone() -> None:
    plates = sample()
    outputs = outputs_for(plates, 0.0)
    outputs[0][0][0, 0, 2, 2] = 5.0
    complete = detector_loss(outputs, [plates], doubt=True)["score"].item()
    lacking = Sample(plates.image, plates.quads, plates.exact, plates.ignore, incomplete=True)
    assert detector_loss(outputs, [lacking], doubt=True)["score"].item() < complete / 10


def test_the_network_fits_its_budget() -> None:
    net = DetectorNet().eval()
    assert count_macs(net, 384, 640) < 640e6
    with torch.no_grad():
        shapes = [(score.shape, corners.shape) for score, corners in net(torch.zeros(1, 3, 64, 96))]
    assert shapes == [((1, 1, 64 // n, 96 // n), (1, 8, 64 // n, 96 // n)) for n in (8, 16, 32)]

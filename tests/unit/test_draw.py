import numpy as np
import pytest

from npr_edge.draw import contact_sheet, draw_plate
from npr_edge.geometry import Box, Quad


@pytest.mark.parametrize("size", [(40, 60), (720, 1280), (3000, 4000)])
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.9, 0.0), (0.9, 0.9), (-0.1, 0.5)])
def test_a_plate_anywhere_is_drawn_inside_the_picture(size: tuple[int, int], place: tuple[float, float]) -> None:
    image = np.zeros((*size, 3), dtype=np.uint8)
    box = Box(place[0] * size[1], place[1] * size[0], size[1] / 5, size[0] / 20)
    draw_plate(image, Quad.from_box(box), "AB12 CDE 0.97")
    assert image.any()


def test_contact_sheet_holds_every_tile_in_its_place() -> None:
    tiles = [(np.full((50, 100, 3), 10 * i + 100, dtype=np.uint8), str(i)) for i in range(3)]
    sheet = contact_sheet(tiles, columns=2, width=100, height=50)
    assert sheet.shape == (2 * (50 + 28), 200, 3)
    assert [int(sheet[top + 25, left + 50, 0]) for top, left in ((0, 0), (0, 100), (78, 0))] == [100, 110, 120]


def test_an_empty_sheet_is_still_a_picture() -> None:
    assert contact_sheet([]).shape[0] > 0

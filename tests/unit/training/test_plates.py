from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from npr_edge.domain import Image
from npr_edge.regions import load_catalogue

pytest.importorskip("PIL", reason="the plate generator needs Pillow (extra: train)")

from npr_edge.training.plates import GeneratedPlate, degrade, generate
from npr_edge.training.plates.catalogue import ALL, designs_of, region_weights
from npr_edge.training.plates.lettering import FACES, font
from npr_edge.training.plates.texts import VANITY_REGIONS, regions, sample

REGIONS = regions()


def draw(seed: int, region: str | None = None) -> GeneratedPlate:
    return generate(np.random.default_rng(seed), region)


def contrast(image: Image) -> float:
    return float(image.mean(axis=2).std())


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_draws_a_readable_plate(region: str) -> None:
    plate = draw(3, region)
    height, width = plate.image.shape[:2]
    assert plate.image.dtype == np.uint8
    assert 80 <= height <= 180
    assert height < width < 8 * height
    assert 1 <= len(plate.text) <= 12
    assert plate.text.isascii()
    assert plate.text.isalnum()
    assert plate.text == plate.text.upper()
    assert plate.lines in (1, 2)
    assert plate.region == region or (region == "us" and plate.region.startswith("us-"))
    assert contrast(plate.image) > 8


def test_at_least_forty_regions_and_thirty_states_have_looks_of_their_own() -> None:
    own = {design.region for design in ALL}
    assert len({code for code in own if not code.startswith("us")}) >= 40
    assert len({code for code in own if code.startswith("us-")}) >= 30


def test_designs_belong_to_regions_of_the_grammar() -> None:
    assert {design.region for design in ALL} <= set(REGIONS)
    assert set(region_weights()) == set(REGIONS)


def test_designs_name_only_known_faces() -> None:
    assert {design.face for code in REGIONS for design in designs_of(code)} <= set(FACES)


def test_the_same_seed_gives_the_same_plate() -> None:
    first, second, other = draw(11), draw(11), draw(12)
    assert first.text == second.text
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.char_centres, second.char_centres)
    assert first.text != other.text


@pytest.mark.parametrize("region", ["gb", "de", "fr", "nl", "in", "br", "us-ny", "vn"])
def test_texts_fit_the_grammar(region: str) -> None:
    catalogue = load_catalogue()
    rng = np.random.default_rng(5)
    fitting = [region in catalogue.fits(sample(region, rng).text) for _ in range(60)]
    if region.split("-", maxsplit=1)[0] in VANITY_REGIONS:
        assert np.mean(fitting) > 0.8
    else:
        assert all(fitting)


@pytest.mark.parametrize("seed", range(12))
def test_character_centres_lie_inside_and_in_reading_order(seed: int) -> None:
    plate = draw(seed)
    centres = plate.char_centres
    assert centres.shape == (len(plate.text), 2)
    assert centres.min() > 0
    assert centres.max() < 1
    breaks = int((np.diff(centres[:, 0]) <= 0).sum())
    assert breaks == (1 if plate.lines == 2 else 0)
    if plate.lines == 2:
        turn = int(np.argmax(np.diff(centres[:, 0]) <= 0)) + 1
        assert centres[:turn, 1].max() < centres[turn:, 1].min()


def test_characters_are_inked_where_their_centres_say() -> None:
    """Around each centre the picture varies more than along the plate's own rim."""
    plate = draw(2, "es")
    height, width = plate.image.shape[:2]
    for x, y in plate.char_centres:
        left, top = int(x * width), int(y * height)
        patch = plate.image[max(top - 25, 0) : top + 25, max(left - 16, 0) : left + 16]
        assert contrast(patch) > 15


def test_two_line_plates_are_drawn_for_many_regions() -> None:
    two = {
        code for code in ("gb", "de", "nl", "at", "in", "vn", "br") for seed in range(30) if draw(seed, code).lines == 2
    }
    assert two == {"gb", "de", "nl", "at", "in", "vn", "br"}


def test_plates_are_drawn_without_any_font(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from npr_edge.training.plates import fonts, lettering

    monkeypatch.setenv("NPR_EDGE_FONTS", str(tmp_path))
    monkeypatch.setenv("NPR_EDGE_DATA", str(tmp_path))
    for cached in (fonts.font_file, fonts.real_glyphs, lettering.sources_of, lettering._font_master, lettering.label):
        cached.cache_clear()
    try:
        assert not font("barlow-500").available
        plate = draw(4, "de")
        assert contrast(plate.image) > 8
    finally:
        monkeypatch.undo()
        for cached in (
            fonts.font_file,
            fonts.real_glyphs,
            lettering.sources_of,
            lettering._font_master,
            lettering.label,
        ):
            cached.cache_clear()


@pytest.mark.parametrize("strength", [0.2, 1.0])
def test_degraded_plates_keep_their_shape_and_at_least_forty_pixels(strength: float) -> None:
    plate = draw(1, "gb")
    aspect = plate.image.shape[1] / plate.image.shape[0]
    widths = []
    for seed in range(25):
        seen = degrade(plate.image, np.random.default_rng(seed), strength=strength)
        assert seen.dtype == np.uint8
        assert seen.shape[2] == 3
        assert seen.shape[1] / seen.shape[0] == pytest.approx(aspect, rel=0.12)
        widths.append(seen.shape[1])
    assert min(widths) >= 40
    assert max(widths) <= plate.image.shape[1]
    if strength == 1.0:
        assert min(widths) < 80


def test_degrading_is_repeatable() -> None:
    plate = draw(1, "gb")
    first, second = (degrade(plate.image, np.random.default_rng(8)) for _ in range(2))
    assert np.array_equal(first, second)

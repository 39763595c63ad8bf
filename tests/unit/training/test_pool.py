from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the plate generator needs Pillow (extra: train)")

from npr_edge.training.__main__ import main
from npr_edge.training.pool import PACK_HEIGHT, PACK_WIDTH, Pool, draw_plate, write_pool


@pytest.fixture(scope="module")
def pool_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    write_pool(folder, 6, 21, ("gb", "in"), progress=False)
    return folder


def test_a_pool_gives_back_what_was_drawn(pool_dir: Path) -> None:
    pool = Pool(pool_dir)
    assert len(pool) == 6
    for index in range(6):
        drawn, stored = draw_plate(21, index, ("gb", "in")), pool[index]
        assert (stored.text, stored.region, stored.lines) == (drawn.text, drawn.region, drawn.lines)
        assert stored.region in ("gb", "in")
        assert stored.image.shape == (PACK_HEIGHT, PACK_WIDTH, 3)
        assert np.allclose(stored.char_centres, drawn.char_centres)
        assert stored.aspect == pytest.approx(drawn.image.shape[1] / drawn.image.shape[0], abs=1e-3)


def test_natural_restores_the_shape(pool_dir: Path) -> None:
    pool = Pool(pool_dir)
    picture = pool.natural(0, height=60)
    assert picture.shape == (60, round(pool.aspects[0] * 60), 3)


def test_a_missing_pool_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Pool(tmp_path / "none")


def test_workers_draw_the_same_pool(pool_dir: Path, tmp_path: Path) -> None:
    write_pool(tmp_path, 6, 21, ("gb", "in"), workers=2, progress=False)
    first, second = Pool(pool_dir), Pool(tmp_path)
    assert first.texts == second.texts
    assert np.array_equal(first[3].image, second[3].image)


def test_the_command_writes_a_pool_and_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--count", "3", "--out", str(tmp_path / "pool"), "--region", "de", "--seed", "4"]) == 0
    assert Pool(tmp_path / "pool").regions == ["de"] * 3
    assert main(["generate", "--count", "3", "--sheet", str(tmp_path / "sheet.png")]) == 0
    assert (tmp_path / "sheet.png").stat().st_size > 2000
    with pytest.raises(SystemExit) as stop:
        main(["generate", "--count", "3"])
    assert stop.value.code == 2
    assert "--out" in capsys.readouterr().err

"""``npr-edge recognise`` with the shipped models on rendered scenes and on files that are no proper photographs."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from npr_edge.cli import main
from npr_edge.geometry import Box

SCENES = Path(__file__).resolve().parents[2] / "data" / "scenes"
TRUTH: dict[str, list[dict[str, Any]]] = {
    scene["file"]: scene["plates"] for scene in json.loads((SCENES / "labels.json").read_text())["scenes"]
}
ONE = next(name for name in sorted(TRUTH) if len(TRUTH[name]) == 1)


def recognise(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and the objects of ``recognise --jsonl``."""
    code = main(["recognise", "--jsonl", *map(str, arguments)])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_rendered_scenes_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    _, answers = recognise(capsys, SCENES)
    assert [Path(answer["file"]).name for answer in answers] == sorted(TRUTH)
    right = total = 0
    for answer in answers:
        read = {result["plate"].replace(" ", "").replace("-", "") for result in answer.get("results", [])}
        plates = TRUTH[Path(answer["file"]).name]
        total += len(plates)
        right += sum(plate["text"] in read for plate in plates)
    assert right >= 0.8 * total


def test_an_answer_has_the_fields_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code, [answer] = recognise(capsys, SCENES / ONE)
    assert code == 0
    assert answer["success"] is True
    assert set(answer["processing_ms"]) == {"decode", "detect", "read"}
    [plate] = TRUTH[ONE]
    best = answer["results"][0]
    box = best["bounding_box"]
    corners = np.array(plate["quad"])
    low, high = corners.min(axis=0), corners.max(axis=0)
    truth = Box(low[0], low[1], high[0] - low[0], high[1] - low[1])
    assert Box(box["x"], box["y"], box["width"], box["height"]).iou(truth) > 0.5
    assert np.shape(best["quad"]) == (4, 2)
    assert 0 < best["confidence"] <= 1
    assert best["vehicle"] is None


def test_table_names_the_plate_and_drawing_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["recognise", "--draw", str(tmp_path / "out"), str(SCENES / ONE)])
    out = capsys.readouterr().out
    assert code == 0
    assert "plate" in out.splitlines()[0]
    [drawn] = (tmp_path / "out").iterdir()
    before, after = cv2.imread(str(SCENES / ONE)), cv2.imread(str(drawn))
    assert before is not None
    assert after is not None
    assert before.shape == after.shape
    assert np.abs(before.astype(int) - after).max() > 100


def png_bomb(path: Path) -> None:
    """A few bytes that claim to be 20000x20000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(20000), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def broken_files(folder: Path) -> list[Path]:
    """Files that must each become an error entry."""
    scene = (SCENES / ONE).read_bytes()
    files = {
        "truncated.jpg": scene[: len(scene) // 3],
        "empty.jpg": b"",
        "text.jpg": b"this is not a photograph\n" * 20,
        "gif.png": b"GIF89a" + bytes(100),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    png_bomb(folder / "bomb.png")
    return [folder / name for name in (*files, "bomb.png")]


def test_broken_files_are_entries_and_the_rest_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = broken_files(tmp_path)
    missing = tmp_path / "nowhere.jpg"
    code, answers = recognise(capsys, *broken, missing, SCENES / ONE)
    assert code == 1
    assert [Path(answer["file"]) for answer in answers] == [*broken, missing, SCENES / ONE]
    codes = [answer["error"]["code"] for answer in answers[:-1]]
    assert codes == [
        "INVALID_IMAGE",
        "INVALID_IMAGE",
        "INVALID_IMAGE",
        "INVALID_IMAGE",
        "IMAGE_TOO_LARGE",
        "INVALID_IMAGE",
    ]
    assert answers[-1]["success"] is True


def test_odd_but_proper_pictures_read_as_the_plain_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Pillow.open(SCENES / ONE) as opened:
        scene = opened.convert("RGB")
    scene.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    scene.convert("P", palette=Pillow.Palette.ADAPTIVE).save(tmp_path / "palette.png")
    scene.convert("L").save(tmp_path / "grey.png")
    scene.save(tmp_path / "animated.webp", save_all=True, append_images=[scene.rotate(180)], quality=95)
    turned = scene.transpose(Pillow.Transpose.ROTATE_90)
    exif = Pillow.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    deep = cv2.cvtColor(np.asarray(scene).astype(np.uint16) * 257, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    code, answers = recognise(capsys, tmp_path)
    [plate] = TRUTH[ONE]
    texts = {Path(answer["file"]).name: answer["results"][0]["candidates"][0]["plate"] for answer in answers}
    assert code == 0
    assert texts == dict.fromkeys(sorted(texts), plate["text"])
    assert len(texts) == 6


def test_a_picture_without_plates_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, size in (("dot.png", (1, 1)), ("wide.png", (3, 2000)), ("black.png", (480, 640))):
        cv2.imwrite(str(tmp_path / name), np.zeros((*size, 3), np.uint8))
    code, answers = recognise(capsys, tmp_path)
    assert code == 1
    assert [answer["error"]["code"] for answer in answers] == ["NO_PLATES_FOUND"] * 3


def test_ten_plates_and_one_cut_by_the_border(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = cv2.imread(str(SCENES / ONE))
    assert scene is not None
    [plate] = TRUTH[ONE]
    corners = np.array(plate["quad"])
    width, height = np.ptp(corners, axis=0)
    around = np.array([width / 2, 2 * height])
    left, top = corners.min(axis=0) - around
    right, bottom = corners.max(axis=0) + around
    tile = scene[int(max(top, 0)) : int(bottom), int(max(left, 0)) : int(right)]
    many = np.tile(tile, (5, 2, 1))
    cv2.imwrite(str(tmp_path / "ten.png"), many)
    cv2.imwrite(str(tmp_path / "cut.png"), scene[:, : int(corners[:, 0].mean())])
    code, answers = recognise(capsys, tmp_path / "cut.png", tmp_path / "ten.png")
    assert code in {0, 1}
    for result in answers[0].get("results", []):
        box = result["bounding_box"]
        assert box["x"] + box["width"] <= int(corners[:, 0].mean())
    assert len(answers[1]["results"]) >= 9


def test_a_folder_without_photographs_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognise", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_an_unknown_region_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognise", "--region", "atlantis", str(SCENES / ONE)]) == 2
    assert "--region" in capsys.readouterr().err


def test_a_damaged_model_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = Path(__file__).resolve().parents[3] / "models"
    for name in ("detector.json", "detector.tflite", "reader.json", "reader.tflite"):
        shutil.copy(models / name, tmp_path / name)
    damaged = bytearray((tmp_path / "reader.tflite").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "reader.tflite").write_bytes(damaged)
    assert main(["recognise", "--models", str(tmp_path), str(SCENES / ONE)]) == 1
    assert "damaged" in capsys.readouterr().err

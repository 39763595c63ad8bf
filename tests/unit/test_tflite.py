"""A model runs only when it is the one its card describes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npr_edge.errors import ModelError
from npr_edge.tflite import LoadedModel, models_dir

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped detector that a test may damage."""
    for name in ("detector.json", "detector.tflite"):
        shutil.copy(models_dir() / name, tmp_path / name)
    return tmp_path


def edit_card(folder: Path, edit: Edit) -> None:
    path = folder / "detector.json"
    card = json.loads(path.read_text())
    edit(card)
    path.write_text(json.dumps(card))


def test_outputs_come_by_name_in_the_shapes_of_the_card() -> None:
    model = LoadedModel.named("detector")
    outputs = model.invoke(np.zeros(model.card.input.shape, np.int8))
    assert set(outputs) == set(model.outputs)
    for name, values in outputs.items():
        assert values.shape == model.outputs[name].shape
        assert values.dtype.name == model.outputs[name].dtype


def test_real_undoes_stored() -> None:
    card = LoadedModel.named("detector").outputs["score8"]
    assert card.real(np.array([round(card.stored(3.0))], np.int8))[0] == pytest.approx(3.0, abs=card.scale)


def test_outputs_stay_the_callers() -> None:
    model = LoadedModel.named("detector")
    values = np.zeros(model.card.input.shape, np.int8)
    first = model.invoke(values)
    before = {name: array.copy() for name, array in first.items()}
    model.invoke(np.random.default_rng(0).integers(-128, 128, values.shape, np.int8))
    assert all((first[name] == before[name]).all() for name in first)


def test_several_threads_get_what_one_gets() -> None:
    model = LoadedModel.named("detector")
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-128, 128, model.card.input.shape, np.int8) for _ in range(3)]
    alone = [model.invoke(values)["corners16"] for values in inputs]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda i: model.invoke(inputs[i % 3])["corners16"], range(12)))
    assert all((together[i] == alone[i % 3]).all() for i in range(12))


@pytest.mark.parametrize(
    "values",
    [np.zeros((1, 8, 8, 3), np.int8), np.zeros((1, 384, 640, 3), np.uint8), np.zeros((384, 640, 3), np.int8)],
)
def test_wrong_input_is_refused(values: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ModelError, match=r"takes int8 \[1, 384, 640, 3\]"):
        LoadedModel.named("detector").invoke(values)


def test_one_flipped_bit_is_found(folder: Path) -> None:
    content = bytearray((folder / "detector.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "detector.tflite").write_bytes(bytes(content))
    with pytest.raises(ModelError, match="damaged"):
        LoadedModel.named("detector", folder=folder)


def test_truncated_model_is_found(folder: Path) -> None:
    content = (folder / "detector.tflite").read_bytes()
    (folder / "detector.tflite").write_bytes(content[:1000])
    with pytest.raises(ModelError, match="damaged"):
        LoadedModel.named("detector", folder=folder)


def test_no_model_at_all(folder: Path) -> None:
    (folder / "detector.tflite").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        LoadedModel.named("detector", folder=folder)
    with pytest.raises(ModelError, match=r"card .* cannot be read"):
        LoadedModel.named("nothing", folder=folder)


def test_a_file_that_is_no_model_but_fits_its_digest(folder: Path) -> None:
    import hashlib

    (folder / "detector.tflite").write_bytes(b"not a flatbuffer")
    edit_card(folder, lambda card: card.update(sha256=hashlib.sha256(b"not a flatbuffer").hexdigest()))
    with pytest.raises(ModelError, match="does not load"):
        LoadedModel.named("detector", folder=folder)


def rename_output(card: dict[str, Any]) -> None:
    card["outputs"][0]["name"] = "elsewhere"


def reshape_output(card: dict[str, Any]) -> None:
    card["outputs"][0]["shape"][1] += 1


def retype_input(card: dict[str, Any]) -> None:
    card["input"]["dtype"] = "uint8"


def rescale_output(card: dict[str, Any]) -> None:
    card["outputs"][0]["scale"] *= 2


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (rename_output, "has no output 'elsewhere'"),
        (reshape_output, "its card says"),
        (retype_input, "its card says"),
        (rescale_output, "is quantised with"),
        (lambda card: card.update(sha256="0" * 64), "damaged or not the one"),
        (lambda card: card.update(sha256="short"), "wrong at sha256"),
        (lambda card: card.update(colour="red"), "wrong at colour"),
        (lambda card: card.pop("outputs"), "wrong at outputs"),
    ],
)
def test_a_card_of_another_model_is_refused(folder: Path, edit: Edit, message: str) -> None:
    edit_card(folder, edit)
    with pytest.raises(ModelError, match=message):
        LoadedModel.named("detector", folder=folder)


def test_a_card_that_is_no_json(folder: Path) -> None:
    (folder / "detector.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="cannot be read"):
        LoadedModel.named("detector", folder=folder)
    (folder / "detector.json").write_text("{")
    with pytest.raises(ModelError, match="wrong at the whole file"):
        LoadedModel.named("detector", folder=folder)


def test_unknown_backend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPR_EDGE_TFLITE", "onnx")
    with pytest.raises(ModelError, match="'onnx'; choose one of litert, tflite-runtime"):
        LoadedModel.named("detector")

"""Loads a TFLite model, proves that it is the one its card describes, and runs it.

The card (``models/<name>.json``) names every tensor, so nothing is found by its place in a list. Backends: LiteRT
(the default), or tflite-runtime 2.14 where a device has no LiteRT wheel.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from npr_edge.errors import ModelError

Array = NDArray[Any]

BACKEND_VARIABLE = "NPR_EDGE_TFLITE"
_BACKENDS = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}


class _Card(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TensorCard(_Card):
    """One input or output of a model."""

    name: str = Field(description="name in the model's signature")
    shape: tuple[int, ...] = Field(description="sizes of all axes, batch first")
    dtype: Literal["int8", "uint8", "float32"]
    scale: float = Field(default=0.0, description="real value = scale * (stored - zero_point); 0 for float tensors")
    zero_point: int = Field(default=0, description="stored value that stands for 0")
    meaning: str = Field(default="", description="what the axes and values are")

    def real(self, stored: Array) -> NDArray[np.float32]:
        """Stored values as float32 real ones."""
        if self.dtype == "float32":
            return stored.astype(np.float32, copy=False)
        return (stored.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)

    def stored(self, real: float) -> float:
        """The stored value that stands for a real one, not rounded."""
        return real if self.dtype == "float32" else real / self.scale + self.zero_point


class ModelCard(_Card):
    """What ``models/<name>.json`` says about the model file beside it."""

    name: str = Field(description="detector or reader")
    version: str = Field(description="changes with every published file")
    file: str = Field(description="name of the TFLite file in the same folder")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of that file")
    size_bytes: int = Field(gt=0)
    input: TensorCard
    outputs: tuple[TensorCard, ...] = Field(min_length=1)
    parameters: dict[str, Any] = Field(default_factory=dict, description="what the stage needs to decode the outputs")
    macs: int = Field(gt=0, description="multiply-accumulates of one invocation")
    metrics: dict[str, Any] = Field(default_factory=dict, description="measured figures, and how they were measured")
    data_sources: tuple[str, ...] = Field(default=(), description="what the model learned from")
    licence: str = ""
    notes: tuple[str, ...] = ()


def models_dir() -> Path:
    """Folder of the models: inside the installed package, or ``models/`` of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_data" / "models"
    return installed if installed.is_dir() else package.parent / "models"


def read_card(path: Path) -> ModelCard:
    """Read a model card.

    Raises:
        ModelError: The file is missing or is not a card.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"model card {path} cannot be read ({error}); install npr-edge again") from error
    try:
        return ModelCard.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ModelError(f"model card {path} is wrong at {place}: {first['msg']}; install npr-edge again") from error


class LoadedModel:
    """One interpreter of one verified model; ``invoke`` may be called from several threads, one runs at a time."""

    def __init__(self, card_path: Path, *, threads: int = 1, backend: str | None = None) -> None:
        """Load the model that a card describes.

        Args:
            card_path: The card; the model lies beside it.
            threads: Threads of one invocation.
            backend: ``litert`` or ``tflite-runtime``; None takes the environment's ``NPR_EDGE_TFLITE``, else the
                first that is installed.

        Raises:
            ModelError: A file is missing or damaged, the model differs from its card, or no runtime is installed.
        """
        self.card = read_card(card_path)
        self.path = card_path.parent / self.card.file
        self.threads = threads
        content = _verified_bytes(self.path, self.card)
        self.backend, interpreter_class = _interpreter_class(backend)
        try:
            self._interpreter = interpreter_class(model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
            runner = self._interpreter.get_signature_runner()
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"model {self.path} does not load in {self.backend}: {error}") from error
        self._input_index = _checked(self.path, "input", self.card.input, inputs)
        self._output_indices = {t.name: _checked(self.path, "output", t, outputs) for t in self.card.outputs}
        self._lock = threading.Lock()
        self.outputs: Mapping[str, TensorCard] = MappingProxyType({t.name: t for t in self.card.outputs})

    @classmethod
    def named(
        cls, name: str, *, threads: int = 1, backend: str | None = None, folder: Path | None = None
    ) -> LoadedModel:
        """Load ``detector`` or ``reader`` from ``folder``, else from ``models_dir()``."""
        return cls((folder or models_dir()) / f"{name}.json", threads=threads, backend=backend)

    def invoke(self, values: Array) -> dict[str, Array]:
        """Run the model once.

        Args:
            values: The input tensor, shape and dtype as the card says.

        Returns:
            Every output as stored (not dequantised), by its name; arrays of the caller's own.

        Raises:
            ModelError: Shape or dtype differ from the card's.
        """
        wanted = self.card.input
        if values.shape != wanted.shape or values.dtype != np.dtype(wanted.dtype):
            raise ModelError(
                f"{self.card.name} takes {wanted.dtype} {list(wanted.shape)}, got {values.dtype} {list(values.shape)}"
            )
        with self._lock:
            self._interpreter.set_tensor(self._input_index, values)
            self._interpreter.invoke()
            return {name: self._interpreter.get_tensor(index) for name, index in self._output_indices.items()}


def _verified_bytes(path: Path, card: ModelCard) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {path} cannot be read ({error}); install npr-edge again") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelError(
            f"model {path} is damaged or not the one its card describes: sha256 {digest[:12]}..., card says "
            f"{card.sha256[:12]}...; install npr-edge again"
        )
    return content


def _interpreter_class(backend: str | None) -> tuple[str, Any]:
    chosen = backend or os.environ.get(BACKEND_VARIABLE) or None
    if chosen is not None and chosen not in _BACKENDS:
        raise ModelError(f"unknown TFLite backend {chosen!r}; choose one of {', '.join(_BACKENDS)}")
    for name in [chosen] if chosen else list(_BACKENDS):
        try:
            return name, importlib.import_module(_BACKENDS[name]).Interpreter
        except ImportError as error:
            reason = error
    raise ModelError(
        f"no TFLite runtime for {chosen or 'any backend'} ({reason}); pip install ai-edge-litert"
        " or, on Python 3.11, npr-edge[tflite-runtime]"
    ) from reason


def _checked(path: Path, kind: str, wanted: TensorCard, details: Mapping[str, Mapping[str, Any]]) -> int:
    """Index of a tensor in the interpreter, after comparing it with its card."""
    found = details.get(wanted.name)
    if found is None:
        raise ModelError(f"model {path} has no {kind} {wanted.name!r}, only {', '.join(sorted(details))}")
    shape, dtype = tuple(int(n) for n in found["shape"]), np.dtype(found["dtype"]).name
    scale, zero_point = found["quantization"]
    if shape != wanted.shape or dtype != wanted.dtype:
        raise ModelError(
            f"{kind} {wanted.name!r} of {path} is {dtype} {list(shape)}; its card says "
            f"{wanted.dtype} {list(wanted.shape)}"
        )
    if not np.isclose(scale, wanted.scale, rtol=1e-5, atol=0) or zero_point != wanted.zero_point:
        raise ModelError(
            f"{kind} {wanted.name!r} of {path} is quantised with {scale}, {zero_point}; its card says "
            f"{wanted.scale}, {wanted.zero_point}"
        )
    return int(found["index"])

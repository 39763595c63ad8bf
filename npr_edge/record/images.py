"""Crops as JPEG files: ``<root>/YYYY/MM/DD/<event_id>.jpg``, each there whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2

from npr_edge.domain import Image
from npr_edge.errors import StoreError

FOLDER_NAME = "crops"
_TEMPORARY = ".part"
_FILE_NAME = re.compile(r"([0-9A-Za-z_-]{1,64})\.jpg")


def encode_jpeg(image: Image, quality: int) -> bytes:
    """The image ((H, W, 3) uint8 BGR) as JPEG.

    Raises:
        StoreError: The image has no pixels or another shape.
    """
    try:
        done, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    except cv2.error as error:
        raise StoreError(f"a crop of shape {image.shape} cannot be made a JPEG: {error.err}") from error
    if not done:
        raise StoreError(f"a crop of shape {image.shape} cannot be made a JPEG")
    return data.tobytes()


class CropFolder:
    """The crops on the disk; used by the writer's thread alone.

    Args:
        root: Folder of the crops; made when the first crop is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unsynced: set[Path] = set()

    def write(self, event_id: str, seen_s: float, jpeg: bytes) -> str:
        """Write a crop; after ``sync`` it also outlives a power cut.

        Args:
            event_id: Names the file.
            seen_s: Unix time that decides the folder (UTC).
            jpeg: What to write.

        Returns:
            Path below the root, with forward slashes.

        Raises:
            OSError: It cannot be written; nothing is left behind.
        """
        day = datetime.fromtimestamp(max(seen_s, 0.0), UTC)
        relative = f"{day:%Y/%m/%d}/{event_id}.jpg"
        target = self.root / relative
        if not target.parent.is_dir():
            self._make_folder(target.parent)
        temporary = target.with_name(target.name + _TEMPORARY)
        try:
            with temporary.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        self._unsynced.add(target.parent)
        return relative

    def sync(self) -> None:
        """Bring the names of the files written so far to the disk; belongs before the commit that names them."""
        while self._unsynced:
            _sync_folder(self._unsynced.pop())

    def remove(self, names: Sequence[str]) -> None:
        """Delete crops by their paths below the root; those already gone are fine."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)
        for folder in {(self.root / name).parent for name in names}:
            self._remove_if_empty(folder)

    def days(self) -> list[Path]:
        """Folders that hold crops, newest day first."""
        return sorted((path for path in self.root.glob("*/*/*") if path.is_dir()), reverse=True)

    def sweep(self, day: Path, known: Callable[[Sequence[str]], Collection[str]]) -> int:
        """Delete what a kill left in one day's folder: half-written files, and crops that no row names.

        Args:
            day: One of ``days``.
            known: Of some event ids, those whose rows name a crop.

        Returns:
            How many files were deleted.
        """
        swept = 0
        for part in day.glob(f"*{_TEMPORARY}"):
            part.unlink(missing_ok=True)
            swept += 1
        for ids in _chunks(day):
            for orphan in set(ids).difference(known(ids)):
                (day / f"{orphan}.jpg").unlink(missing_ok=True)
                swept += 1
        self._remove_if_empty(day)
        return swept

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        while folder != self.root.parent:  # a new folder's name lives in its parent
            self._unsynced.add(folder.parent)
            folder = folder.parent

    def _remove_if_empty(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                return  # not empty, or gone already
            self._unsynced.discard(folder)
            folder = folder.parent


def _chunks(day: Path, size: int = 500) -> Iterator[list[str]]:
    """The event ids of a folder's crops, some at a time: a folder may hold a hundred thousand."""
    ids = []
    with os.scandir(day) as entries:
        for entry in entries:
            match = _FILE_NAME.fullmatch(entry.name)
            if match is not None:
                ids.append(match[1])
            if len(ids) == size:
                yield ids
                ids = []
    if ids:
        yield ids


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

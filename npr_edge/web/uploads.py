"""Files out of multipart requests, within bounds; the bodies lie in spooled files, not in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import IO

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from npr_edge.errors import ImageError
from npr_edge.images import MAX_BYTES
from npr_edge.web.problems import ApiProblemError

MAX_FIELDS = 64
"""Parts of a form beyond its images."""

MAX_FIELD_BYTES = 512 * 1024
"""A field that is no file, which is held in memory; Werkzeug's parser also buffers file parts in pieces up to this."""

_SPOOL_BYTES = 512 * 1024
"""Longer files lie on disk while their request is answered."""


class UploadRequest(Request):
    """A request that closes its files even where parsing them failed half way."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        stream = tempfile.SpooledTemporaryFile(_SPOOL_BYTES)  # noqa: SIM115  (closed by close)
        self.__dict__.setdefault("opened_streams", []).append(stream)
        return stream

    def close(self) -> None:
        """Close all files that were opened for this request."""
        for stream in self.__dict__.pop("opened_streams", []):
            stream.close()
        super().close()


def files_of(request: Request, names: Sequence[str], most: int) -> list[FileStorage]:
    """The uploaded files of a request, in the order sent.

    Args:
        request: The request; its body is parsed here and nowhere else.
        names: Names the field may have; only one of them may be used.
        most: Files that are taken at most.

    Raises:
        ApiProblemError: The body is no multipart form, or the field is missing, misnamed, no file, or there too often.
    """
    if request.mimetype != "multipart/form-data":
        raise _invalid(f"Send the image as multipart/form-data in the field `{names[0]}`.")
    request.max_form_parts = most + MAX_FIELDS
    request.max_form_memory_size = MAX_FIELD_BYTES
    try:
        sent = {name: request.files.getlist(name) for name in names}
        fields = [name for name in names if name in request.form]
    except RequestEntityTooLarge as error:
        raise _invalid("The form has too many parts or too long fields.") from error
    used = [name for name in names if sent[name]]
    if fields:
        raise _invalid(f"The field `{fields[0]}` must be a file: give the part a file name.")
    if not used:
        raise _invalid(f"The field `{names[0]}` is missing: send the image in it.")
    if len(used) > 1:
        raise _invalid(f"Send all images in one field, `{used[0]}` or `{used[1]}`, so that their order is known.")
    files = sent[used[0]]
    if len(files) > most:
        count = "one image" if most == 1 else f"at most {most} images"
        raise _invalid(f"Send {count} in the field `{used[0]}`; there are {len(files)}.")
    return files


def content_of(file: FileStorage) -> bytes:
    """The bytes of an uploaded file.

    Raises:
        ImageError: The file is larger than 10 MB; it is not read then.
    """
    stream = file.stream
    size = stream.seek(0, os.SEEK_END)
    if size > MAX_BYTES:
        raise ImageError(f"The file exceeds the maximum size of {MAX_BYTES // 2**20} MB.", "IMAGE_TOO_LARGE")
    stream.seek(0)
    return stream.read()


def _invalid(message: str) -> ApiProblemError:
    return ApiProblemError("INVALID_REQUEST", message)

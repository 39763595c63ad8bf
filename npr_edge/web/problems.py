"""Errors as the contract answers them: JSON, a code, and nothing that is nobody's business."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from npr_edge.access import Allowance
from npr_edge.errors import StoreError
from npr_edge.web.contract import STATUS, Body, error_body
from npr_edge.web.gate import ClientGoneError

logger = logging.getLogger(__name__)

RETRY_SOON_S = 5
"""Told where a part of the device is missing for the moment and nobody can say for how long."""


class ApiProblemError(Exception):
    """A request that is answered with an error of the contract."""

    def __init__(self, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def answer(body: Body, headers: Mapping[str, str] | None = None, status: int | None = None) -> Response:
    """A body as a response; the status follows from its error code where none is given."""
    if status is None:
        status = 200 if body["success"] else STATUS[body["error"]["code"]]
    text = json.dumps(body, ensure_ascii=False, allow_nan=False) + "\n"
    return Response(text, status, dict(headers or {}), mimetype="application/json")


def unavailable(message: str, retry_after_s: int = RETRY_SOON_S) -> ApiProblemError:
    """The device cannot do this for the moment."""
    return ApiProblemError("SERVICE_UNAVAILABLE", message, {"Retry-After": str(retry_after_s)})


def limit_exceeded(allowance: Allowance) -> ApiProblemError:
    """The window is full."""
    message = f"Too many requests in the current window: try again in {allowance.retry_after_s} s."
    return ApiProblemError("RATE_LIMIT_EXCEEDED", message, {"Retry-After": str(allowance.retry_after_s)})


def internal_error(error: Exception) -> Body:
    """Log an error that nobody expected under an id, and give the body that names the id and nothing else."""
    error_id = uuid.uuid4().hex[:12]
    logger.error("Request failed, id %s", error_id, exc_info=error)
    message = f"An unexpected error occurred; the log of the device has it under the id {error_id}."
    return error_body("INTERNAL_ERROR", message, id=error_id)


def register(app: Flask) -> None:
    """Let ``app`` answer every error in the form of the contract."""

    @app.errorhandler(ApiProblemError)
    def problem(error: ApiProblemError) -> Response:
        return answer(error_body(error.code, error.message), error.headers)

    @app.errorhandler(StoreError)
    def store(error: StoreError) -> Response:
        logger.error("A request could not be answered: %s", error)
        body = error_body("SERVICE_UNAVAILABLE", "The stored data cannot be read at the moment.")
        return answer(body, {"Retry-After": str(RETRY_SOON_S)})

    @app.errorhandler(ClientGoneError)
    def gone(error: ClientGoneError) -> Response:
        return answer(error_body("SERVICE_UNAVAILABLE", str(error)))  # nobody is there to read it

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return _http_answer(error)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        return answer(internal_error(error))


def _http_answer(error: HTTPException) -> Response:
    if error.code == 404:
        return answer(error_body("NOT_FOUND", "There is nothing at this path."))
    if error.code == 405:
        allowed = getattr(error, "valid_methods", None) or []
        headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
        return answer(error_body("METHOD_NOT_ALLOWED", "This path does not take this method."), headers)
    if error.code == 413:
        return answer(error_body("IMAGE_TOO_LARGE", "The request is larger than what is taken here."))
    return answer(error_body("INVALID_REQUEST", "The request is malformed."))

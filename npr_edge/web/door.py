"""Every request passes here first: its key, its limits, and the headers that tell what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from flask import Flask, Response, current_app, g, request

from npr_edge.access import Access, Allowance, ApiKey, Refused
from npr_edge.web.problems import ApiProblemError, limit_exceeded

REFUSED_KEY = "npr_edge.refused"
"""WSGI variable in which the server puts the (code, message) of a request whose body it did not take."""

Scheme = Literal["bearer", "token"]
View = TypeVar("View", bound=Callable[..., object])
_OPEN = "npr_edge_open"
_SCOPE = "npr_edge_scope"
_SCHEME = "npr_edge_scheme"
_OWN_COST = "npr_edge_own_cost"


def open_to_all(view: View) -> View:
    """Mark a view that asks for no key."""
    setattr(view, _OPEN, True)
    return view


def needs(scope: str | None, *, scheme: Scheme = "bearer", own_cost: bool = False) -> Callable[[View], View]:
    """Mark what a view asks for.

    Args:
        scope: What the key must be allowed; None takes any key.
        scheme: How the key comes in the ``Authorization`` header.
        own_cost: The view takes from the windows itself, since its cost depends on the body.
    """

    def mark(view: View) -> View:
        setattr(view, _SCOPE, scope)
        setattr(view, _SCHEME, scheme)
        setattr(view, _OWN_COST, own_cost)
        return view

    return mark


def register(app: Flask, access: Access) -> None:
    """Put the door in front of ``app``."""

    @app.before_request
    def enter() -> None:
        g.key, g.allowance, g.images = None, None, 0
        view = app.view_functions.get(request.endpoint or "")
        if view is None:
            _enter_nowhere(access)
        elif not getattr(view, _OPEN, False):
            _enter(access, view)

    @app.after_request
    def tell(response: Response) -> Response:
        allowance: Allowance | None = g.get("allowance")
        if allowance is not None:
            response.headers["X-RateLimit-Limit"] = str(allowance.limit)
            response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
            response.headers["X-RateLimit-Reset"] = str(allowance.reset_s)
            if allowance.allowed:
                access.count(g.key, g.images)
        return response


def current_key() -> ApiKey:
    """The key of the request that is being answered."""
    key: ApiKey = g.key
    return key


def spend(cost: int) -> None:
    """Take ``cost`` requests from the windows of the current key, all or none.

    Raises:
        ApiProblemError: They cannot hold them all.
    """
    access: Access = current_app.extensions["npr_edge_access"]
    g.allowance = access.spend(g.key, cost)
    if not g.allowance.allowed:
        raise limit_exceeded(g.allowance)


def presented_key(scheme: Scheme = "bearer") -> str | None:
    """The key in the ``Authorization`` header, None where there is none of this scheme."""
    # Not request.authorization: it also decodes schemes that nobody asked for, and fails on some of what it is sent.
    sent, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if sent.lower() == scheme else None


def enter_or_refuse(access: Access, scope: str | None, scheme: Scheme = "bearer") -> ApiKey:
    """The key of the request.

    Raises:
        ApiProblemError: There is none that may do this; which part is wrong is not told.
    """
    entered = access.enter(presented_key(scheme), scope, request.remote_addr or "")
    if not isinstance(entered, Refused):
        return entered
    if entered.allowance is not None:
        raise limit_exceeded(entered.allowance)
    headers = {"WWW-Authenticate": scheme.capitalize()}
    raise ApiProblemError("INVALID_API_KEY", "The API key is missing, expired, or revoked.", headers)


def _enter(access: Access, view: object) -> None:
    g.key = enter_or_refuse(access, getattr(view, _SCOPE, None), getattr(view, _SCHEME, "bearer"))
    refused: tuple[str, str] | None = request.environ.get(REFUSED_KEY)
    if getattr(view, _OWN_COST, False) and refused is None:
        # Do not even parse the body where not one image may pass.
        g.allowance = access.look(g.key)
        if not g.allowance.allowed:
            spend(1)
    else:
        spend(1)
    if refused is not None:
        raise ApiProblemError(*refused)


def _enter_nowhere(access: Access) -> None:
    """A path or method that does not exist: a good key spends its request as everywhere, a bad one is not told."""
    secret = presented_key()
    if secret is not None and access.may_enter(secret):
        g.key = access.keys.find(secret)
        spend(1)
    refused: tuple[str, str] | None = request.environ.get(REFUSED_KEY)
    if refused is not None and (g.key is not None or refused[0] == "INVALID_REQUEST"):
        raise ApiProblemError(*refused)

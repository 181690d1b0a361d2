"""Routes: agents' commands, campaign states, and the state of the whole."""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from campaigns.model import CampaignState
from dialer.app import Desk, UnknownName
from dialer.runner import CommandRefused

_STATES = {"start": CampaignState.ACTIVE, "pause": CampaignState.PAUSED, "stop": CampaignState.STOPPED}


class TokenRequired:
    """Lets only requests with `Authorization: Bearer <token>` through (RFC 6750)."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                response = _error(401, "a token is required: Authorization: Bearer <token of the site's api.token>")
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def make_app(desk: Desk, token: str) -> Starlette:
    """The ASGI application over one running dialer."""
    routes = [
        Route("/state", _reads(lambda request: desk.state())),
        Route("/why/lines", _reads(lambda request: desk.why_lines())),
        Route("/why/lines/{name}", _reads(lambda request: desk.why_lines(request.path_params["name"]))),
        Route("/agents", _reads(lambda request: desk.agents())),
        Route("/agents/{name}", _reads(lambda request: desk.agent(request.path_params["name"]))),
        Route("/agents/{name}/script", _reads(lambda request: desk.agent_script(request.path_params["name"]))),
        Route("/agents/{name}/{verb}", _agent_command(desk), methods=["POST"]),
        Route("/campaigns/{name}/texts", _text(desk), methods=["POST"]),
        Route("/campaigns/{name}/{verb}", _campaign_command(desk), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TokenRequired, token=token)])


Read = Callable[[Request], Awaitable[Any]]


def _reads(read: Read) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await read(request))
        except UnknownName as error:
            return _error(404, str(error))
        except CommandRefused as error:
            return _error(409, str(error))

    return endpoint


def _agent_command(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        name, verb = request.path_params["name"], request.path_params["verb"]
        try:
            body = await _body(request)
            said = await desk.agent_command(name, verb, body)
        except UnknownName as error:
            return _error(404, str(error))
        except ValueError as error:
            return _error(400, str(error))
        except CommandRefused as error:
            return _error(409, str(error))
        return JSONResponse({"ok": True, "text": said})

    return endpoint


def _text(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await desk.send_text(request.path_params["name"], await _body(request)))
        except UnknownName as error:
            return _error(404, str(error))
        except ValueError as error:
            return _error(400, str(error))
        except CommandRefused as error:
            return _error(409, str(error))

    return endpoint


def _campaign_command(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        name, verb = request.path_params["name"], request.path_params["verb"]
        if verb not in _STATES and verb != "reload":
            return _error(404, f"unknown verb '{verb}'; known: {', '.join(_STATES)}, reload")
        try:
            if verb == "reload":
                said = f"campaign {(await desk.reload_campaign(name)).name} is taken over"
            else:
                said = await desk.set_campaign_state(name, _STATES[verb])
        except UnknownName as error:
            return _error(404, str(error))
        except CommandRefused as error:
            return _error(409, str(error))
        return JSONResponse({"ok": True, "text": said})

    return endpoint


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise ValueError("the body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004
    return body


def _error(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status_code=status)

"""Serves the live page on the box: one document, its script and style, and a stream of snapshots.

Read-only by construction: there is no route that changes anything. Must not: fetch from outside, or keep the
daemon from stopping.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge.core.errors import BadInput
from edge.core.ports import Check, Emit
from edge.web.feed import Feed

HERE: Final = Path(__file__).parent
ASSETS: Final = {"live.js": "text/javascript", "live.css": "text/css", "icon.svg": "image/svg+xml"}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def application(feed: Feed, plan: dict[str, Any], hosts: list[str]) -> Starlette:
    """The pages. Foreign host names are refused, so a web site cannot reach in by DNS rebinding."""

    async def page(_request: Request) -> Response:
        return FileResponse(HERE / "live.html", headers=HEADERS)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return Response("not found", status_code=404, headers=HEADERS)
        return FileResponse(HERE / name, media_type=ASSETS[name], headers=HEADERS)

    async def shop_plan(_request: Request) -> Response:
        return JSONResponse(plan, headers=HEADERS)

    async def now(_request: Request) -> Response:
        return Response(feed.newest, media_type="application/json", headers=HEADERS)

    async def live(_request: Request) -> Response:
        return StreamingResponse(_stream(feed), media_type="text/event-stream", headers=HEADERS)

    routes = [
        Route("/", page),
        Route("/assets/{name}", asset),
        Route("/api/plan", shop_plan),
        Route("/api/now", now),
        Route("/api/live", live),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)])


async def _stream(feed: Feed) -> AsyncIterator[bytes]:
    async for snapshot in feed.follow():
        yield b"data: " + snapshot + b"\n\n"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the daemon."""
        yield


class Page:
    """The page as a supervised worker. Raises BadInput when the port is taken."""

    def __init__(self, feed: Feed, plan: dict[str, Any], host: str, port: int) -> None:
        self.name = "page"
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}/"
        hosts = ["127.0.0.1", "localhost", host] if host != "0.0.0.0" else ["*"]
        self._app = application(feed, plan, hosts)

    async def run(self, emit: Emit) -> None:
        """Serve until cancelled."""
        settings = uvicorn.Config(
            self._app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        await _Server(settings).serve(sockets=[self._socket.dup()])

    async def self_check(self) -> Check:
        """The socket is bound, so the page answers."""
        return Check(device=self.name, state="ok", detail=self.url)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadInput(
            f"web {host}:{port}",
            f"cannot be used ({error.strerror}); choose another: [web] in store.toml, --port of the demo",
        ) from None
    listener.listen(32)
    return listener

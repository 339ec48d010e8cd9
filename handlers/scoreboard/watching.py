"""``/metrics``, ``/health/live`` and ``/health/ready`` on the page's own server.

The page's guard stands before them as well: metrics are data. Whether it is alive and ready is
told to anybody, for what probes a process brings no token; only who may see the page is told why.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from handlers.health import Answer
from handlers.scoreboard.metrics import BoardMetrics

STRANGER: Final = web.RequestKey("stranger", bool)
"""Set by the guard for a request that may not see data."""
HEALTH: Final = ("/health/live", "/health/ready")

_OK: Final = 200
_UNAVAILABLE: Final = 503


class Watched:
    """What machines ask, and who answers."""

    def __init__(self, metrics: BoardMetrics, live: Callable[[], Answer]) -> None:
        self._metrics = metrics
        self._is_live = live
        self.ready: Answer = (False, "starting")
        metrics.ready_as(lambda: self.ready)

    def register(self, app: web.Application) -> None:
        """Add the addresses to a server."""
        app.router.add_get("/metrics", self._text)
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)

    async def _text(self, _: web.Request) -> web.Response:
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=self._metrics.text(), headers=headers)

    async def _live(self, request: web.Request) -> web.Response:
        return _told(request, self._is_live(), "alive")

    async def _ready(self, request: web.Request) -> web.Response:
        return _told(request, self.ready, "ready")


def _told(request: web.Request, answer: Answer, state: str) -> web.Response:
    """Return the status, with the sentence for whoever may see data."""
    well, sentence = answer
    if request.get(STRANGER, False):
        sentence = state if well else f"not {state}"
    return web.Response(status=_OK if well else _UNAVAILABLE, text=f"{sentence}\n")

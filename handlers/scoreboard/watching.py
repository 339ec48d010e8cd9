"""``/metrics``, ``/health/live`` and ``/health/ready`` on the page's own server.

The page's guard stands before them as well: metrics are data.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from handlers.health import Answer
from handlers.scoreboard.metrics import BoardMetrics

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

    async def _live(self, _: web.Request) -> web.Response:
        return _sentence(self._is_live())

    async def _ready(self, _: web.Request) -> web.Response:
        return _sentence(self.ready)


def _sentence(answer: Answer) -> web.Response:
    well, sentence = answer
    return web.Response(status=_OK if well else _UNAVAILABLE, text=f"{sentence}\n")

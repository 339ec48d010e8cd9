"""News for open pages, as server-sent events: that there is more, never what it is.

A page that hears of it asks for itself again and takes over what is different, so that there is
one way in which numbers are computed and shown.
"""

import asyncio
from typing import Final

from aiohttp import web

from handlers.scoreboard.news import Listener, News, TooManyListenersError

HEARTBEAT_SECONDS: Final = 15.0
"""A proxy closes a connection on which nothing happens; a comment is something."""
QUIET_SECONDS: Final = 0.5
"""Least time between two pieces of news to one page."""


async def send_news(request: web.Request, news: News) -> web.StreamResponse:
    """Tell a page of each change, of one lead if it asks so, until it leaves or Baton ends."""
    lead = request.query.get("lead")
    try:
        async with news.listen() as listener:
            answer = web.StreamResponse(
                headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            )
            answer.content_type = "text/event-stream"
            await answer.prepare(request)
            await answer.write(b"retry: 3000\n\n")
            await _tell(answer, listener, lead)
            return answer
    except TooManyListenersError as error:
        return web.Response(status=503, text=f"{error}\n", headers={"Retry-After": "30"})


async def _tell(answer: web.StreamResponse, listener: Listener, lead: str | None) -> None:
    try:
        while True:
            try:
                change = await asyncio.wait_for(listener.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                await answer.write(b": still here\n\n")
                continue
            if change is None:
                return
            if lead is None or change.touches(lead):
                await answer.write(f"event: facts\ndata: {change.facts}\n\n".encode())
                await asyncio.sleep(QUIET_SECONDS)
    except ConnectionError:
        return  # the page was closed

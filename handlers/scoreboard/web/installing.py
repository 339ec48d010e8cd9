"""Puts the pages onto the web server that Faust brings along."""

from typing import Final

import faust
from aiohttp import web
from sqlalchemy import Engine

from events import wall_clock
from events.topics import Topics
from handlers.scoreboard.news import News
from handlers.scoreboard.web.access import Access
from handlers.scoreboard.web.guarding import PageTimes
from handlers.scoreboard.web.pages import PAGES
from handlers.scoreboard.web.site import Site
from handlers.settings import Settings


def _unmeasured(_page: str, _status: int, _seconds: float) -> None:
    """Take no notice."""


UNMEASURED: Final[PageTimes] = _unmeasured


def install(
    app: faust.App,
    engine: Engine,
    settings: Settings,
    news: News,
    on_page: PageTimes = UNMEASURED,
) -> None:
    """Serve the pages on an app's own web server, before it starts.

    ``engine`` is only read from. Every address of that server is guarded from here on, those
    that others add as well; an answer to somebody unknown holds no data.
    """
    serve_on(app.web.web_app, engine, settings, news, on_page)  # type: ignore[attr-defined]  # aiohttp's driver has one


def serve_on(
    server: web.Application,
    engine: Engine,
    settings: Settings,
    news: News,
    on_page: PageTimes = UNMEASURED,
) -> None:
    """Serve the pages on any aiohttp application that has not started."""
    access = Access(
        token=settings.scoreboard_token.get_secret_value(),
        proxy_header=settings.scoreboard_proxy_header,
        host=settings.scoreboard_host,
        now_ms=wall_clock.now_ms,
    )
    topic = Topics(settings.topics_prefix).lifecycle
    Site(engine, access, news, PAGES, topic).register(server, on_page)

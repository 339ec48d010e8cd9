"""The scoreboard's pages over HTTP: an address in, a page, JSON or CSV out.

Reading the database and filling templates happen in threads of their own, so that the loop that
reads facts never waits for a page. A page reads in one transaction: its numbers are of one moment.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from aiohttp import web
from sqlalchemy import Connection, Engine, func, select

from handlers.scoreboard.news import News
from handlers.scoreboard.numbers.filters import NAMES, Filters
from handlers.scoreboard.standing import standing
from handlers.scoreboard.tables import DECIDED, LEADS
from handlers.scoreboard.web import access as doors
from handlers.scoreboard.web import documents, guarding, rendering
from handlers.scoreboard.web.addresses import Place
from handlers.scoreboard.web.choices import Choices, chosen
from handlers.scoreboard.web.formatting import machine_time
from handlers.scoreboard.web.guarding import PAGE, NotHereError
from handlers.scoreboard.web.live import send_news
from handlers.scoreboard.web.timeline_page import LEAD
from handlers.scoreboard.web.view import Asked, Page, View

THREADS_MAX: Final = 4
"""Pages that are read at the same time; more wait their turn."""
STATIC_SECONDS: Final = 31_536_000
"""A static file's address changes when the file does."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """Where reading stands, as a page tells it."""

    now_at: int | None
    """The newest fact's time, in ms since the epoch; None: there is no fact yet."""
    facts: int
    leads: int
    rebuilding: float | None
    """How much is read again, 0 to 1; None: everything is."""
    gaps: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Read:
    """A page's content with all that stands around it."""

    view: View
    shown: Shown
    choices: tuple[Any, ...]
    filters: Filters


class Site:
    """All pages of one scoreboard."""

    def __init__(
        self, engine: Engine, access: doors.Access, news: News, pages: tuple[Page, ...], topic: str
    ) -> None:
        self._engine = engine
        self._access = access
        self._news = news
        self._pages = pages
        self._topic = topic
        self._choices = Choices()
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="baton-page")

    def register(self, app: web.Application, on_page: guarding.PageTimes) -> None:
        """Add the pages, and what guards them and every other address, to a server."""
        app.middlewares[:0] = guarding.guarded(self._access, on_page)
        app.on_response_prepare.append(guarding.on_prepare)
        app.on_cleanup.append(self._close)
        router = app.router
        router.add_get("/static/{name}", self._static)
        router.add_get("/login", self._login_form)
        router.add_post("/login", self._login)
        router.add_post("/logout", self._logout)
        router.add_get("/news", self._listen)
        for page in (*self._pages, LEAD):
            router.add_get(page.href, partial(self._html, page))
            router.add_get(f"/{page.name}.json", partial(self._json, page))
            router.add_get(f"/{page.name}/{{table}}.csv", partial(self._csv, page))
        router.add_get("/leads/{lead:[^/]+}", partial(self._html, LEAD))

    async def _html(self, page: Page, request: web.Request) -> web.StreamResponse:
        request[PAGE] = page.name
        text = await self._in_thread(self._rendered, page, request.path, _query(request))
        answer = web.Response(text=text, content_type="text/html")
        answer.enable_compression()
        return answer

    async def _json(self, page: Page, request: web.Request) -> web.StreamResponse:
        request[PAGE] = f"{page.name}.json"
        body = await self._in_thread(self._document, page, _query(request))
        answer = web.Response(body=body, content_type="application/json")
        answer.enable_compression()
        return answer

    async def _csv(self, page: Page, request: web.Request) -> web.StreamResponse:
        request[PAGE] = f"{page.name}.csv"
        name = request.match_info["table"]
        text = await self._in_thread(self._sheet, page, _query(request), name)
        headers = {"Content-Disposition": f'attachment; filename="{page.name}-{name}.csv"'}
        answer = web.Response(text=text, content_type="text/csv", headers=headers)
        answer.enable_compression()
        return answer

    def _read(self, connection: Connection, page: Page, query: Mapping[str, str]) -> Read:
        filters = Filters.from_query(query if page.filtered else {})
        shown = self._shown(connection)
        asked = Asked(connection, filters, shown.now_at or 0, query)
        choices = self._choices.offered(connection, filters.query()) if page.filtered else ()
        return Read(page.read(asked), shown, choices, filters)

    def _rendered(self, page: Page, path: str, query: Mapping[str, str]) -> str:
        with self._engine.connect() as connection:
            read = self._read(connection, page, query)
        told = _told(page, read.filters, query)
        narrowing = frozenset((*NAMES, *page.parameters) if page.filtered else ())
        place = Place(path, f"/{page.name}", told, narrowing)
        return rendering.render(
            page.template,
            page=page,
            title=read.view.title or page.title,
            view=read.view,
            standing=read.shown,
            place=place,
            choices=read.choices,
            chosen=chosen(read.filters.query()),
            nav=self._nav(page, read.filters),
            can_leave=bool(self._access.token),
            news=_news_of(page, query),
        )

    def _document(self, page: Page, query: Mapping[str, str]) -> bytes:
        with self._engine.connect() as connection:
            read = self._read(connection, page, query)
        shown = read.shown
        as_of = None if shown.now_at is None else machine_time(shown.now_at)
        return documents.as_json(
            {
                "page": page.name,
                "title": read.view.title or page.title,
                "as_of": as_of,
                "facts": shown.facts,
                "leads": shown.leads,
                "rebuilding": shown.rebuilding,
                "leads_with_gaps": shown.gaps,
                "filters": read.filters.query(),
                "sentences": [line.says for line in read.view.lines],
                "verdicts": [
                    {"name": card.name, "verdict": card.verdict, "says": card.says}
                    for card in read.view.cards
                ],
                **read.view.extra,
                "tables": [documents.table_object(table) for table in read.view.tables],
            }
        )

    def _sheet(self, page: Page, query: Mapping[str, str], name: str) -> str:
        with self._engine.connect() as connection:
            read = self._read(connection, page, query)
        for table in read.view.tables:
            if table.name == name:
                return documents.as_csv(table)
        there = ", ".join(table.name for table in read.view.tables) or "none"
        raise NotHereError(f"This page has no table of that name; it has: {there}.")

    def _shown(self, connection: Connection) -> Shown:
        now = standing(connection, self._topic)
        leads = connection.execute(select(func.count()).select_from(LEADS)).scalar_one()
        facts = connection.execute(select(func.coalesce(func.sum(DECIDED.c.facts), 0))).scalar_one()
        return Shown(
            now_at=now.newest_at or None,
            facts=int(facts),
            leads=leads,
            rebuilding=None if now.filling is None else now.filling.share,
            gaps=now.gaps,
            unreadable=now.unreadable,
        )

    def _nav(self, here: Page, filters: Filters) -> list[tuple[str, list[dict[str, object]]]]:
        """Return the pages by group; filters go along to where they mean something."""
        groups: dict[str, list[dict[str, object]]] = {}
        for page in self._pages:
            if page.group:
                query = filters.query() if page.filtered else {}
                href = Place(page.href, "", query, frozenset()).href
                entry = {
                    "title": page.title,
                    "href": href,
                    "here": page.name in {here.name, here.under},
                }
                groups.setdefault(page.group, []).append(entry)
        return list(groups.items())

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        return await send_news(request, self._news)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        try:
            body = rendering.static_file(name)
        except KeyError:
            raise NotHereError("There is no such file.") from None
        headers = {"Cache-Control": f"public, max-age={STATIC_SECONDS}, immutable"}
        if request.query_string != rendering.static_version():
            headers["Cache-Control"] = "public, max-age=60"
        answer = web.Response(
            body=body, content_type=rendering.STATIC[name], charset="utf-8", headers=headers
        )
        answer.enable_compression()
        return answer

    async def _login_form(self, request: web.Request) -> web.StreamResponse:
        if not self._access.token:
            raise web.HTTPSeeOther("/")
        return _login_page(doors.safe_next(request.query.get("next", "/")))

    async def _login(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        target = doors.safe_next(str(form.get("next", "/")))
        if not self._access.is_token(str(form.get("token", ""))):
            return _login_page(target, failed=True)
        answer = web.Response(status=303, headers={"Location": target})
        answer.set_cookie(
            doors.COOKIE,
            self._access.cookie(),
            max_age=doors.STAYS_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=_is_secure(request),
            path="/",
        )
        return answer

    async def _logout(self, _: web.Request) -> web.StreamResponse:
        answer = web.Response(status=303, headers={"Location": "/login"})
        answer.del_cookie(doors.COOKIE, path="/")
        return answer

    async def _in_thread(self, work: Callable[..., T], *given: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(work, *given))

    async def _close(self, _: web.Application) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _query(request: web.Request) -> dict[str, str]:
    """Return what is asked: of a name that is given twice the first, and the lead of the path."""
    query = {name: request.query.getall(name)[0] for name in request.query}
    lead = request.match_info.get("lead")
    return query if lead is None else {"id": lead}


def _told(page: Page, filters: Filters, query: Mapping[str, str]) -> dict[str, str]:
    own = {name: query[name] for name in page.parameters if query.get(name)}
    return {**filters.query(), **own}


def _news_of(page: Page, query: Mapping[str, str]) -> str:
    if page is not LEAD:
        return "/news"
    return Place("/news", "", {"lead": query.get("id", "")}, frozenset()).href


def _is_secure(request: web.Request) -> bool:
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"


def _login_page(target: str, *, failed: bool = False) -> web.Response:
    text = rendering.render(
        "login.html", title="Log in", next=target, failed=failed, nav=(), can_leave=False
    )
    return web.Response(status=401 if failed else 200, text=text, content_type="text/html")

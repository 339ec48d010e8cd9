"""What every request passes: who asks, how long it took, what a browser may do with the answer."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Middleware
from sqlalchemy.exc import SQLAlchemyError

from handlers.scoreboard.numbers.filters import FilterError
from handlers.scoreboard.watching import HEALTH, STRANGER
from handlers.scoreboard.web import documents, rendering
from handlers.scoreboard.web.access import Access

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PageTimes = Callable[[str, int, float], None]
"""Told of each page: its name, the status and how many seconds the answer took."""

PAGE: Final = web.RequestKey("page", str)
"""The name of the page that a request is for, as metrics know it."""
PUBLIC: Final = frozenset({"/login", *HEALTH, *(f"/static/{name}" for name in rendering.STATIC)})
"""What everybody is given: nothing of it tells of a lead, or how many there are."""
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "baton",
}

log: Final = logging.getLogger("baton.scoreboard.web")


class NotHereError(Exception):
    """There is nothing under this address; the text says what was looked for."""


def guarded(access: Access, on_page: PageTimes) -> list[Middleware]:
    """Return the middlewares, the outermost first."""

    @web.middleware
    async def headed(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        answer = await _answered(request, handler)
        # A stream has sent its head by now, in `on_response_prepare`.
        if not answer.prepared:
            _head(answer)
        page = request.get(PAGE)
        if page is not None:
            on_page(page, answer.status, time.perf_counter() - started)
        return answer

    @web.middleware
    async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        if access.allows(request.headers, request.cookies, request.host):
            return await handler(request)
        if request.path in PUBLIC:
            request[STRANGER] = True
            return await handler(request)
        return _turned_away(request, access)

    return [headed, let_in]


async def on_prepare(_: web.Request, answer: web.StreamResponse) -> None:
    """Put the headers on what is about to be sent, streams among it."""
    _head(answer)


def problem(request: web.Request, status: int, title: str, sentence: str) -> web.Response:
    """Return a sentence about what went wrong, in the form that was asked for."""
    if _wants_page(request):
        text = rendering.render(
            "problem.html", title=title, sentence=sentence, nav=(), can_leave=False
        )
        return web.Response(status=status, text=text, content_type="text/html")
    body = documents.as_json({"error": sentence})
    return web.Response(status=status, body=body, content_type="application/json")


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (NotHereError, web.HTTPNotFound) as error:
        sentence = str(error) if isinstance(error, NotHereError) else "There is no such page."
        return problem(request, 404, "Not here", sentence)
    except FilterError as error:
        return problem(request, 400, "That filter cannot be used", str(error))
    except web.HTTPMethodNotAllowed as error:
        answer = problem(request, 405, "Not like that", "This address can only be read.")
        answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except web.HTTPException:
        raise
    except SQLAlchemyError as error:
        log.error("a page could not be read from the database: %s", error)  # noqa: TRY400 - its trace is the driver's
        sentence = "The scoreboard's database does not answer. Its log says why; try again soon."
        return problem(request, 503, "No answer from the database", sentence)
    except Exception:
        log.exception("a page failed: %s", request.path)
        sentence = "This page has failed; the scoreboard's log says where."
        return problem(request, 500, "That went wrong", sentence)


def _head(answer: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        answer.headers[name] = value
    answer.headers.setdefault("Cache-Control", "no-store")


def _turned_away(request: web.Request, access: Access) -> web.Response:
    if access.is_open:
        sentence = "This page is served to this machine alone; ask it by the name localhost."
        return problem(request, 403, "Not by that name", sentence)
    if access.token and request.method == "GET" and _wants_page(request):
        query = urlencode({"next": request.path_qs})
        return web.Response(status=303, headers={"Location": f"/login?{query}"})
    sentence = (
        "A token is needed: send it as `Authorization: Bearer …`, or log in under /login."
        if access.token
        else "This page is seen through its proxy only."
    )
    answer = problem(request, 401, "Who is it?", sentence)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="baton scoreboard"'
    return answer


def _wants_page(request: web.Request) -> bool:
    if request.path.endswith((".json", ".csv")):
        return False
    return "text/html" in request.headers.get("Accept", "")

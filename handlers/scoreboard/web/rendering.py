"""Templates: HTML with everything escaped that does not come from a template itself."""

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from handlers.scoreboard.numbers.table import Column, Kind
from handlers.scoreboard.web import cells, charts, formatting
from handlers.scoreboard.web.addresses import lead_href

STATIC: Final = {
    "scoreboard.css": "text/css",
    "scoreboard.js": "text/javascript",
    "baton.svg": "image/svg+xml",
}
"""Every file that is given to anybody."""

_CODE: Final = re.compile(r"`([^`]+)`")


@cache
def environment() -> Environment:
    """Return the environment of all templates, made once."""
    env = Environment(
        loader=PackageLoader("handlers.scoreboard.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {
        "agreed": formatting.agreed,
        "amount": formatting.amount,
        "badge": cells.badge,
        "count": formatting.count,
        "day": formatting.day,
        "duration": formatting.duration,
        "gauge": charts.gauge,
        "lead_href": lead_href,
        "machine_time": formatting.machine_time,
        "moment": formatting.moment,
        "month_name": formatting.month_name,
        "nothing": formatting.NOTHING,
        "number": formatting.number,
        "percent": formatting.percent,
        "percent_span": formatting.percent_span,
        "short_day": formatting.short_day,
        "spark": charts.spark,
        "static_version": static_version(),
        "table_rows": cells.table_rows,
        "unit_of": unit_of,
        "verdict_class": cells.verdict_class,
        "width": charts.width,
        "words": formatting.words,
    }
    env.filters["marked"] = marked
    return env


def render(template: str, **context: Any) -> str:  # noqa: ANN401 - whatever a template names
    """Return a page."""
    return environment().get_template(template).render(**context)


@cache
def static_file(name: str) -> bytes:
    """Return a static file. Raises KeyError for one that is not listed."""
    if name not in STATIC:
        raise KeyError(name)
    return (files("handlers.scoreboard.web") / "static" / name).read_bytes()


@cache
def static_version() -> str:
    """Return what changes whenever a static file does."""
    digest = hashlib.sha256(b"".join(static_file(name) for name in sorted(STATIC)))
    return digest.hexdigest()[:12]


def marked(text: str) -> Markup:
    """Return text with what stands in backticks set as code; everything in it escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def unit_of(column: Column) -> str:
    """Return the unit that stands beside a column's head, for people."""
    if column.kind is Kind.RATE and column.unit:
        return f"of {column.unit}"
    if column.kind is Kind.TIME:
        return column.unit or "UTC"
    return column.unit

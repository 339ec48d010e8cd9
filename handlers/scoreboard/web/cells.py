"""The rows of a table as HTML: every cell by its column's kind, escaped here.

Written in Python and not as a template: a page may have thousands of cells, and a template's macro
costs ten times what it takes to put a cell together.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from markupsafe import Markup, escape

from handlers.scoreboard.numbers.table import Cell, Column, Kind, RateCell, Series, Table
from handlers.scoreboard.web import charts, formatting
from handlers.scoreboard.web.addresses import Place, lead_href

CODES: Final = frozenset(
    {"clock", "reason", "trigger", "code", "kind", "activity", "cause", "topic"}
)
"""Columns whose text is a code of the policy: shown as words."""
SHORT_CHARACTERS_MAX: Final = 18
"""Text that is not broken into lines."""

_NONE: Final = f'<span class="none">{formatting.NOTHING}</span>'
_VERDICTS: Final = {
    "quality": "quality",
    "handling": "handling",
    "both": "both",
    "fine": "fine",
    "kept": "fine",
    "on course": "fine",
    "broken": "bad",
    "missed": "bad",
    "warning": "bad",
    "hot": "handling",
    "behind": "bad",
}


def table_rows(table: Table, place: Place) -> Markup:
    """Return all rows of a table; names in it narrow the page to them."""
    return Markup("\n").join(
        Markup(f"<tr>{''.join(_cells(table.columns, row, place))}</tr>")  # noqa: S704 - escaped below
        for row in table.rows
    )


def badge(word: str) -> Markup:
    """Return a word as a mark of a verdict's colour."""
    return Markup('<span class="badge verdict-{}">{}</span>').format(verdict_class(word), word)


def verdict_class(word: str) -> str:
    """Return the colour's name of a verdict; what cannot be told is grey."""
    return _VERDICTS.get(word.partition(":")[0].strip(), "open")


def _cells(columns: tuple[Column, ...], row: tuple[Cell, ...], place: Place) -> Iterator[str]:
    for index, (column, value) in enumerate(zip(columns, row, strict=True)):
        short = isinstance(value, str) and len(value) <= SHORT_CHARACTERS_MAX
        kind = f"{column.kind.value} short" if short else column.kind.value
        inner = _NONE if value is None else _INNER[column.kind](value, column, place)
        yield (
            f'<td class="{kind}">{inner}</td>'
            if index
            else f'<th scope="row" class="{kind}">{inner}</th>'
        )


def _text(value: str, column: Column, place: Place) -> str:
    if link := place.filtered(column, value):
        return f'<a href="{escape(link)}">{escape(value)}</a>'
    return escape(formatting.words(value) if column.key in CODES else value)


def _rate(value: RateCell, _column: Column, _place: Place) -> str:
    if not value.of:
        return f'{_NONE} <span class="small">0 of 0</span>'
    told = f"{formatting.count(value.count)} of {formatting.count(value.of)}"
    if value.low is not None:
        told += f" \N{MIDDLE DOT} {formatting.percent_span(value.low, value.high)}"
    return (
        f'<span class="rate"><span class="share">{formatting.percent(value.count / value.of)}'
        f'</span>{_bar(value)}<span class="small">{told}</span></span>'
    )


def _bar(rate: RateCell) -> str:
    """Return the mark of a rate: as the template's ``rate_bar`` without a limit."""
    place = charts.gauge(rate)
    if place is None:
        return ""
    return (
        '<svg class="rate-bar tone-plain" width="100%" height="10" aria-hidden="true" '
        'focusable="false"><rect class="track" x="0" y="3.5" width="100%" height="3" rx="1.5"/>'
        f'<rect class="interval" x="{place.low}%" y="1.5" width="{place.span}%" height="7" rx="2"/>'
        f'<svg x="{place.at}%" overflow="visible">'
        '<rect class="point" x="-1.5" y="0" width="3" height="10" rx="1"/></svg></svg>'
    )


def _money(value: tuple[tuple[str, str], ...], _column: Column, _place: Place) -> str:
    if not value:
        return _NONE
    return "".join(
        f'<span class="amount">{escape(formatting.amount(figure))} '
        f'<span class="unit">{escape(currency)}</span></span>'
        for currency, figure in value
    )


def _series(value: Series, _column: Column, _place: Place) -> str:
    line = charts.spark(value)
    if line is None:
        return _NONE
    low, high = formatting.number(line.low), formatting.number(line.high)
    return (
        '<svg class="spark" viewBox="0 0 96 24" width="96" height="24" aria-hidden="true" '
        f'focusable="false"><polyline points="{line.points}"/>'
        f'<circle cx="{line.last_x}" cy="{line.last_y}" r="2.4"/></svg> '
        f'<span class="small">{low} to {high}</span>'
    )


def _time(value: int, _column: Column, _place: Place) -> str:
    return f'<time datetime="{formatting.machine_time(value)}">{formatting.moment(value)}</time>'


def _day(value: str, _column: Column, _place: Place) -> str:
    return f'<time datetime="{escape(value)}">{escape(formatting.short_day(value))}</time>'


def _lead(value: str, _column: Column, _place: Place) -> str:
    return f'<a class="lead" href="{escape(lead_href(value))}">{escape(value)}</a>'


_INNER: Final[Mapping[Kind, Callable[[Any, Column, Place], str]]] = {
    Kind.TEXT: _text,
    Kind.LEAD: _lead,
    Kind.COUNT: lambda value, *_: formatting.count(value),
    Kind.NUMBER: lambda value, *_: formatting.number(value),
    Kind.RATE: _rate,
    Kind.MONEY: _money,
    Kind.DURATION: lambda value, *_: formatting.duration(value),
    Kind.TIME: _time,
    Kind.DAY: _day,
    Kind.VERDICT: lambda value, *_: badge(value),
    Kind.SERIES: _series,
}

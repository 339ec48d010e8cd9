"""Where the marks of a chart stand; the templates draw them as SVG.

Everything is told as SVG attributes, never as style: the page's Content-Security-Policy allows
no inline style. Positions are per cent of the drawing's width wherever that lets a browser
stretch it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handlers.scoreboard.numbers.table import RateCell

SPARK_WIDTH: Final = 96
SPARK_HEIGHT: Final = 24
_SPARK_MARGIN: Final = 3


@dataclass(frozen=True, slots=True)
class Gauge:
    """A share with its interval on a line from 0 to ``top``; positions in per cent of it."""

    at: float
    low: float
    high: float
    limit: float | None
    """Where the agreed limit stands; None: there is none."""
    verdict: str
    """``above``, ``below`` or ``across`` the limit, as a whole; empty without a limit."""

    @property
    def span(self) -> float:
        """How wide the interval is."""
        return round(max(0.0, self.high - self.low), 2)


def gauge(rate: RateCell, limit: float | None = None, top: float = 1.0) -> Gauge | None:
    """Return where a rate stands; None when there is nothing it was counted from."""
    if not rate.of:
        return None
    share = rate.count / rate.of
    low = share if rate.low is None else rate.low
    high = share if rate.high is None else rate.high
    verdict = ""
    if limit is not None:
        verdict = "above" if low > limit else "below" if high < limit else "across"
    return Gauge(
        _percent(share, top),
        _percent(low, top),
        _percent(high, top),
        None if limit is None else _percent(limit, top),
        verdict,
    )


@dataclass(frozen=True, slots=True)
class Spark:
    """A small line: its points for ``polyline``, and its last point."""

    points: str
    last_x: float
    last_y: float
    low: float
    high: float
    last: float
    """What the last point stands for."""


def spark(series: Sequence[float | int | None]) -> Spark | None:
    """Return a line through what is known of a series; None when that is less than two points.

    The line starts at 0 or below, so that a small change does not look like a great one.
    """
    known = [(index, float(value)) for index, value in enumerate(series) if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    values = [value for _, value in known]
    low, high = min(0.0, *values), max(values)
    across = (SPARK_WIDTH - 2 * _SPARK_MARGIN) / max(1, len(series) - 1)
    up = (SPARK_HEIGHT - 2 * _SPARK_MARGIN) / ((high - low) or 1)
    placed = [
        (
            round(_SPARK_MARGIN + index * across, 1),
            round(SPARK_HEIGHT - _SPARK_MARGIN - (value - low) * up, 1),
        )
        for index, value in known
    ]
    points = " ".join(f"{x:g},{y:g}" for x, y in placed)
    return Spark(points, *placed[-1], min(values), high, values[-1])


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a lane, in per cent of the time axis."""

    kind: str
    start: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A span of time that lanes are drawn over."""

    start_at: int
    end_at: int

    def at(self, moment: int) -> float:
        """Return where a time stands, in per cent."""
        length = max(1, self.end_at - self.start_at)
        return _percent((moment - self.start_at) / length, 1.0)

    def span(self, kind: str, start_at: int, end_at: int, title: str) -> Span:
        """Return a piece of a lane; never so short that nobody sees it."""
        start, end = self.at(start_at), self.at(end_at)
        return Span(kind, start, round(max(end - start, 0.3), 2), title)

    def ticks(self, count: int = 5) -> tuple[tuple[float, int], ...]:
        """Return so many positions on it and their times, evenly apart."""
        step = (self.end_at - self.start_at) / max(1, count - 1)
        return tuple(
            (round(100 * index / max(1, count - 1), 2), round(self.start_at + index * step))
            for index in range(count)
        )


def width(part: float, whole: float) -> float:
    """Return how wide a bar is, in per cent of the widest."""
    return _percent(part / whole, 1.0) if whole else 0.0


def _percent(share: float, top: float) -> float:
    return round(100 * min(max(share / top, 0.0), 1.0), 2)

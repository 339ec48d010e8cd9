"""The plot: each candidate's median rate, with a line from its slowest run to its fastest."""

from collections.abc import Sequence
from html import escape
from typing import Final

from tests.benchmarks.race import Result

_WIDTH: Final = 760
_LABELS: Final = 170
_ROW: Final = 46
_TOP: Final = 44
_BAR: Final = 22
_BATON: Final = "#1d6fb8"
_PEER: Final = "#9aa5b1"


def svg(results: Sequence[Result], title: str) -> str:
    """Return the picture."""
    longest = max(run.signals_per_second for one in results for run in one.runs)
    scale = (_WIDTH - _LABELS - 150) / longest
    height = _TOP + _ROW * len(results) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}">',
        '<g font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-weight="bold">{escape(title)}</text>',
    ]
    for row, one in enumerate(results):
        lines += _row(one, _TOP + row * _ROW, scale)
    return "\n".join([*lines, "</g>", "</svg>"]) + "\n"


def _row(one: Result, y: int, scale: float) -> list[str]:
    rates = [run.signals_per_second for run in one.runs]
    end = _LABELS + one.rate * scale
    middle = y + _BAR / 2
    color = _BATON if one.name.startswith("baton") else _PEER
    low, high = (_LABELS + rate * scale for rate in (min(rates), max(rates)))
    told = f"{one.rate:,.0f} signals/s, {one.cpu:.1f} CPU s a million"
    width, base = one.rate * scale, middle + 5
    line = f'x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"'
    return [
        f'<text x="{_LABELS - 10}" y="{base}" text-anchor="end">{escape(one.name)}</text>',
        f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{color}"/>',
        f'<line {line} stroke="#20262d" stroke-width="2"/>',
        f'<text x="{max(end, high) + 8:.0f}" y="{base}">{told}</text>',
    ]

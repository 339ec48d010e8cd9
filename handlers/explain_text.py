"""An explanation for people: a lead's place, its receipt and its clocks, on one screen."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from handlers.explain import Explanation, RunningClock
from lifecycle.facts import ActivityPart, NearMiss
from lifecycle.stages import Stage
from schemas.times import rfc3339

_POINT_MP: Final = 1_000
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS


def render(one: Explanation) -> RenderableType:
    """Return the explanation to print."""
    parts: list[RenderableType] = [_title(one), *_place(one)]
    for title, table in _tables(one):
        parts += [Text(f"\n{title}", style="bold"), Padding(table, (0, 0, 0, 2))]
    return Group(*parts)


def moment(at: int) -> str:
    """Return a time for people, in UTC."""
    return rfc3339(at)[:16].replace("T", " ") + "Z"


def duration(ms: int) -> str:
    """Return a length of time in its two largest units."""
    if ms < _HOUR_MS:
        return f"{ms // _MINUTE_MS} min"
    if ms < _DAY_MS:
        return f"{ms // _HOUR_MS} h {ms % _HOUR_MS // _MINUTE_MS} min"
    return f"{ms // _DAY_MS} d {ms % _DAY_MS // _HOUR_MS} h"


def points(points_mp: int) -> str:
    """Return points with their sign where negative, without idle decimals."""
    return f"{points_mp / 1000:.3f}".rstrip("0").rstrip(".")


def near_miss(miss: NearMiss) -> str:
    """Return what lacks for a stage, as a sentence."""
    lacks = [
        f"{points(lack)} {'point' if lack == _POINT_MP else 'points'} of {what}"
        for lack, what in (
            (miss.engagement_mp, "engagement"),
            (miss.fit_mp, "fit"),
            (miss.requalify_mp, "engagement since it came back"),
        )
        if lack
    ]
    if miss.buying_signal:
        lacks.append("a buying signal")
    lacks += [f"the junk rule {name} out of the way" for name in miss.junk]
    if not lacks:
        return f"{miss.to}: nothing lacks; at its next signal or review"
    listed = ", ".join(lacks[:-1]) + " and " + lacks[-1] if lacks[1:] else lacks[0]
    return f"{listed} short of {miss.to}"


def _title(one: Explanation) -> Text:
    lead = one.lead
    text = Text()
    text.append(lead.id, style="bold")
    text.append("  is ")
    text.append(lead.stage.value, style="bold cyan")
    text.append(f" since {moment(lead.since)} ({duration(one.at - lead.since)})")
    return text


def _place(one: Explanation) -> Iterator[Text]:
    lead, receipt = one.lead, one.receipt
    yield Text(
        f"grade {receipt.grade} · fit {points(receipt.fit_mp)} · engagement "
        f"{points(receipt.engagement_mp)} · intent {points(receipt.intent_mp)} · as of "
        f"{moment(one.at)} · policy {receipt.policy}"
    )
    arrival = lead.arrival
    origin = " · ".join(part for part in (arrival.source, arrival.campaign) if part)
    yield Text(f"arrived {moment(arrival.at)} ({arrival.origin}{': ' + origin if origin else ''})")
    if lead.person.owner:
        yield Text(f"owner {lead.person.owner} ({lead.person.team or 'no team'})")
    offer = lead.handover
    if offer is not None:
        track = "fast track" if offer.fast else "normal track"
        yield Text(
            f"handover h{offer.number}: {offer.kind}, {track}, grade {offer.grade}, {offer.status}"
            f", {offer.assignee} ({offer.team}), {offer.attempts} attempts"
        )
    if lead.nurture is not None and lead.stage in {Stage.NURTURE, Stage.LOST}:
        yield Text(f"waits until {moment(lead.nurture.wake_at)} ({lead.nurture.reason})")
    if lead.person.disqualified_for:
        yield Text(f"disqualified as {lead.person.disqualified_for}")
    for deal in lead.opportunities:
        amount = " ".join(part for part in (deal.amount, deal.currency) if part)
        yield Text(f"opportunity {deal.id}: {amount or 'no amount'}, closes {deal.close_date}")


def _tables(one: Explanation) -> Iterator[tuple[str, RenderableType]]:
    receipt = one.receipt
    if receipt.fit or receipt.unknown:
        yield f"fit {points(receipt.fit_mp)}", _fit(one)
    if receipt.activities:
        yield f"engagement {points(receipt.engagement_mp)}", _activities(receipt.activities)
    if receipt.near_misses:
        misses = "\n".join(near_miss(miss) for miss in receipt.near_misses)
        yield "near misses", Text(misses)
    yield "clocks", _clocks(one.clocks) if one.clocks else Text("none running", style="dim")
    if one.lead.moves:
        yield "last moves", _moves(one)


def _fit(one: Explanation) -> Table:
    table = _table()
    for part in one.receipt.fit:
        table.add_row(part.attribute, str(part.value), points(part.points_mp))
    for name in one.receipt.unknown:
        table.add_row(name, Text("unknown", style="dim"), "0")
    return table


def _activities(parts: tuple[ActivityPart, ...]) -> Table:
    table = _table()
    for part in parts:
        notes = [
            note
            for note, holds in (
                ("capped", part.capped),
                ("buying signal", part.buying_signal),
                ("alive", part.alive),
            )
            if holds
        ]
        often = "once" if part.count == 1 else f"{part.count} times, last"
        times = f"{often} {moment(part.last_at)}" if part.count else ""
        table.add_row(part.activity, times, points(part.points_mp), ", ".join(notes))
    return table


def _clocks(running: tuple[RunningClock, ...]) -> Table:
    table = _table()
    for one in running:
        clock = one.clock
        if clock.paused_at is not None:
            left = f"paused until {moment(clock.due_at)}, {duration(one.left_ms)} left"
        elif one.overdue:
            left = f"due since {moment(clock.due_at)}"
        else:
            kind = "business time" if clock.calendar else "time"
            left = f"{duration(one.left_ms)} of {kind} left, due {moment(clock.due_at)}"
        level = f"level {clock.level}" + (" after a breach" if clock.broke_at is not None else "")
        table.add_row(clock.name.value, level, left, clock.assignee or "", clock.ref or "")
    return table


def _moves(one: Explanation) -> Table:
    table = _table()
    for move in reversed(one.lead.moves):
        table.add_row(moment(move.at), f"{move.from_stage} → {move.to_stage}", move.trigger)
    return table


def _table() -> Table:
    return Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))

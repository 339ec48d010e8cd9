"""What each number means, and the definition in force that both teams agreed on."""

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import select

from handlers.scoreboard.numbers.table import Cell, Column, Table
from handlers.scoreboard.tables import DECIDED, POLICIES
from handlers.scoreboard.web.formatting import agreed
from handlers.scoreboard.web.view import Asked, View
from lifecycle.policy import Policy
from schemas.policy import PolicyDocument, load_document

_WORDS: Final = (Column("name", "What"), Column("value", "As agreed"), Column("why", "Meaning"))


def read_definitions(asked: Asked, definitions: Mapping[str, Mapping[str, str]]) -> View:
    """Return every number's sentence, page by page, and the newest policy in plain tables."""
    found = _in_force(asked)
    if found is None:
        return View(parts={"definitions": definitions, "version": None})
    version, document = found
    policy = document.to_policy(version)
    tables = (_spectrum(policy), _verdicts(policy), _clocks(policy, document), _reasons(document))
    extra = {"policy": version, "definitions": definitions}
    return View(tables, parts={"definitions": definitions, "version": version}, extra=extra)


def _in_force(asked: Asked) -> tuple[str, PolicyDocument] | None:
    """Return the definition that decided last, and its version."""
    latest = select(DECIDED.c.version).order_by(DECIDED.c.last_at.desc(), DECIDED.c.version.desc())
    version = asked.connection.execute(latest.limit(1)).scalar()
    if version is None:
        return None
    body = select(POLICIES.c.body).where(POLICIES.c.version == version)
    known = asked.connection.execute(body).scalar()
    return None if known is None else (version, load_document(known))


def _spectrum(policy: Policy) -> Table:
    engagement, fit = "points of engagement", "points of fit"
    rows = (
        ("curious from", _points(policy.curious_mp, engagement), "some interest"),
        ("warm from", _points(policy.warm_mp, engagement), "actively exploring"),
        ("MQL from", _points(policy.mql_engagement_mp, engagement), "with a buying signal alive"),
        ("MQL from", _points(policy.mql_fit_mp, fit), "and this much fit, both at once"),
        (
            "again after a no from",
            _points(policy.requalify_mp, engagement),
            "fresh points and a fresh buying signal: yesterday's do not qualify twice",
        ),
    )
    return Table(
        "spectrum", "The spectrum", "Where one stage ends and the next begins.", _WORDS, rows
    )


def _verdicts(policy: Policy) -> Table:
    board = policy.scoreboard
    rows = (
        ("handling above", agreed(board.handling_limit), "of handovers spoilt by handling"),
        ("quality above", agreed(board.quality_limit), "of well handled ones not good"),
        ("sample of at least", f"{board.sample_min} handovers", "or it is too few to tell"),
        ("old enough after", f"{board.young_days} days", "from then on a handover counts"),
        (
            "a no undone within",
            f"{board.overturn_days} days",
            "a soft no that reaches SQL was none",
        ),
        (
            "marketing promises",
            f"{board.mql_promise_per_month} leads a month",
            "handed over for the first time",
        ),
        (
            "and of them",
            f"{agreed(board.quality_promise)} accepted",
            "of those that sales answered on their merits",
        ),
        (
            "sales promises",
            f"{agreed(board.feedback_promise)} answered",
            f"finally, or with a deal, within {board.feedback_days} days",
        ),
    )
    title = "Limits and promises"
    return Table("promises", title, "What the verdicts and both promises go by.", _WORDS, rows)


def _clocks(policy: Policy, document: PolicyDocument) -> Table:
    columns = (
        Column("clock", "Clock"),
        Column("allowance", "Allowed"),
        Column("fast", "On the fast track"),
        Column("warn", "Warns after"),
        Column("levels", "Levels"),
    )
    told = document.model_dump(mode="json", by_alias=True)["clocks"]
    rows = tuple(_clock(name.value, told.get(name.value) or {}) for name in policy.clocks)
    definition = "Each promise with its deadline, in the working hours of whoever made it."
    return Table("clocks", "Clocks", definition, columns, rows)


def _clock(name: str, told: Mapping[str, object]) -> tuple[Cell, ...]:
    warn = told.get("warn")
    levels = told.get("levels")
    return (
        name.replace("_", " "),
        str(told["allowance"]) if told.get("allowance") else None,
        str(told["fast"]) if told.get("fast") else None,
        agreed(float(str(warn))) if warn else None,
        str(levels or "repeats") if levels is not None else None,
    )


def _reasons(document: PolicyDocument) -> Table:
    columns = (
        Column("reason", "Reason"),
        Column("means", "Means"),
        Column("class", "Tells of"),
        Column("wait", "Waits"),
    )
    return Table(
        "reasons",
        "Reasons",
        "What sales can say when a lead goes back, and what each says about it: hard and soft "
        "speak of the lead, handling of us, market of neither.",
        columns,
        tuple(_reason_rows(document)),
    )


def _reason_rows(document: PolicyDocument) -> Iterator[tuple[Cell, ...]]:
    told = document.model_dump(mode="json", by_alias=True)
    for name, one in told["recycle_reasons"].items():
        yield name.replace("_", " "), "back to marketing", one["class"], str(one["wait"])
    for name, one in told["disqualify_reasons"].items():
        reopens = "may raise a hand again" if one.get("reopens") else "for good"
        yield name.replace("_", " "), f"out, {reopens}", one["class"], None


def _points(points_mp: int, what: str) -> str:
    return f"{points_mp / 1000:g} {what}"

"""Facts as lines that people can check: every field that says something, none left out."""

from dataclasses import fields, is_dataclass
from enum import Enum

from lifecycle.facts import Fact, Receipt
from tests.lifecycle.builders import Story, clockface

_HOUR_MS = 3_600_000


def transcript(story: Story) -> str:
    """Return all that a story told, a fact a line."""
    return "".join(f"{line(fact)}\n" for fact in story.facts)


def line(fact: Fact) -> str:
    """Return one fact: number, time, when it happened if earlier, stage, kind and fields."""
    happened = "" if fact.happened_at == fact.at else f" (of {clockface(fact.happened_at)})"
    context = fact.context
    offer = f" {context.handover_id.split(':')[-1]}" if context.handover_id else ""
    owner = f" {context.owner}" if context.owner else ""
    head = f"{fact.seq:>2} {clockface(fact.at)}{happened} [{context.stage}{offer}{owner}]"
    return f"{head} {fact.body.kind}{_fields(fact.body)}"


def _fields(body: object) -> str:
    said = []
    for field in fields(body):  # type: ignore[arg-type]
        value = getattr(body, field.name)
        if value is not None and value is not False and value != () and field.name != "policy":
            text = _text(field.name, value)
            said.append(f" {field.name}={text}" if text else "")
    return "".join(said)


def _text(name: str, value: object) -> str:
    if isinstance(value, Receipt):
        text = _receipt(value)
    elif isinstance(value, Enum):
        text = str(value.value)
    elif is_dataclass(value):
        text = f"({inner})" if (inner := _fields(value).strip()) else ""
    elif isinstance(value, tuple):
        text = "[" + ", ".join(_text(name, part) for part in value) + "]"
    elif isinstance(value, int) and value is not True:
        text = _number(name, value)
    else:
        text = str(value)
    return text


def _number(name: str, value: int) -> str:
    if name in ("at", "until") or name.endswith("_at"):
        return clockface(value)
    return f"{value / _HOUR_MS:g}h" if name.endswith("_ms") else str(value)


def _receipt(receipt: Receipt) -> str:
    fit = [f"{part.attribute} {part.points_mp / 1000:g}" for part in receipt.fit]
    live = [f"{part.activity} {part.points_mp / 1000:g}" for part in receipt.activities]
    sums = f"fit {receipt.fit_mp / 1000:g} engagement {receipt.engagement_mp / 1000:g}"
    return f"<{receipt.grade} {receipt.rule}: {sums}; {', '.join(fit + live)}>"

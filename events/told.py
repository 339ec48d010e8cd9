"""How the parts that most facts have are written: context, touches, receipts.

By hand and field by field, where ``events.facts`` derives how all others are written from their
definitions: these make up nearly all that is written, and compiled, a field named in the source
is read at once. The goldens in ``tests/schemas`` hold every member of all of them.
"""

from typing import Any, Final

import msgspec

from lifecycle.facts import ActivityPart, Context, FitPart, NearMiss, Receipt, Touch
from schemas.times import rfc3339

Members = dict[str, Any]

_DECIMALS: Final = [f".{rest:03}".rstrip("0") if rest else "" for rest in range(1_000)]


def thousandths(count: int) -> msgspec.Raw:
    """Write an integer of thousandths as a JSON number of the whole: 62500 as 62.5."""
    if count < 0:
        return msgspec.Raw(f"-{-count // 1_000}{_DECIMALS[-count % 1_000]}".encode())
    return msgspec.Raw(f"{count // 1_000}{_DECIMALS[count % 1_000]}".encode())


def put_context(into: Members, context: Context) -> None:
    """Add the members of a fact's context, as far as the fact has none of that name itself."""
    _put_new(into, "stage", context.stage)
    _put_new(into, "policy", context.policy)
    _put_new(into, "rules", context.rules)
    _put_new(into, "arrival_source", context.arrival_source)
    _put_new(into, "arrival_campaign", context.arrival_campaign)
    _put_new(into, "arrival_content", context.arrival_content)
    _put_new(into, "handover_id", context.handover_id)
    _put_new(into, "handover_kind", context.handover_kind)
    _put_new(into, "touch_source", context.touch_source)
    _put_new(into, "touch_campaign", context.touch_campaign)
    _put_new(into, "touch_content", context.touch_content)
    _put_new(into, "grade", context.grade)
    _put_new(into, "owner", context.owner)
    _put_new(into, "team", context.team)


def touch(told: Touch) -> Members:
    """Return the members of one engagement."""
    members: Members = {"at": rfc3339(told.at), "activity": told.activity}
    _put(members, "campaign", told.campaign)
    _put(members, "source", told.source)
    _put(members, "medium", told.medium)
    _put(members, "content", told.content)
    _put(members, "channel", told.channel)
    return members


def receipt(told: Receipt) -> Members:
    """Return the members of a receipt."""
    members: Members = {
        "fit_points": thousandths(told.fit_mp),
        "engagement_points": thousandths(told.engagement_mp),
        "intent_points": thousandths(told.intent_mp),
        "grade": told.grade,
        "rule": told.rule,
        "policy": told.policy,
    }
    if told.fit:
        members["fit"] = [_fit_part(part) for part in told.fit]
    if told.unknown:
        members["unknown"] = told.unknown
    if told.activities:
        members["activities"] = [_activity_part(part) for part in told.activities]
    if told.near_misses:
        members["near_misses"] = [_near_miss(miss) for miss in told.near_misses]
    return members


def _fit_part(part: FitPart) -> Members:
    return {
        "attribute": part.attribute,
        "value": part.value,
        "points": thousandths(part.points_mp),
    }


def _activity_part(part: ActivityPart) -> Members:
    return {
        "activity": part.activity,
        "points": thousandths(part.points_mp),
        "count": part.count,
        "last_at": rfc3339(part.last_at),
        "capped": part.capped,
        "buying_signal": part.buying_signal,
        "alive": part.alive,
    }


def _near_miss(miss: NearMiss) -> Members:
    members: Members = {
        "to": miss.to,
        "engagement_points": thousandths(miss.engagement_mp),
        "fit_points": thousandths(miss.fit_mp),
        "requalify_points": thousandths(miss.requalify_mp),
        "buying_signal": miss.buying_signal,
    }
    if miss.junk:
        members["junk"] = miss.junk
    return members


def _put(into: Members, name: str, value: object) -> None:
    if value is not None:
        into[name] = value


def _put_new(into: Members, name: str, value: object) -> None:
    if value is not None and name not in into:
        into[name] = value

"""What only the definition in force can call bad input: unknown reasons, missing dates, the future.

Such a message is refused before anything is decided, its id is not remembered, and it can be
sent again once the definition knows better. An illegal request is another thing: it was decided.
"""

from collections.abc import Collection
from typing import Final

from lifecycle.policy import Policy
from lifecycle.signals import NO_VOICE, Body, Disqualified, Lost, Recycled, Rejected, Signal

_WITH_REASON: Final = (Recycled, Lost, Disqualified, Rejected)

Problem = tuple[str, str]
"""(code of the refusal, sentence for people)."""


def vet(signal: Signal, policy: Policy) -> Problem | None:
    """Return why the definition in force cannot use the signal, or None."""
    late = signal.time - signal.recorded_at
    if late > policy.future_tolerance_ms:
        tolerance = policy.future_tolerance_ms // 1000
        detail = f"time is {late // 1000} s past the record's timestamp; {tolerance} s may be"
        return "from_the_future", detail
    body = signal.body
    return _vet_reason(body, policy) if isinstance(body, _WITH_REASON) else None


def _vet_reason(body: Recycled | Lost | Disqualified | Rejected, policy: Policy) -> Problem | None:
    if isinstance(body, Recycled):
        return _known(body.reason, policy.recycle_reasons) or _dated(body, policy)
    if isinstance(body, Lost):
        return _known(body.reason, policy.recycle_reasons)
    if isinstance(body, Disqualified):
        return _known(body.reason, policy.disqualify_reasons)
    return _known(body.reason, policy.recycle_reasons.keys() | policy.disqualify_reasons.keys())


def _known(reason: str, reasons: Collection[str]) -> Problem | None:
    if reason in reasons:
        return None
    names = ", ".join(sorted(reasons))
    return "unknown_reason", f"{reason} is not a reason of the definition in force: {names}"


def _dated(body: Recycled, policy: Policy) -> Problem | None:
    """Ask for the date that the reason needs; a reject or a lost deal has no field for one."""
    if body.until is None and policy.recycle_reasons[body.reason].needs_date:
        return "date_missing", f"{body.reason} needs `until`, the date it ends"
    return None


def unknown_codes(body: Body, policy: Policy) -> tuple[Problem, ...]:
    """Return (list, code) of what sales heard and the definition has no code for.

    Such a code is kept all the same: the two teams should see what they have no name for.
    """
    voice = getattr(body, "voice", NO_VOICE)
    if voice == NO_VOICE:
        return ()
    heard = {
        "pain_points": voice.pain_points,
        "objections": voice.objections,
        "questions": voice.questions,
        "competitors": () if voice.competitor is None else (voice.competitor,),
    }
    return tuple(
        (name, code)
        for name, codes in heard.items()
        for code in codes
        if code not in policy.codes[name]
    )

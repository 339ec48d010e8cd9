"""What only the definition in force can call bad input: unknown reasons, missing dates, the future.

Such a message is refused before anything is decided, its id is not remembered, and it can be
sent again once the definition knows better. An illegal request is another thing: it was decided.
"""

from collections.abc import Iterable

from lifecycle.policy import Policy, RecycleReason
from lifecycle.signals import Body, Disqualified, Lost, Recycled, Rejected, Signal

Problem = tuple[str, str]
"""(code of the refusal, sentence for people)."""


def vet(signal: Signal, policy: Policy) -> Problem | None:
    """Return why the definition in force cannot use the signal, or None."""
    late = signal.time - signal.recorded_at
    if late > policy.future_tolerance_ms:
        tolerance = policy.future_tolerance_ms // 1000
        detail = f"time is {late // 1000} s past the record's timestamp; {tolerance} s may be"
        return "from_the_future", detail
    return _vet_reason(signal.body, policy)


def _vet_reason(body: Body, policy: Policy) -> Problem | None:
    if isinstance(body, Recycled):
        return _track(body.reason, policy, body.until)
    if isinstance(body, Lost):
        return _track(body.reason, policy, None)
    if isinstance(body, Rejected | Disqualified) and body.reason not in policy.disqualify_reasons:
        if isinstance(body, Rejected):
            return _track(body.reason, policy, None)
        return _unknown(body.reason, policy.disqualify_reasons)
    return None


def _track(reason: str, policy: Policy, until: int | None) -> Problem | None:
    track: RecycleReason | None = policy.recycle_reasons.get(reason)
    if track is None:
        return _unknown(reason, policy.recycle_reasons)
    if track.needs_date and until is None:
        return "date_missing", f"{reason} needs `until`: recycle with the date it ends"
    return None


def _unknown(reason: str, known: Iterable[str]) -> Problem:
    names = ", ".join(sorted(known))
    return "unknown_reason", f"{reason} is not a reason of the definition in force: {names}"

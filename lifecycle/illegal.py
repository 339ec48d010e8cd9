"""Requests that are not possible: why, and the check that feedback names the right handover."""

from lifecycle.draft import Draft
from lifecycle.machine import possible


class IllegalRequestError(Exception):
    """A request that the lead's place does not allow; the lead stays as it was."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the refusal's code and a sentence for people."""
        super().__init__(detail)
        self.code = code
        self.detail = detail


def illegal(draft: Draft, asked: str, because: str = "") -> IllegalRequestError:
    """Return the error for a request that the stage or the handover does not allow."""
    stage = draft.stage
    reason = because or f"not possible from {stage}"
    ways = ", ".join(possible(stage))
    return IllegalRequestError("illegal_move", f"{asked}: {reason}; at {stage} possible: {ways}")


def stale(draft: Draft, named: str) -> IllegalRequestError:
    """Return the error for feedback that names another handover than the last."""
    last = draft.offer_id
    if last is None:
        return IllegalRequestError("stale_handover", f"{named} is unknown: there is no handover")
    word = "open" if draft.on_offer else "last"
    return IllegalRequestError("stale_handover", f"{named} is not the {word} handover {last}")


def must_name_the_offer(draft: Draft, named: str | None) -> None:
    """Refuse feedback that names another handover than the last; none named is fine."""
    if named is not None and named != draft.offer_id:
        raise stale(draft, named)

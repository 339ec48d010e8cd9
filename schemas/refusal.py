"""Why input could not be used: one code a reason, with what a person needs to mend it."""

from enum import StrEnum
from typing import Final

DETAIL_CHARACTERS_MAX: Final = 300


class RefusalCode(StrEnum):
    """The reason of a refusal, as ``lead.refusals`` and the metrics name it."""

    # What the bytes are.
    TOMBSTONE = "tombstone"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    BAD_SHAPE = "bad_shape"
    # What the envelope says.
    MISSING_ATTRIBUTE = "missing_attribute"
    UNKNOWN_TYPE = "unknown_type"
    UNSUPPORTED_VERSION = "unsupported_version"
    NOT_SUPPORTED_YET = "not_supported_yet"
    BAD_TIME = "bad_time"
    KEY_MISMATCH = "key_mismatch"
    BAD_LEAD_ID = "bad_lead_id"
    # What the data say.
    BAD_FIELD = "bad_field"
    BAD_POLICY = "bad_policy"
    # What the policy in force does not take.
    FROM_THE_FUTURE = "from_the_future"
    UNKNOWN_REASON = "unknown_reason"
    DATE_MISSING = "date_missing"
    # What the lead's stage does not allow: decided, not undecodable.
    ILLEGAL_MOVE = "illegal_move"
    STALE_HANDOVER = "stale_handover"
    TOO_MANY_OPPORTUNITIES = "too_many_opportunities"
    NOMINATIONS_EXHAUSTED = "nominations_exhausted"
    # What Baton itself got wrong.
    FAILED = "failed"


MEANINGS: Final[dict[RefusalCode, str]] = {
    RefusalCode.TOMBSTONE: "The record has no value. Baton never deletes by tombstone; send an "
    "event.",
    RefusalCode.TOO_LARGE: "The record's value is larger than any event of the contract can be.",
    RefusalCode.NOT_JSON: "The value is not JSON in UTF-8.",
    RefusalCode.BAD_SHAPE: "The value is JSON, but not one CloudEvents 1.0 event with its data.",
    RefusalCode.MISSING_ATTRIBUTE: "An attribute of the envelope is missing or empty: "
    "specversion, id, source, type, subject and time are all needed.",
    RefusalCode.UNKNOWN_TYPE: "No message of the contract has this type.",
    RefusalCode.UNSUPPORTED_VERSION: "The type or the envelope is of a version that this release "
    "does not read.",
    RefusalCode.NOT_SUPPORTED_YET: "The message is well formed, and this release cannot act on it "
    "yet. Keep it and re-drive it after an upgrade.",
    RefusalCode.BAD_TIME: "The time is not RFC 3339 with a zone, or out of range.",
    RefusalCode.KEY_MISMATCH: "The record's key is not the event's subject, the lead id.",
    RefusalCode.BAD_LEAD_ID: "The lead id is too long, has unprintable characters, starts with ~ "
    "or looks like an email address.",
    RefusalCode.BAD_FIELD: "A field lacks, has the wrong type, or a value it cannot have.",
    RefusalCode.BAD_POLICY: "The message about the policy does not validate.",
    RefusalCode.FROM_THE_FUTURE: "The time is later than its record's timestamp by more than the "
    "policy tolerates: a clock upstream is wrong.",
    RefusalCode.UNKNOWN_REASON: "The policy in force does not name this reason.",
    RefusalCode.DATE_MISSING: "This reason needs a date in `until`.",
    RefusalCode.ILLEGAL_MOVE: "The lead's stage does not allow what was asked.",
    RefusalCode.STALE_HANDOVER: "The feedback names a handover that is not the lead's last.",
    RefusalCode.TOO_MANY_OPPORTUNITIES: "The lead has as many open opportunities as it can have.",
    RefusalCode.NOMINATIONS_EXHAUSTED: "This person has used up the month's nominations.",
    RefusalCode.FAILED: "Baton could not decide: a defect of Baton. The lead is unchanged; "
    "re-drive the message after an upgrade.",
}
"""One sentence or two a code, for people: what it means and what to do."""


class Refused(Exception):  # noqa: N818 - the domain's word, and not an error of the program
    """This input cannot be used; nothing of it was applied."""

    def __init__(self, code: RefusalCode, detail: str) -> None:
        """Keep the reason, and a detail that any header can carry."""
        super().__init__(code, detail)
        self.code = code
        self.detail = sendable(detail)

    def __str__(self) -> str:
        """Say the code and the detail."""
        return f"{self.code}: {self.detail}"


def sendable(detail: str) -> str:
    """Cut a detail to its limit and escape what UTF-8 cannot carry (lone surrogates)."""
    text = detail.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= DETAIL_CHARACTERS_MAX:
        return text
    return text[: DETAIL_CHARACTERS_MAX - 1] + "…"


def shown(value: object) -> str:
    """Show a value in a detail: quoted, escaped and short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - a line's width

"""The fast lane for the one message that there are most of: ``lead.engaged.v1``, whole at once.

One parse that checks the envelope's and the data's limits on the way, where the general lane
(``events.codec``) parses, checks the attributes one by one and has a model validate the data. The
model owns the contract. This lane is for messages with nothing unusual about them: whatever it
does not read, be it good or bad, it leaves to the general lane, which also finds the words for
what is wrong. What it does read, the general lane reads the same: ``tests/events/test_engaged.py``.
"""

from typing import Final

import msgspec
from msgspec.structs import astuple

from events.shapes import EngagedEvent
from lifecycle.signals import Engaged, Signal
from schemas.inbound_fields import without_query
from schemas.lead_id import lead_id_fault
from schemas.times import TIME_MAX, parse_time

MARK: Final = b'"lead.engaged.v1"'
"""What has it nowhere is another message."""

_BACKSLASH: Final = 0x5C
_AT: Final = 0x40
_PERCENT: Final = 0x25
_DELETE: Final = 0x7F
_read: Final = msgspec.json.Decoder(EngagedEvent).decode
_UNREAD: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


def engaged_signal(key: bytes | None, value: bytes, timestamp: int, redrive: int) -> Signal | None:
    """Return the signal in a value of structured mode; None if the general lane has to look.

    ``value`` nests no deeper than the general lane allows.
    """
    if has_signs(value):
        return None
    try:
        _, event_id, source, _, subject, told, data = astuple(_read(value))
        time = parse_time(told)
    except _UNREAD:
        return None
    if (
        key != subject.encode()
        or not _printable(value, event_id, source)
        or not 0 <= timestamp < TIME_MAX
        or lead_id_fault(subject) is not None
    ):
        return None
    activity, campaign, origin, medium, content, channel, url = astuple(data)
    if url and ("?" in url or "#" in url):
        url = without_query(url)
    body = Engaged(
        activity,
        campaign or None,
        origin or None,
        medium or None,
        content or None,
        channel or None,
        url or None,
    )
    return Signal(event_id, source, subject, time, timestamp, body, redrive)


def _printable(value: bytes, event_id: str, source: str) -> bool:
    # A parser takes no control characters, so in ASCII only one is left that is not printable.
    if value.isascii() and _DELETE not in value:
        return True
    return event_id.isprintable() and source.isprintable()


def has_signs(value: bytes) -> bool:
    """Say whether there may be something in a message's texts that has to be refused."""
    # As numbers: what looks for bytes takes them for a number first, and for an error then.
    return _BACKSLASH in value or _AT in value or _PERCENT in value

"""The fast lane for the one message that there are most of: ``lead.engaged.v1``, whole at once.

One parse that checks the envelope's and the data's limits on the way, where the general lane
(``events.codec``) parses, checks the attributes one by one and has a model validate the data. The
model owns the contract. This lane is for messages with nothing unusual about them: whatever it
does not read, be it good or bad, it leaves to the general lane, which also finds the words for
what is wrong. What it does read, the general lane reads the same: ``tests/events/test_engaged.py``.
"""

from typing import Final

import msgspec

from events.shapes import EngagedEvent
from lifecycle.signals import Engaged, Signal
from schemas.envelope import lead_id_fault
from schemas.inbound_fields import without_query
from schemas.times import TIME_MAX, parse_time

MARK: Final = b'"lead.engaged.v1"'
"""What has it nowhere is another message."""

_read: Final = msgspec.json.Decoder(EngagedEvent).decode
_UNREAD: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


def engaged_signal(key: bytes | None, value: bytes, timestamp: int, redrive: int) -> Signal | None:
    """Return the signal in a value of structured mode; None if the general lane has to look.

    ``value`` nests no deeper than the general lane allows.
    """
    if b"\\" in value or b"@" in value or b"%" in value:
        return None  # There may be something in its texts that has to be refused.
    try:
        event = _read(value)
        time = parse_time(event.time)
    except _UNREAD:
        return None
    subject, data = event.subject, event.data
    if (
        key != subject.encode()
        or not event.id.isprintable()
        or not event.source.isprintable()
        or not 0 <= timestamp < TIME_MAX
        or lead_id_fault(subject) is not None
    ):
        return None
    url = data.url
    body = Engaged(
        data.activity,
        data.campaign or None,
        data.source or None,
        data.medium or None,
        data.content or None,
        data.channel or None,
        without_query(url) or None if url else None,
    )
    return Signal(event.id, event.source, subject, time, timestamp, body, redrive)

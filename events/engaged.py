"""The fast lane for the one message that there are most of: ``lead.engaged.v1``, whole at once.

One parse that checks the envelope's and the data's limits on the way, where the general lane
(``events.codec``) parses, checks the attributes one by one and has a model validate the data. The
model owns the contract. This lane is for messages with nothing unusual about them: whatever it
does not read, be it good or bad, it leaves to the general lane, which also finds the words for
what is wrong. What it does read, the general lane reads the same: ``tests/events/test_engaged.py``.
"""

from typing import Annotated, Final, Literal

import msgspec

from lifecycle.signals import Engaged, Signal
from schemas.envelope import ID_CHARACTERS_MAX, SOURCE_CHARACTERS_MAX, lead_id_fault
from schemas.inbound_fields import (
    NAME_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    URL_CHARACTERS_MAX,
    without_query,
)
from schemas.times import TIME_MAX, parse_time

MARK: Final = b'"lead.engaged.v1"'
"""What has it nowhere is another message."""

_Text = Annotated[str, msgspec.Meta(max_length=TEXT_CHARACTERS_MAX)] | None


class _Data(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    # What it would skip, the general lane parses: it may have to be refused.

    activity: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    campaign: _Text = None
    source: _Text = None
    medium: _Text = None
    content: _Text = None
    channel: _Text = None
    url: Annotated[str, msgspec.Meta(max_length=URL_CHARACTERS_MAX)] | None = None


class _Event(msgspec.Struct, gc=False):
    specversion: Literal["1.0"]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=SOURCE_CHARACTERS_MAX)]
    type: Literal["lead.engaged.v1"]
    subject: Annotated[str, msgspec.Meta(min_length=1)]
    time: str
    data: _Data


_read: Final = msgspec.json.Decoder(_Event).decode
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

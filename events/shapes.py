"""What the parser is told to look for in an envelope: msgspec makes these classes, no compiler may.

``Envelope`` takes any message of structured mode. ``EngagedEvent`` takes the one that there are
most of, limits of its data included; ``schemas`` owns the contract.
"""

from typing import Annotated, Any, Literal

import msgspec

from schemas.envelope import ID_CHARACTERS_MAX, SOURCE_CHARACTERS_MAX
from schemas.inbound_fields import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, URL_CHARACTERS_MAX

_Text = Annotated[str, msgspec.Meta(max_length=TEXT_CHARACTERS_MAX)] | None


class Envelope(msgspec.Struct, gc=False):
    """The attributes of an envelope that are read; anything else is skipped while parsing."""

    specversion: str | None = None
    id: str | None = None
    source: str | None = None
    type: str | None = None
    subject: str | None = None
    time: str | None = None
    data: dict[str, Any] | None = None


class EngagedData(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The data of an engagement. What it would skip, the model parses: it may have to refuse it."""

    activity: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
    campaign: _Text = None
    source: _Text = None
    medium: _Text = None
    content: _Text = None
    channel: _Text = None
    url: Annotated[str, msgspec.Meta(max_length=URL_CHARACTERS_MAX)] | None = None


class EngagedEvent(msgspec.Struct, gc=False):
    """An engagement, whole."""

    specversion: Literal["1.0"]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=SOURCE_CHARACTERS_MAX)]
    type: Literal["lead.engaged.v1"]
    subject: Annotated[str, msgspec.Meta(min_length=1)]
    time: str
    data: EngagedData

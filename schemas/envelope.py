"""The envelope around every message: CloudEvents 1.0, and the rules of its attributes."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.lead_id import LEAD_ID_CHARACTERS_MAX

SPECVERSION: Final = "1.0"
STRUCTURED: Final = b"application/cloudevents+json"
"""Media type of structured mode: the whole event is the record's value."""
CONTENT_TYPE: Final = b"application/cloudevents+json; charset=UTF-8"
ID_CHARACTERS_MAX: Final = 256
SOURCE_CHARACTERS_MAX: Final = 256
TYPE_CHARACTERS_MAX: Final = 128


class Envelope(BaseModel):
    """One CloudEvents 1.0 event.

    In structured mode (`content-type: application/cloudevents+json`) this object is the record's
    value. In binary mode the attributes are record headers (`ce_id`, `ce_source` …) and the
    value is `data` alone. The record's key is the subject in either mode. Attributes that are
    not named here are ignored; a trace context travels in the record header `traceparent`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Annotated[Literal["1.0"], Field(description="Version of CloudEvents: 1.0.")]
    id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=ID_CHARACTERS_MAX,
            description="Identifies the event within its source. Sent twice, the second one "
            "changes nothing: repeat an event with the id it had.",
        ),
    ]
    source: Annotated[
        str,
        Field(
            min_length=1,
            max_length=SOURCE_CHARACTERS_MAX,
            description="The system that tells it, as a URI reference such as /web or /crm.",
        ),
    ]
    type: Annotated[
        str,
        Field(
            max_length=TYPE_CHARACTERS_MAX,
            description="What happened, and the version of its data: lead.<what>.v<N>.",
        ),
    ]
    subject: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LEAD_ID_CHARACTERS_MAX,
            description="The lead id, opaque and printable; the record's key is the same. Never "
            "an email address. Subjects that start with ~ are Baton's own.",
        ),
    ]
    time: Annotated[
        str,
        Field(
            json_schema_extra={"format": "date-time"},
            description="When it happened, not when it was sent: RFC 3339 with a zone.",
        ),
    ]
    data: Annotated[dict[str, Any], Field(description="What happened, as its type defines it.")]

"""The kinds of fields that inbound messages have: bounded, and with nothing personal in them."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from lifecycle.policy import AttributeValue
from schemas.lead_id import like_an_address
from schemas.times import parse_day, parse_moment, rfc3339

NAME_CHARACTERS_MAX: Final = 160
"""Ids and codes; a handover id is a lead id and a few characters."""
TEXT_CHARACTERS_MAX: Final = 200
URL_CHARACTERS_MAX: Final = 8192
"""Before the query is removed: advertising makes them long."""
CODES_MAX: Final = 5
ATTRIBUTE_NAME_CHARACTERS_MAX: Final = 64
NUMBER_MAX: Final = 10**15
"""Bound of numbers in profiles: a double holds every whole number below it exactly."""
AMOUNT_DECIMALS_MAX: Final = 6

REP: Final = "The rep, by a name that routing knows; an opaque id serves as well. No email address."

_ATTRIBUTE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*").fullmatch
_PERSONAL: Final = re.compile(
    r"(?:.*_)?(?:e_?mail|mail|e?_?mail_address|phone|phone_number|telephone|mobile|mobile_number"
    r"|mobile_phone|fax|fax_number|first_?name|last_?name|sur_?name|full_?name|given_?name"
    r"|family_?name|middle_?name|contact_name|person_name|birth_?day|birth_?date|date_of_birth"
    r"|home_address|street|street_address|ip_address|ip)|name"
).fullmatch
_AMOUNT: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?").fullmatch
_USER_INFO: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/]*@")


@lru_cache(maxsize=4096)
def attribute_name_fault(name: str) -> str | None:
    """Say what is wrong with the name of a profile attribute; None if it will do."""
    if _PERSONAL(name.lower().replace("-", "_").replace(" ", "_")) is not None:
        return "is personal data, which no event may carry"
    if len(name) > ATTRIBUTE_NAME_CHARACTERS_MAX or _ATTRIBUTE_NAME(name) is None:
        return f"is not a name in snake_case of up to {ATTRIBUTE_NAME_CHARACTERS_MAX} characters"
    return None


def without_query(url: str) -> str:
    """Cut query and fragment from a url, where personal data travels, and user info."""
    page = url.partition("?")[0].partition("#")[0]
    if "@" in page:
        page = _USER_INFO.sub(r"\1//", page)
    return page


def _attribute_name(name: str) -> str:
    fault = attribute_name_fault(name)
    if fault is not None:
        raise ValueError(fault)
    return name


def _attribute_value(given: object) -> AttributeValue | None:
    if isinstance(given, str):
        if len(given) > TEXT_CHARACTERS_MAX:
            raise ValueError(f"longer than {TEXT_CHARACTERS_MAX} characters")
        if like_an_address(given):
            raise ValueError("looks like an email address")
        return given
    if given is None or isinstance(given, bool):
        return given
    if not isinstance(given, int | float):
        raise ValueError("not a string, number, boolean or null")  # noqa: TRY004 - as pydantic asks
    if not -NUMBER_MAX <= given <= NUMBER_MAX:
        raise ValueError("not a number between -10^15 and 10^15")
    return given


def _canonical_amount(given: object) -> str:
    """Bring an amount to one form: ``48000``, ``48000.5``; never an exponent or a sign."""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError("not an amount: a number, or a string such as 48000.00")  # noqa: TRY004 - pydantic reports ValueError only
    if isinstance(given, float):
        given = _decimals_of(given)
    if isinstance(given, int):
        given = str(given) if abs(given) < NUMBER_MAX else "too large"
    if _AMOUNT(given) is None:
        raise ValueError("not an amount of 0 or more, below 10^15, with at most 6 decimals")
    return f"{Decimal(given).normalize():f}"


def _decimals_of(number: float) -> str:
    """Write a double as people meant it: 0.1 + 0.2 is 0.3. Out of range stays unreadable."""
    if not 0 <= number < NUMBER_MAX:
        return "out of range"
    exact = Decimal(repr(number))
    return f"{exact.quantize(Decimal(1).scaleb(-AMOUNT_DECIMALS_MAX), ROUND_HALF_EVEN):f}"


def _moment(given: object) -> int:
    if not isinstance(given, str):
        raise ValueError("not a string with a date or an RFC 3339 time")  # noqa: TRY004 - pydantic reports ValueError only
    return parse_moment(given)


def _written(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _optional_moment(given: object) -> int | None:
    return None if given is None or given == "" else _moment(given)


def _day(text: str) -> str:
    parse_day(text)
    return text


Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS_MAX)]
"""An id, a code, a name within a system."""
OptionalName = Annotated[str, Field(max_length=NAME_CHARACTERS_MAX)] | None
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
"""A few words."""
OptionalText = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)] | None
Url = Annotated[str, Field(max_length=URL_CHARACTERS_MAX), AfterValidator(without_query)] | None
Codes = Annotated[tuple[Name, ...], Field(max_length=CODES_MAX)] | None

_ATTRIBUTE_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "maxLength": TEXT_CHARACTERS_MAX},
        {"type": "number", "minimum": -NUMBER_MAX, "maximum": NUMBER_MAX},
        {"type": "boolean"},
        {"type": "null"},
    ]
}
AttributeName = Annotated[
    str,
    AfterValidator(_attribute_name),
    Field(
        json_schema_extra={"pattern": f"^[a-z][a-z0-9_]{{0,{ATTRIBUTE_NAME_CHARACTERS_MAX - 1}}}$"}
    ),
]
GivenAttribute = Annotated[
    AttributeValue | None, PlainValidator(_attribute_value), WithJsonSchema(_ATTRIBUTE_SCHEMA)
]

_AMOUNT_SCHEMA: Final = {
    "anyOf": [
        {"type": "number", "minimum": 0, "exclusiveMaximum": NUMBER_MAX},
        {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,6})?$"},
    ]
}
_MOMENT_SCHEMA: Final = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
}
Amount = Annotated[str, BeforeValidator(_canonical_amount), WithJsonSchema(_AMOUNT_SCHEMA)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})]
_WRITTEN: Final = PlainSerializer(_written, return_type=str | None, when_used="json")
Moment = Annotated[int, BeforeValidator(_moment), _WRITTEN, WithJsonSchema(_MOMENT_SCHEMA)]
OptionalMoment = Annotated[
    int | None,
    BeforeValidator(_optional_moment),
    _WRITTEN,
    WithJsonSchema({"anyOf": [_MOMENT_SCHEMA, {"type": "null"}]}),
]


class Data(BaseModel):
    """Data of one inbound message."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

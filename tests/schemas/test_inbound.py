"""Models of inbound data: bounded, typed, and with nothing personal in them."""

import pytest
from pydantic import ValidationError

from lifecycle import signals
from schemas import inbound
from schemas.inbound_fields import attribute_name_fault, without_query
from schemas.refusal import Refused, sendable, shown
from tests.schemas.messages import decoded

PERSONAL = """
    email e_mail work_email email_address mail name first_name firstname last_name surname
    full_name family_name given_name contact_name phone phone_number work_phone mobile
    mobile_phone telephone fax birthday birth_date date_of_birth home_address street ip_address
    Email E-Mail
""".split()
FREE = """
    seniority role company_size industry country company_name product_name email_opt_in
    email_domain phone_verified rename campaign_name username_count
""".split()


@pytest.mark.parametrize("name", PERSONAL)
def test_a_profile_has_no_place_for_personal_data(name: str) -> None:
    with pytest.raises(Refused) as refused:
        decoded("profiled", {"attributes": {name: "x"}})
    with pytest.raises(Refused):
        decoded("profiled", {"clear": [name]})

    assert refused.value.code == "bad_field"
    assert "personal data" in refused.value.detail


@pytest.mark.parametrize("name", FREE)
def test_what_describes_the_company_is_no_personal_data(name: str) -> None:
    assert attribute_name_fault(name) is None


@pytest.mark.parametrize("name", ["", "Company", "company size", "9lives", "a" * 65, "ü", "a-b"])
def test_attributes_are_named_in_snake_case(name: str) -> None:
    assert "snake_case" in (attribute_name_fault(name) or "")


@pytest.mark.parametrize("value", ["joe@example.com", "Joe <joe@example.com>", "joe%40example.com"])
def test_a_value_that_looks_like_an_email_address_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="looks like an email address"):
        decoded("profiled", {"attributes": {"owner_id": value}})


@pytest.mark.parametrize("value", [["a"], {"a": 1}, 1e16, 10**16, "x" * 201])
def test_a_value_is_a_bounded_scalar(value: object) -> None:
    with pytest.raises(Refused, match=r"data\.attributes\.size"):
        decoded("profiled", {"attributes": {"size": value}})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_model_built_in_python_has_no_nan(number: float) -> None:
    with pytest.raises(ValidationError):
        inbound.Profiled(attributes={"size": number})


def test_a_profile_is_bounded() -> None:
    many = {f"a{n}": n for n in range(41)}

    with pytest.raises(Refused, match="at most 40"):
        decoded("profiled", {"attributes": many})
    with pytest.raises(Refused, match="at most 40"):
        decoded("profiled", {"clear": list(many)})


def test_an_attribute_is_not_set_and_cleared_at_once() -> None:
    with pytest.raises(Refused, match="role is set and cleared"):
        decoded("profiled", {"attributes": {"role": "it"}, "clear": ["role"]})


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        (0, "0"),
        (48000, "48000"),
        (48000.5, "48000.5"),
        (0.1 + 0.2, "0.3"),
        (1e14, "100000000000000"),
        (1e-9, "0"),
        ("48000.00", "48000"),
        ("0.000001", "0.000001"),
        ("007", "7"),
        ("999999999999999.999999", "999999999999999.999999"),
    ],
)
def test_an_amount_has_one_form(given: object, canonical: str) -> None:
    won = inbound.Won.model_validate({"opportunity_id": "o", "amount": given})

    assert won.amount == canonical
    assert inbound.Won(opportunity_id="o", amount=won.amount).amount == canonical


@pytest.mark.parametrize(
    "given",
    [
        -1, -0.5, "-1", "+1", "1e3", "1,000.00", " 1", "1\n", "", "\u0661", "1.0000001", 10**15,
        1e15, float("inf"), float("nan"), True, None, [], "9" * 16,
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(given: object) -> None:
    with pytest.raises(ValidationError, match="amount"):
        inbound.Won.model_validate({"opportunity_id": "o", "amount": given})


@pytest.mark.parametrize("currency", ["eur", "EURO", "€", "", "EU1", "EUR\n", 978])
def test_what_is_no_currency_is_refused(currency: object) -> None:
    with pytest.raises(Refused, match=r"data\.currency"):
        decoded("won", {"opportunity_id": "o", "amount": 1, "currency": currency})


@pytest.mark.parametrize("day", ["2026-02-30", "30.06.2026", "2026-6-1", "20260601", "9999-12-31"])
def test_what_is_no_close_date_is_refused(day: str) -> None:
    data = {"opportunity_id": "o", "amount": 1, "currency": "EUR", "close_date": day}

    with pytest.raises(Refused, match=r"data\.close_date"):
        decoded("opportunity_opened", data)


@pytest.mark.parametrize("until", ["2026-12-31T09:00:00", "next year", 1, True, "9999-12-31"])
def test_until_is_a_date_or_a_time_with_a_zone(until: object) -> None:
    with pytest.raises(Refused, match=r"data\.until"):
        decoded("recycled", {"reason": "in_contract", "until": until})


@pytest.mark.parametrize("until", [None, ""])
def test_until_may_be_absent(until: str | None) -> None:
    signal = decoded("recycled", {"reason": "no_budget", "until": until, "wake_at": until})

    assert signal.body == signals.Recycled("no_budget")


def test_a_pause_has_an_end() -> None:
    with pytest.raises(Refused, match=r"data\.until"):
        decoded("clock_paused", {"clock": "cadence", "reason": "holiday", "until": None})


def test_free_words_are_bounded() -> None:
    with pytest.raises(Refused, match=r"data\.reason: String should have at most 200"):
        decoded("claimed", {"rep": "r", "reason": "x" * 201})


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://example.com/a?email=joe@example.com#top", "https://example.com/a"),
        ("https://example.com/a#?b", "https://example.com/a"),
        ("https://joe:secret@example.com/a", "https://example.com/a"),
        ("//joe@example.com", "//example.com"),
        ("https://medium.com/@writer/story", "https://medium.com/@writer/story"),
        ("/pricing?x", "/pricing"),
        ("?x", ""),
    ],
)
def test_a_url_loses_query_fragment_and_user_info(url: str, page: str) -> None:
    assert without_query(url) == page


def test_times_are_written_as_they_are_read() -> None:
    recycled = inbound.Recycled.model_validate({"reason": "r", "until": "2026-12-31"})

    written = recycled.model_dump(mode="json", exclude_unset=True)

    assert written == {"reason": "r", "until": "2026-12-31T00:00:00.000Z"}
    assert inbound.Recycled.model_validate(written) == recycled
    assert recycled.model_dump(mode="json")["wake_at"] is None


@pytest.mark.parametrize("event_type", inbound.INBOUND)
def test_every_field_is_described_for_the_integrator(event_type: str) -> None:
    schema = inbound.message_model(event_type).model_json_schema()
    data = inbound.INBOUND[event_type].model_json_schema()

    assert schema["properties"]["type"]["const"] == event_type
    assert data["description"]
    assert all("description" in field for field in data.get("properties", {}).values())


def test_a_message_without_a_lead_has_a_subject_of_its_own() -> None:
    def pattern(event_type: str) -> str:
        schema = inbound.message_model(event_type).model_json_schema()
        return str(schema["properties"]["subject"]["pattern"])

    assert pattern("lead.tick.v1") == "^~"
    assert pattern("lead.won.v1") == "^[^~]"


def test_a_detail_is_short_and_can_be_sent() -> None:
    assert sendable("fine") == "fine"
    assert sendable("\ud800") == "\\ud800"
    assert len(sendable("x" * 1000)) == 300
    assert shown("a\x00") == "'a\\x00'"
    assert len(shown("x" * 1000)) == 60

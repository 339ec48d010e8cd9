"""The page of messages names every type, and each field as the models have it."""

import json
import re
from pathlib import Path

import pytest

from schemas.inbound import INBOUND, NOT_YET, WITHOUT_LEAD, message_model
from schemas.inbound_sales import Feedback
from schemas.outbound import HANDOVERS, OUTBOUND, RECYCLES

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(lead\.\w+\.v1)` \| [^|]+ \| ([^|]*) \|$", PAGE, re.MULTILINE)
SENT, TOLD = ROWS[: len(ROWS) - len(OUTBOUND)], ROWS[len(ROWS) - len(OUTBOUND) :]

HEARD = set(Feedback.model_fields) - {"rep"}


def fields(cell: str) -> dict[str, bool]:
    """Each field that a row names, and whether it says that it has to be there."""
    names = [name.strip() for name in cell.split(",")]
    return {name.strip("*"): name.startswith("**") for name in names if name != "*heard*"}


def test_every_type_that_may_be_sent_is_on_the_page_and_no_other() -> None:
    own = set(WITHOUT_LEAD) | set(NOT_YET)

    assert {name for name, _ in SENT} == set(INBOUND) - own
    assert all(f"`{name}`" in PAGE for name in own)


@pytest.mark.parametrize(("name", "cell"), SENT)
def test_a_row_names_each_field_and_which_have_to_be_there(name: str, cell: str) -> None:
    model = INBOUND[name]
    heard = issubclass(model, Feedback)
    own = {
        field: info.is_required()
        for field, info in model.model_fields.items()
        if not heard or field not in HEARD
    }

    assert fields(cell) == own
    assert ("*heard*" in cell) is heard


def test_every_fact_is_on_the_page_with_the_topic_that_it_is_copied_to() -> None:
    copied = {
        name: "handovers" if name in HANDOVERS else "recycles" if name in RECYCLES else ""
        for name in OUTBOUND
    }

    assert {name: cell.strip() for name, cell in TOLD} == copied


def test_the_message_on_the_page_is_one_that_the_contract_takes() -> None:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None

    message = json.loads(found[1])

    message_model(message["type"]).model_validate(message)

"""The published contract is generated, complete and true."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from schemas.generate import PUBLISHED, examples, files, message_schema, policy_schema, stale, write
from schemas.inbound import INBOUND
from schemas.outbound import OUTBOUND
from schemas.policy import canonical, shipped_text
from schemas.policy_text import read

MESSAGES = [("inbound", name) for name in INBOUND] + [("outbound", name) for name in OUTBOUND]


def _published(path: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads((PUBLISHED / path).read_text(encoding="utf-8"))


def test_what_is_published_is_what_the_models_say() -> None:
    assert stale() == []


def test_generating_twice_gives_the_same_text() -> None:
    again = files.__wrapped__()

    assert again is not files()
    assert again == files()


def test_a_stale_folder_is_told_file_by_file_and_mended_by_writing(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    shutil.copytree(PUBLISHED, folder)
    (folder / "policy.json").unlink()
    (folder / "asyncapi.json").write_text("{}", encoding="utf-8")
    (folder / "inbound" / "lead.gone.v1.json").write_text("{}", encoding="utf-8")

    told = stale(folder)

    assert told == [
        "asyncapi.json: differs from the models",
        "inbound/lead.gone.v1.json: not generated from any model",
        "policy.json: missing",
    ]
    write(folder)
    assert stale(folder) == []


def test_files_that_are_not_of_the_contract_are_left_alone(tmp_path: Path) -> None:
    notes = tmp_path / "notes.json"
    notes.write_text("{}", encoding="utf-8")

    write(tmp_path)

    assert notes.exists()
    assert stale(tmp_path) == []


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    write(tmp_path / "new")

    assert stale(tmp_path / "new") == []


@pytest.mark.parametrize(("direction", "name"), MESSAGES)
def test_each_example_validates_against_its_schema(direction: str, name: str) -> None:
    schema = message_schema(direction, name)
    example = examples()[direction][name]

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)

    without_id = {key: value for key, value in example.items() if key != "id"}
    with pytest.raises(ValidationError):
        Draft202012Validator(schema).validate(without_id)


@pytest.mark.parametrize("name", OUTBOUND)
def test_outbound_examples_are_what_baton_really_sends(name: str) -> None:
    golden = Path(__file__).parent / "golden" / "outbound" / f"{name}.json"

    assert examples()["outbound"][name] == json.loads(golden.read_bytes())


@pytest.mark.parametrize("name", OUTBOUND)
def test_outbound_schemas_know_no_null_and_take_what_they_do_not_know(name: str) -> None:
    text = json.dumps(message_schema("outbound", name))

    assert '"null"' not in text
    assert '"additionalProperties"' not in text


def test_the_shipped_policy_validates_against_its_schema_as_written_and_as_canonical() -> None:
    schema = policy_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())

    validator.validate(read(shipped_text()))
    validator.validate(json.loads(canonical(shipped_text())))


def test_the_asyncapi_document_names_every_message_on_its_channels() -> None:
    document = _published("asyncapi.json")
    channels = document["channels"]

    assert document["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in channels.values()} == {
        "lead.signals",
        "lead.lifecycle",
        "lead.handovers",
        "lead.recycles",
        "lead.refusals",
        "lead.policies",
    }
    assert set(channels["signals"]["messages"]) == {f"inbound.{name}" for name in INBOUND}
    assert set(channels["lifecycle"]["messages"]) == {f"outbound.{name}" for name in OUTBOUND}
    assert "outbound.lead.handover.v1" in channels["handovers"]["messages"]
    assert "outbound.lead.lost.v1" in channels["recycles"]["messages"]


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = _published("asyncapi.json")

    for reference in _references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_each_example_in_the_asyncapi_document_validates_against_the_payload_beside_it() -> None:
    document = _published("asyncapi.json")
    messages = document["components"]["messages"]

    for message in messages.values():
        for example in message.get("examples", ()):
            schema = {**message["payload"], "components": document["components"]}
            Draft202012Validator(schema, format_checker=FormatChecker()).validate(
                example["payload"]
            )
            Draft202012Validator(message["headers"]).validate(example["headers"])
            key = message["bindings"]["kafka"]["key"]
            Draft202012Validator(key).validate(example["payload"]["subject"])
    assert len(messages) == len(MESSAGES) + 2


def _references(tree: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(tree, list):
        return [found for item in tree for found in _references(item)]
    if not isinstance(tree, dict):
        return []
    own = [tree["$ref"]] if isinstance(tree.get("$ref"), str) else []
    return own + [found for item in tree.values() for found in _references(item)]

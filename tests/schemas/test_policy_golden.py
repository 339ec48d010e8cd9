"""A definition in ``lead.policies`` means the same for ever: add files, never change one.

The key is the digest of the value's meaning. A release that read an adopted definition otherwise,
or gave it another digest, would replay history under other rules than those of its day.
"""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from lifecycle.policy import Policy
from lifecycle.stages import ClockName
from schemas.generate import policy_schema
from schemas.policy import canonical, digest, load_policy

GOLDEN = sorted((Path(__file__).parent / "golden" / "policies").glob("*.json"))


def policy_of(golden: Path) -> Policy:
    return load_policy(golden.read_bytes())


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_golden_bytes_are_canonical_and_keyed_by_their_digest(golden: Path) -> None:
    value = golden.read_bytes()

    assert canonical(value) == value
    assert digest(value) == golden.stem == policy_of(golden).version


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_the_same_definition_as_people_write_it_gives_the_golden_bytes(golden: Path) -> None:
    written = yaml.safe_dump(json.loads(golden.read_bytes()), sort_keys=False, allow_unicode=True)

    assert canonical(written) == golden.read_bytes()


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_the_published_schema_takes_the_golden_bytes(golden: Path) -> None:
    Draft202012Validator(policy_schema()).validate(json.loads(golden.read_bytes()))


def test_the_first_definition_that_shipped_is_read_as_it_always_was() -> None:
    policy = policy_of(next(path for path in GOLDEN if path.stem == "5abbead61003afca"))

    assert (policy.curious_mp, policy.warm_mp, policy.hysteresis) == (15_000, 35_000, 0.7)
    assert (policy.mql_engagement_mp, policy.mql_fit_mp) == (60_000, 40_000)
    acceptance = policy.clocks[ClockName.ACCEPTANCE]
    assert (acceptance.allowance_ms, acceptance.fast_allowance_ms) == (8 * 3_600_000, 3_600_000)
    assert (acceptance.levels, acceptance.warn_fraction) == (2, 0.5)
    assert policy.activities["pricing_view"].buying_signal
    assert not policy.disqualify_reasons["student"].reopens
    assert policy.recycle_reasons["no_budget"].wait_ms == 180 * 86_400_000

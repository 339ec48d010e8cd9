"""Light records are frozen data classes to whoever looks at them, however they are made."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from lifecycle.light import as_record, light
from lifecycle.light import replace as light_replace


@light
@dataclass(frozen=True, slots=True)
class Light:
    """A light record."""

    name: str
    count: int = 0
    parts: Mapping[str, int] = field(default_factory=dict)


class Compiled:
    """Makes and compares itself, as the compiler's classes do."""

    __slots__ = ("count", "name", "parts")

    def __init__(self, name: str, count: int = 0, parts: Mapping[str, int] | None = None) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "parts", {} if parts is None else parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Compiled) and repr(self) == repr(other)

    def __hash__(self) -> int:
        raise AssertionError("the data class's own is asked")


as_record(
    Compiled,
    ("name", "str"),
    ("count", "int", 0),
    ("parts", "Mapping[str, int]", None, dict),
)


@pytest.mark.parametrize("kind", [Light, Compiled])
def test_it_is_made_with_its_defaults(kind: type[Light]) -> None:
    made = kind("a")

    assert (made.name, made.count, made.parts) == ("a", 0, {})
    assert kind("a").parts is not made.parts
    assert kind("a", 1, {"b": 2}) == kind(name="a", count=1, parts={"b": 2})


@pytest.mark.parametrize("kind", [Light, Compiled])
def test_it_cannot_be_changed_but_replaced(kind: type[Light]) -> None:
    made = kind("a")

    with pytest.raises(FrozenInstanceError):
        made.count = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.count

    assert replace(made, count=1) == kind("a", 1)
    assert made == kind("a")


@dataclass(frozen=True, slots=True)
class Single:
    """A record of one field."""

    name: str


@pytest.mark.parametrize("kind", [Light, Compiled])
def test_replacing_is_what_data_classes_do_of_a_record_but_faster(kind: type[Light]) -> None:
    made = kind("a", 1, {"b": 2})

    assert light_replace(made, name="c", parts={}) == replace(made, name="c", parts={})
    assert light_replace(made) == made
    assert light_replace(made).parts is made.parts
    assert light_replace(Single("a"), name="b") == Single("b")
    assert made == kind("a", 1, {"b": 2})


def test_what_a_record_has_not_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="Light has no field 'colour'"):
        light_replace(Light("a"), colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [Light, Compiled])
def test_it_says_what_it_is_made_of(kind: type[Light]) -> None:
    assert repr(kind("a")).endswith("(name='a', count=0, parts={})")
    assert [each.name for each in fields(kind)] == ["name", "count", "parts"]
    assert kind.__match_args__ == ("name", "count", "parts")


@pytest.mark.parametrize("kind", [Light, Compiled])
def test_its_hash_is_that_of_its_fields(kind: type[Light]) -> None:
    assert hash(kind("a", 1, ())) == hash(kind("a", 1, ()))  # type: ignore[arg-type]

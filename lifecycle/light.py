"""Frozen records that are cheap to make, for those that every signal makes.

In the compiled package (``deploy/compiled.py``) each record is a class of the compiler's instead,
and ``as_record`` makes a frozen data class of it, as far as Python can tell.

A frozen data class sets each of its fields through ``object.__setattr__``, which costs as much as
some whole decisions for a record of twenty fields. ``light`` lets the instance begin as one of an
open class with the same slots, where setting a field is setting a field, and become the frozen
class when it is whole. Nothing else about the record differs: it is as frozen, equal, ordered and
hashed as before, and a type checker sees the data class alone.
"""

from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

Record = TypeVar("Record")
Told = tuple[str, str] | tuple[str, str, object] | tuple[str, str, None, Callable[[], object]]
"""A field: name, type, and a default or what makes one."""

_WITH_FACTORY: Final = 4
_OF_A_RECORD: Final = (
    "__annotations__",
    "__dataclass_fields__",
    "__dataclass_params__",
    "__delattr__",
    "__hash__",
    "__match_args__",
    "__repr__",
    "__setattr__",
)


def light(record: type[Record]) -> type[Record]:
    """Return the frozen, slotted data class with a cheaper way to make one of it."""
    told = fields(record)  # type: ignore[arg-type]
    open_class = type(f"Open{record.__name__}", (), {"__slots__": tuple(f.name for f in told)})
    known: dict[str, Any] = {"OPEN": open_class, "FROZEN": record, "MISSING": MISSING}
    parameters, lines = ["cls"], ["self = OPEN()"]
    for each in told:
        name, value = each.name, each.name
        if each.default is not MISSING:
            known[f"DEFAULT_{name}"] = each.default
            parameters.append(f"{name}=DEFAULT_{name}")
        elif each.default_factory is not MISSING:
            known[f"MAKE_{name}"] = each.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"MAKE_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        lines.append(f"self.{name} = {value}")
    lines += ["self.__class__ = FROZEN", "return self"]
    source = f"def __new__({', '.join(parameters)}):\n    " + "\n    ".join(lines)
    exec(source, known)  # noqa: S102 - as data classes do: nothing but names of fields is in it
    del record.__init__
    record.__new__ = known["__new__"]  # type: ignore[method-assign]
    return record


def as_record(compiled: type, *told: Told) -> None:
    """Give a compiled class, which makes and compares itself, the rest of a frozen data class."""
    own = [
        each if len(each) < _WITH_FACTORY else (*each[:2], field(default_factory=each[3]))
        for each in told
    ]
    twin = make_dataclass(compiled.__name__, own, frozen=True)
    for name in _OF_A_RECORD:
        setattr(compiled, name, getattr(twin, name))


if TYPE_CHECKING:
    # So that a type checker checks what is replaced, as it does for data classes.
    from dataclasses import replace as replace  # noqa: PLC0414 - to be imported from here
else:

    def replace(record: Record, /, **changes: object) -> Record:
        """Return a copy of a record with some fields changed; TypeError for fields it has not.

        What ``dataclasses.replace`` does, in a fifth of the time: a record's fields are looked up
        once for all records of its class.
        """
        of = type(record)
        known = _FIELDS.get(of)
        if known is None:
            names = [each.name for each in fields(of)]
            get = attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, names[0]),)
            known = _FIELDS[of] = get, {name: place for place, name in enumerate(names)}
        get, places = known
        values = [*get(record)]
        for name, value in changes.items():
            if name not in places:
                raise TypeError(f"{of.__name__} has no field {name!r}")
            values[places[name]] = value
        return of(*values)


_FIELDS: Final[dict[type, tuple[Callable[[Any], tuple[Any, ...]], dict[str, int]]]] = {}
"""By class: what gets all fields, and the place of each."""

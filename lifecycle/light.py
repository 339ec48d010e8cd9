"""Frozen records that are cheap to make, for those that every signal makes.

A frozen data class sets each of its fields through ``object.__setattr__``, which costs as much as
some whole decisions for a record of twenty fields. ``light`` lets the instance begin as one of an
open class with the same slots, where setting a field is setting a field, and become the frozen
class when it is whole. Nothing else about the record differs: it is as frozen, equal, ordered and
hashed as before, and a type checker sees the data class alone.
"""

from dataclasses import MISSING, fields
from typing import Any, TypeVar

Record = TypeVar("Record")


def light(record: type[Record]) -> type[Record]:
    """Return the frozen, slotted data class with a cheaper way to make one of it."""
    told = fields(record)  # type: ignore[arg-type]
    open_class = type(f"Open{record.__name__}", (), {"__slots__": tuple(f.name for f in told)})
    known: dict[str, Any] = {"OPEN": open_class, "FROZEN": record, "MISSING": MISSING}
    parameters, lines = ["cls"], ["self = OPEN()"]
    for field in told:
        name, value = field.name, field.name
        if field.default is not MISSING:
            known[f"DEFAULT_{name}"] = field.default
            parameters.append(f"{name}=DEFAULT_{name}")
        elif field.default_factory is not MISSING:
            known[f"MAKE_{name}"] = field.default_factory
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

"""From pydantic's errors to sentences for the people who wrote the policy."""

import difflib
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.policy_document import PolicyDocument
from schemas.policy_text import Problem, join, shown

_RIGHT = {
    "dict_type": "a mapping, one `key: value` a line",
    "model_type": "a mapping, one `key: value` a line",
    "list_type": "a list",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "string_type": "text; put it in quotes if it looks like a number",
    "string_too_short": "must not be empty",
}
_NAMES = {
    r"^[a-z][a-z0-9_]{0,63}$": "small letters, digits and underscores, at most 64",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": (
        "letters, digits, dots, dashes and underscores, at most 64: an identifier, no address"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$": "letters, digits, spaces, dots and dashes, at most 64",
}


def problems_of(error: ValidationError, tree: dict[str, Any]) -> tuple[Problem, ...]:
    """Return one problem an error, in the order of the document's model."""
    return tuple(_problem(details, tree) for details in error.errors())


def _problem(details: ErrorDetails, tree: dict[str, Any]) -> Problem:
    loc = tuple(step for step in details["loc"] if step != "[key]")
    path = ""
    for step in loc:
        path = join(path, step)
    kind = details["type"]
    if kind == "extra_forbidden":
        return Problem(path, shown(details["input"]), _unknown(str(loc[-1]), loc[:-1], tree))
    if kind == "missing":
        return Problem(path, "missing", _described(loc))
    return Problem(path, shown(details["input"]), _right(details))


def _right(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if details["type"] == "value_error":
        return str(context["error"])
    if details["type"] == "string_pattern_mismatch":
        return _NAMES[context["pattern"]]
    if details["type"] in ("too_short", "too_long"):
        bound = "at least" if details["type"] == "too_short" else "at most"
        return f"{bound} {context.get('min_length', context.get('max_length'))} of them"
    return _RIGHT.get(details["type"]) or details["msg"].replace("Input should", "it should")


def _unknown(key: str, loc: tuple[str | int, ...], tree: dict[str, Any]) -> str:
    """Say which keys there are, the nearest first, leaving out those already given."""
    given: Any = tree
    for step in loc:
        given = given[step]
    model = _model_at(loc)
    names = [info.alias or name for name, info in model.model_fields.items()]
    near = difflib.get_close_matches(key, names, n=1)
    if near:
        return f"unknown key; did you mean `{near[0]}`?"
    free = [name for name in names if name not in given]
    return f"unknown key; there is room for {', '.join(free)}" if free else "unknown key; remove it"


def _described(loc: tuple[str | int, ...]) -> str:
    model = _model_at(loc[:-1])
    for name, info in model.model_fields.items():
        if loc[-1] in (name, info.alias) and info.description:
            return f"write it: {info.description[0].lower()}{info.description[1:]}"
    return "write it"


def _model_at(loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model of the section at a place."""
    annotation: Any = PolicyDocument
    for step in loc:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = next(
                info.annotation
                for name, info in annotation.model_fields.items()
                if step in (name, info.alias)
            )
        else:
            annotation = get_args(annotation)[-1]
    model: type[BaseModel] = annotation
    return model

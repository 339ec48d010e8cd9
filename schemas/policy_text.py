"""Reading a policy's text: YAML 1.2's plain values or JSON, with nothing guessed and nothing lost.

YAML as most libraries read it turns ``NO`` into false, ``09:30`` into 570 and a repeated key into
its last value. A definition that two teams sign must not be read that way: here words are words,
dates stay text, and a key given twice is an error. Aliases are refused because a few lines of
them unfold to gigabytes.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

TEXT_BYTES_MAX = 512 * 1024
"""It has to fit into one Kafka record with room to spare."""
DEPTH_MAX = 20
VALUE_SHOWN_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what is there, and what would be right."""

    path: str
    value: str
    right: str

    def __str__(self) -> str:
        """Return ``path: value: what would be right``."""
        return ": ".join(part for part in (self.path, self.value, self.right) if part)


class PolicyError(Exception):
    """A policy that cannot be used; one line a problem."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the message is their lines."""
        self.problems = problems
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> tuple[str, ...]:
        """One line a problem: ``path: value: what would be right``."""
        return tuple(str(problem) for problem in self.problems)


def shown(value: object) -> str:
    """Return a value as a person would write it, shortened."""
    if isinstance(value, str):
        text = value or "''"
    elif isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False, default=str)
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    else:
        text = str(value)
    if len(text) <= VALUE_SHOWN_CHARACTERS_MAX:
        return text
    return text[: VALUE_SHOWN_CHARACTERS_MAX - 1] + "…"


def read(text: str | bytes) -> dict[str, Any]:
    """Return the mapping that the text describes; PolicyError if it is none."""
    decoded = _decoded(text)
    parsed = _parsed(decoded)
    if not isinstance(parsed, dict):
        _refuse("", shown(parsed), "a policy is a mapping that begins with `name: ...`")
    _check_tree(parsed, "", 0)
    return parsed


def join(path: str, key: str | int) -> str:
    """Return the path one step further: ``a.b`` for keys, ``a[0]`` for positions."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _refuse(path: str, value: str, right: str) -> NoReturn:
    raise PolicyError((Problem(path, value, right),))


def _decoded(text: str | bytes) -> str:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > TEXT_BYTES_MAX:
        _refuse("", f"{size} bytes", f"a policy has at most {TEXT_BYTES_MAX} bytes")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse("", f"byte {error.start}", "a policy is UTF-8 text")


def _parsed(text: str) -> object:
    try:
        if text.lstrip().startswith("{"):
            try:
                return json.loads(
                    text, object_pairs_hook=_without_repeats, parse_constant=_no_constant
                )
            except ValueError:
                pass  # a flow mapping of YAML begins the same way
        # A subclass of SafeLoader: it builds nothing but plain values.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        _refuse(where, "", error.problem or "cannot be read as YAML")
    except yaml.YAMLError as error:
        _refuse("", "", f"cannot be read as YAML: {error}")
    except RecursionError:
        _refuse("", "", f"nested deeper than {DEPTH_MAX} levels")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        _refuse(repeated, "", "given twice in one mapping; keep one")
    return mapping


def _no_constant(name: str) -> NoReturn:
    _refuse("", name, "not a number that can be reckoned with; write a finite one")


def _check_tree(value: object, path: str, depth: int) -> None:
    """Refuse what no field can hold, before any field is looked at."""
    if depth > DEPTH_MAX:
        _refuse(path[:VALUE_SHOWN_CHARACTERS_MAX], "", f"nested deeper than {DEPTH_MAX} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_tree(item, join(path, key), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_tree(item, join(path, index), depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        _refuse(path, shown(value), "not a number that can be reckoned with; write a finite one")
    elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        _refuse(path, "half a character", "text has whole Unicode characters only")


class _Loader(yaml.SafeLoader):
    """YAML with the plain values of its version 1.2."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the library's own way to say it

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, "an alias (`*name`): write the value out instead", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - overrides
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key has to be one word", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"`{key.value}` is given twice in one mapping", key.start_mark
                )
            seen.add(key.value)
        # Keys are names, also where they look like numbers or truth values.
        return {key.value: self.construct_object(item, deep=deep) for key, item in node.value}


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(loader.construct_scalar(node))


def _construct_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(
        loader.construct_scalar(node).lower().replace(".inf", "inf").replace(".nan", "nan")
    )


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""]
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?\d{1,18}$", re.ASCII), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        re.ASCII,
    ),
    list("-+.0123456789"),
)
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)

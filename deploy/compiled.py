"""What each signal passes, compiled to machine code by mypyc: ``lifecycle`` and the way to it.

The Python stays the source of truth, and what everybody works with. Where speed matters, mypyc
turns the same modules into extension modules that stand beside them; Python then prefers those.
There are two ways to get them:

- ``python -m deploy.compiled FOLDER`` (``make compiled``) puts the packages, compiled where it
  counts, into a folder that comes first on PYTHONPATH.
- A wheel built with HATCH_BUILD_HOOK_ENABLE_CUSTOM=true holds them for the Python and the
  processor that it was built with. That is how the image is built.

mypyc leaves it to the interpreter to make a data class, which would cost more than most of what
compiling saves. So each one is spelled out first, in a copy that nobody has to read: its
``__init__`` and ``__eq__`` as the decorator would write them, in the class's own two blank lines,
so that line numbers in tracebacks stay right. ``lifecycle.light.as_record`` then gives the class
back what makes it a frozen data class to Python.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("lifecycle", "schemas", "events", "handlers")
"""Where the compiled modules are, and whom they import."""
INTERPRETED: Final = frozenset({"__init__.py", "light.py", "decay_table.py"})
"""Of the domain: its own file, what makes classes while the program runs, and a table."""
ON_THE_WAY: Final = (
    "schemas/lead_id.py",
    "schemas/times.py",
    "events/engaged.py",
    "events/codec.py",
    "events/partitioner.py",
    "events/plain.py",
    "events/facts.py",
    "events/state.py",
    "events/told.py",
    "handlers/cache.py",
    "handlers/folding.py",
    "handlers/inbox.py",
    "handlers/partition.py",
    "handlers/records.py",
    "handlers/store.py",
    "handlers/transaction.py",
    "handlers/batch.py",
)
"""What each signal passes besides the domain."""
COMPILE_SECONDS_MAX: Final = 900

_MAPPING: Final = re.compile(r"\bMapping\[")
_BLANK_LINES: Final = 2
_IMPORTS: Final = (
    "from mypy_extensions import mypyc_attr; from typing import Any, ClassVar; "
    "from lifecycle.light import as_record"
)


class CompileError(Exception):
    """The modules did not compile."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a data class, in the words of its source."""

    name: str
    type: str
    default: str | None = None
    factory: str | None = None

    @property
    def parameter(self) -> str:
        """The field as a parameter."""
        if self.factory is not None:
            return f"{self.name}: {f'{self.type} | None'!r} = None"
        return f"{self.name}: {self.type!r}" + (f" = {self.default}" if self.default else "")

    @property
    def value(self) -> str:
        """What the parameter sets the field to."""
        made = f"{self.factory}() if {self.name} is None else "
        return self.name if self.factory is None else made + self.name

    @property
    def told(self) -> str:
        """The field as ``as_record`` wants to be told it."""
        rest = self.default or ("None" if self.factory else "")
        words = (repr(self.name), repr(self.type), rest, self.factory or "")
        return f"({', '.join(word for word in words if word)})"


def compile_package(folder: Path) -> list[Path]:
    """Put the packages and their extension modules into an empty folder; return the latter.

    Raises CompileError with what the compiler said.
    """
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=shutil.ignore_patterns("__pycache__", "*.so"),
        )
    with tempfile.TemporaryDirectory(prefix="baton-compiled-") as place:
        scratch = Path(place)
        for package in PACKAGES:
            shutil.copytree(folder / package, scratch / package)
        names = modules()
        for path in (scratch / name for name in names):
            path.write_text(spelled_out(path.read_text(encoding="utf-8")), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, __file__, "--in-place", *names],
            cwd=scratch,
            env={**os.environ, "MYPY_CACHE_DIR": str(scratch / ".cache")},
            capture_output=True,
            text=True,
            timeout=COMPILE_SECONDS_MAX,
            check=False,
        )
        if done.returncode:
            raise CompileError(done.stdout + done.stderr)
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        made = sorted((*scratch.glob(f"*{suffix}"), *scratch.glob(f"*/*{suffix}")))
        return [Path(shutil.copy(path, folder / path.relative_to(scratch))) for path in made]


def modules() -> list[str]:
    """Return what is compiled: paths of modules, from the root on."""
    domain = (path for path in (ROOT / "lifecycle").glob("*.py") if path.name not in INTERPRETED)
    return sorted((*(str(path.relative_to(ROOT)) for path in domain), *ON_THE_WAY))


def spelled_out(source: str) -> str:
    """Return the source of a module with its data classes written out, line by line the same."""
    lines = source.split("\n")
    classes = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and any(map(_is_data_class, node.decorator_list))
    ]
    for node in classes:
        _spell_out(source, lines, node)
    # Each mapping of the domain is a dictionary: told so, the compiler need not ask each one.
    lines = [_MAPPING.sub("dict[", line) for line in lines]
    if not classes:
        return "\n".join(lines)
    lines += [
        f"as_record({node.name}, {', '.join(field.told for field in _fields(source, node))})"
        for node in classes
    ]
    first = next(number for number, line in enumerate(lines) if line.startswith("from "))
    lines[first] = f"{_IMPORTS}; {lines[first]}"
    return "\n".join([*lines, ""])


def _is_data_class(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "dataclass"


def _spell_out(source: str, lines: list[str], node: ast.ClassDef) -> None:
    """Replace the decorators, take the defaults from the fields, and add the two methods."""
    for decorator in node.decorator_list:
        lines[decorator.lineno - 1] = ""
    lines[node.decorator_list[0].lineno - 1] = "@mypyc_attr(acyclic=True)"
    for statement in _told_fields(node):
        if statement.value is not None:
            _cut(lines, statement.annotation, statement.value)
    fields = _fields(source, node)
    end = node.end_lineno or node.lineno
    if lines[end : end + _BLANK_LINES] not in ([""] * _BLANK_LINES, [""]):
        raise CompileError(f"line {end}: two blank lines have to follow {node.name}")
    parameters = ", ".join(["self", *(field.parameter for field in fields)])
    settings = "; ".join(f"self.{field.name} = {field.value}" for field in fields)
    equal = " and ".join(f"self.{field.name} == other.{field.name}" for field in fields)
    lines[end - 1] += "; __dataclass_fields__: 'ClassVar[dict[str, Any]]' = {}"
    answer = f"({equal}) if isinstance(other, {node.name}) else NotImplemented"
    lines[end : end + _BLANK_LINES] = [
        f"    def __init__({parameters}) -> None: {settings}",
        f"    def __eq__(self, other: object) -> bool: return {answer}",
    ]


def _told_fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """Return the statements that are fields; what belongs to the class is none."""
    return [
        statement
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and not ast.unparse(statement.annotation).startswith("ClassVar")
    ]


def _fields(source: str, node: ast.ClassDef) -> list[_Field]:
    found = []
    for statement in _told_fields(node):
        name, kind = ast.unparse(statement.target), ast.unparse(statement.annotation)
        value = statement.value
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
            found.append(_Field(name, kind, factory=ast.unparse(value.keywords[0].value)))
        else:
            default = None if value is None else ast.get_source_segment(source, value)
            found.append(_Field(name, kind, default))
    return found


def _cut(lines: list[str], after: ast.expr, last: ast.expr) -> None:
    """Take the default off a field."""
    if after.end_lineno != last.end_lineno:
        raise CompileError(f"line {last.lineno}: a field has to stand on one line")
    line = lines[last.lineno - 1].encode()
    kept = line[: after.end_col_offset] + line[last.end_col_offset or 0 :]
    lines[last.lineno - 1] = kept.decode()


def _compile_in_place(names: list[str]) -> None:
    """Compile these modules in the current folder, where they are spelled out."""
    from mypyc.build import mypycify  # noqa: PLC0415 - only who compiles needs a compiler
    from setuptools import setup  # noqa: PLC0415 - likewise

    made: Any = mypycify(
        ["--ignore-missing-imports", "--follow-imports=silent", *names],
        opt_level="3",
        debug_level="0",
        group_name="baton",
    )
    setup(name="baton", packages=[], ext_modules=made, script_args=["-q", "build_ext", "--inplace"])


class CompiledWheel(BuildHookInterface[Any]):
    """What hatchling asks before it makes a wheel, where this is enabled."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the extension modules to the wheel, and say for whom they are."""
        if version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="baton-wheel-"))
        for path in compile_package(self._folder):
            build_data["force_include"][str(path)] = str(path.relative_to(self._folder))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(
        self,
        version: str,
        build_data: dict[str, Any],  # noqa: ARG002 - as hatchling calls it
        artifact_path: str,  # noqa: ARG002 - likewise
    ) -> None:
        """Remove what the wheel now holds."""
        if version != "editable":
            shutil.rmtree(self._folder)


if __name__ == "__main__":
    if sys.argv[1] == "--in-place":
        _compile_in_place(sys.argv[2:])
    else:
        [_, into] = sys.argv
        shutil.rmtree(into, ignore_errors=True)
        sys.stdout.writelines(f"{path}\n" for path in compile_package(Path(into)))

"""The policy's way from text into the domain: read, check, name by its meaning, compare.

``load_policy`` is what runs on what the log carries; ``canonical`` is what goes into the log.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from pydantic import ValidationError

from lifecycle.policy import Policy
from schemas.policy_checks import check
from schemas.policy_document import PolicyDocument
from schemas.policy_problems import problems_of
from schemas.policy_text import PolicyError, Problem, join, read, shown

__all__ = [
    "PolicyDocument",
    "PolicyError",
    "Problem",
    "canonical",
    "differences",
    "digest",
    "load_document",
    "load_policy",
    "shipped",
    "shipped_text",
]

DIGEST_CHARACTERS = 16


def load_document(text: str | bytes) -> PolicyDocument:
    """Read and check a policy in YAML or JSON; PolicyError names everything that is wrong."""
    tree = read(text)
    try:
        document = PolicyDocument.model_validate(tree)
    except ValidationError as error:
        raise PolicyError(problems_of(error, tree)) from None
    if problems := tuple(check(document)):
        raise PolicyError(problems)
    return document


def load_policy(text: str | bytes) -> Policy:
    """Read and check a policy in YAML or JSON, and build what the domain decides by."""
    document = load_document(text)
    return document.to_policy(digest(document))


def canonical(source: str | bytes | PolicyDocument) -> bytes:
    """Return the meaning as canonical JSON: equal definitions give equal bytes.

    It is itself a policy that ``load_policy`` reads, and the value in ``lead.policies``.
    """
    document = source if isinstance(source, PolicyDocument) else load_document(source)
    tree = _ordered(document.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    return json.dumps(
        tree, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    ).encode()


def digest(source: str | bytes | PolicyDocument) -> str:
    """Return the version of a definition: a digest of its meaning, the key in ``lead.policies``."""
    return hashlib.sha256(canonical(source)).hexdigest()[:DIGEST_CHARACTERS]


@cache
def shipped_text() -> str:
    """Return the shipped policy as it stands in the file, comments included."""
    return resources.files("schemas").joinpath("policy.yaml").read_text(encoding="utf-8")


@cache
def shipped() -> Policy:
    """Return the shipped policy."""
    return load_policy(shipped_text())


def differences(old: str | bytes | PolicyDocument, new: str | bytes | PolicyDocument) -> list[str]:
    """Return what changes from one definition to another, one line a place, by path."""
    before = dict(_leaves(json.loads(canonical(old)), ""))
    after = dict(_leaves(json.loads(canonical(new)), ""))
    return [
        f"{path}: {_difference(before, after, path)}"
        for path in sorted(before.keys() | after.keys())
        if path not in before or path not in after or before[path] != after[path]
    ]


def _difference(before: dict[str, object], after: dict[str, object], path: str) -> str:
    if path not in after:
        return f"{shown(before[path])} → (gone)"
    if path not in before:
        return f"(new) → {shown(after[path])}"
    was, is_ = before[path], after[path]
    if not isinstance(was, list) or not isinstance(is_, list):
        return f"{shown(was)} → {shown(is_)}"
    told = [
        f"{word} {', '.join(map(str, items))}"
        for word, items in (
            ("adds", [item for item in is_ if item not in was]),
            ("removes", [item for item in was if item not in is_]),
        )
        if items
    ]
    return "; ".join(told)


def _ordered(tree: dict[str, Any]) -> dict[str, Any]:
    """Sort the lists whose order has no meaning."""
    for hours in (*tree["teams"].values(), *tree.get("reps", {}).values()):
        if "holidays" in hours:
            hours["holidays"] = sorted(set(hours["holidays"]))
    tree["codes"] = {name: sorted(set(codes)) for name, codes in tree["codes"].items()}
    return tree


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield path and value of everything that stands in the tree; lists of words as a whole."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, join(path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, join(path, index))
    else:
        yield path, value

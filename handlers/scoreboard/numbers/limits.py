"""The agreed limits that numbers are judged by.

A handover is judged by its own definition, a page's totals by the newest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, literal, select

from handlers.scoreboard.tables import DECIDED, POLICIES
from lifecycle.policy import Policy
from schemas.policy import load_policy, shipped

_KEPT_MAX: Final = 64
"""Definitions kept ready; the two teams agree on a new one now and then."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """All definitions that facts name, and the newest of them."""

    newest: Policy
    by_version: Mapping[str, Policy]

    def limit(
        self, version: ColumnElement[str | None], of: Callable[[Policy], int]
    ) -> ColumnElement[int]:
        """Return, in SQL, what each row's own definition says.

        Where a definition is nowhere to be found, the newest one speaks.
        """
        other = of(self.newest)
        differ = {
            name: limit
            for name, policy in self.by_version.items()
            if (limit := of(policy)) != other
        }
        if not differ:
            return literal(other)
        return case(*((version == name, limit) for name, limit in differ.items()), else_=other)


def definitions(connection: Connection) -> Definitions:
    """Read the definitions; before the first fact the shipped one stands in for the newest."""
    by_version = {
        version: _load(version, bytes(body))
        for version, body in connection.execute(select(POLICIES.c.version, POLICIES.c.body))
    }
    named = select(DECIDED.c.version).order_by(DECIDED.c.last_at, DECIDED.c.version)
    newest = shipped()
    for version in connection.execute(named).scalars():
        newest = by_version.get(version, newest)
    return Definitions(newest, by_version)


@lru_cache(_KEPT_MAX)
def _load(_version: str, body: bytes) -> Policy:
    return load_policy(body)

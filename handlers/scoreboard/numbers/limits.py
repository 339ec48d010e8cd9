"""The limits that figures are judged by: those of the definition that the facts name."""

from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, select

from handlers.scoreboard.tables import LEADS, POLICIES
from lifecycle.policy import Policy
from schemas.policy import load_policy

_KEPT: Final = 64
"""Definitions that stay read: two teams agree on a new one a few times a year."""


def newest_policy(connection: Connection) -> Policy | None:
    """Return the definition that decided last, which totals are judged by.

    None: there is no fact yet, or the topic of definitions has not told of it.
    """
    version = connection.scalar(
        select(LEADS.c.policy).order_by(LEADS.c.last_at.desc(), LEADS.c.lead_id).limit(1)
    )
    return None if version is None else policy_of(connection, version)


def policy_of(connection: Connection, version: str) -> Policy | None:
    """Return the definition of a version, or None where the tables do not have it."""
    body = connection.scalar(select(POLICIES.c.body).where(POLICIES.c.version == version))
    return None if body is None else _read(body)


@lru_cache(_KEPT)
def _read(body: bytes) -> Policy:
    return load_policy(body)

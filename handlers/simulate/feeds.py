"""What systems tell of it: a moment later, now and then much later, twice, or broken.

A feed's records are handed out in the order in which they reach the log. The happening's time is
what the message says; the record's timestamp is when it arrived.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from events.codec import Headers, encode_signal
from handlers.simulate.broken import broken
from handlers.simulate.happening import CRM, EMAIL, ENRICHMENT, EVENTS, FORMS, WEB, Happening
from handlers.simulate.rhythm import HOUR_MS, MINUTE_MS

_DELAY_MS: Final = {
    WEB: (150, 3_000),
    FORMS: (300, 4_000),
    EMAIL: (5_000, 60_000),
    ENRICHMENT: (500, 5_000),
    EVENTS: (2_000, 30_000),
    CRM: (800, 20_000),
}
_LATE_SHARE: Final = {WEB: 0.012, EMAIL: 0.02, EVENTS: 0.5, CRM: 0.02}
"""Phones without a network, mail providers' batches, the fair's badge scans, a CRM's bad hour."""
_LATE_MS: Final = (10 * MINUTE_MS, 30 * HOUR_MS)
_CRM_LATE_MS: Final = (10 * MINUTE_MS, 4 * HOUR_MS)
_TWICE_SHARE: Final = 0.008
_TWICE_MS: Final = (300, 2 * HOUR_MS)
_BROKEN_SHARE: Final = 0.003


@dataclass(frozen=True, slots=True)
class Record:
    """One record for ``lead.signals``."""

    at: int
    """Its timestamp: ms."""
    key: bytes
    value: bytes | None
    headers: Headers


class Feeds:
    """All systems' feeds, as one stream in the order of arrival."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._waiting: list[tuple[int, str, str, int, int, Record]] = []

    def tell(self, happening: Happening) -> None:
        """Have the happening's system tell of it: its records wait until they arrive."""
        chance = Random(
            f"{self._seed}:feed:{happening.system}:{happening.lead_id}:{happening.number}"
        )
        arrives_at = happening.at + _delay_ms(chance, happening.system)
        key, value, headers = encode_signal(
            happening.type,
            happening.lead_id,
            happening.data,
            id=f"{happening.system[1:]}-{happening.lead_id}-{happening.number}",
            source=happening.system,
            time=happening.at,
        )
        if chance.random() < _BROKEN_SHARE:
            # The system sends it again, whole: what was refused is not lost to the story.
            wrong_key, wrong_value = broken(chance, key, value, arrives_at)
            self._put(happening, 0, Record(arrives_at, wrong_key, wrong_value, headers))
            arrives_at += chance.randrange(1_000, 10 * MINUTE_MS)
        self._put(happening, 1, Record(arrives_at, key, value, headers))
        if chance.random() < _TWICE_SHARE:
            again_at = arrives_at + chance.randrange(*_TWICE_MS)
            self._put(happening, 2, Record(again_at, key, value, headers))

    def until(self, at: int) -> Iterator[Record]:
        """Hand out what arrives before ``at``, in order, once."""
        while self._waiting and self._waiting[0][0] < at:
            yield heapq.heappop(self._waiting)[-1]

    def _put(self, happening: Happening, copy: int, record: Record) -> None:
        # Everything before the record is unique, so records themselves are never compared.
        place = (record.at, happening.lead_id, happening.system, happening.number, copy, record)
        heapq.heappush(self._waiting, place)


def _delay_ms(chance: Random, system: str) -> int:
    delay_ms = chance.randrange(*_DELAY_MS[system])
    if chance.random() < _LATE_SHARE.get(system, 0.0):
        delay_ms += chance.randrange(*(_CRM_LATE_MS if system == CRM else _LATE_MS))
    return delay_ms

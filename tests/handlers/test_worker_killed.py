"""I1 and I3: whatever is killed when, readers see the same bytes as of an undisturbed run."""

import random
import signal
from pathlib import Path

from deploy.kafka import Kafka
from events.topics import Topics
from events.wall_clock import now_ms
from tests.handlers.feed import play
from tests.handlers.shop import DAY, Out, Shop, eventually

STATIC = {"group.instance.id": "w1"}
"""A static member comes back at once; another would wait out its dead self's session."""


def test_killed_at_random_moments_it_writes_what_it_would_have_written_undisturbed(
    kafka: Kafka, topics: Topics, tmp_path: Path
) -> None:
    start = now_ms() - 2 * DAY  # Young enough for the local store to be believed.
    calm = Shop(kafka, Topics(f"{topics.prefix}calm."), tmp_path / "calm")
    rough = Shop(kafka, Topics(f"{topics.prefix}rough."), tmp_path / "rough")
    for shop in (calm, rough):
        shop.adopt(at=start)
        play(shop, seed=7, leads=60, days=2, signals_a_day=3000, start=start)
    chance = random.Random(11)

    with calm.worker():
        calm.wait()
    moments = sorted(chance.randrange(rough.sent) for _ in range(10))
    for kills, moment in enumerate(moments):
        size = chance.choice((5, 20, 50))
        with rough.process(kafka=STATIC, batch_messages_max=size, tick_leads_max=7):
            _until(rough, moment)
        if kills == 5:
            # Once with nothing left of the local store.
            (tmp_path / "rough" / "state").rename(tmp_path / "gone")
    with rough.process(kafka=STATIC, batch_messages_max=333) as process:
        rough.wait()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    expected, found = calm.outputs(), rough.outputs()
    assert len(expected["lifecycle"]) > 1000
    for name, outs in expected.items():
        assert _comparable(found[name], rough) == _comparable(outs, calm), name


def _until(shop: Shop, moment: int) -> None:
    """Wait until so much is taken, and something since now."""
    before = sum(shop.taken().values())
    eventually(
        lambda: sum(shop.taken().values()) > max(moment, before) or before >= shop.sent,
        "it does not get on",
    )


def _comparable(outs: list[Out], shop: Shop) -> list[str]:
    """Name of the topics and offsets apart: those of the input are each shop's own."""
    apart = {"baton-origin-offset"}
    return [
        repr(out._replace(headers=tuple(h for h in out.headers if h[0] not in apart))).replace(
            shop.topics.prefix, ""
        )
        for out in outs
    ]

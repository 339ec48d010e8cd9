"""What a fold leaves behind: nothing that only a search for cycles would free."""

import gc

from handlers.records import Record
from tests.handlers.bench import Bench
from tests.handlers.shop import MINUTE, START


def test_a_refused_record_does_not_keep_its_batch_in_memory() -> None:
    bench = Bench()
    bench.engaged("lead-1", "page_view", START)
    bench.record(b"{broken", b"lead-1", timestamp=START + MINUTE)
    bench.engaged("lead-1", "demo_request", START + 2 * MINUTE)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        bench.fold()
        gc.collect()
        kept = [one for one in gc.garbage if isinstance(one, Record)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()

    assert not kept

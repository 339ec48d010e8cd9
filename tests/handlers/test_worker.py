"""What one worker does in a broker: definitions, ticks, limits, health, and how it ends."""

from dataclasses import replace
from pathlib import Path

import pytest

from events.clients import producer_config
from events.codec import encode_policy_adopted
from events.embedded import EmbeddedBroker
from events.topics import Topics
from events.wall_clock import now_ms
from handlers.adoption import AdoptionError, adopt, definition, history
from handlers.exits import Exit
from handlers.worker import DOMAIN, Worker
from schemas.policy import canonical, shipped_text
from tests.handlers.shop import DAY, HOUR, START, Shop, eventually


def test_a_definition_is_waited_for_and_holds_for_what_lies_before_it(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.engaged("L1", "demo_request", START)
    with shop.worker() as running:
        eventually(lambda: "baton policy adopt" in caplog.text, "it does not say what to run")
        assert not running.worker.ready()[0]
        assert running.page("/health/ready")[0] == 503

        version = shop.adopt()
        running.ready()
        shop.wait()

        assert running.page("/health/ready") == (200, "ready\n")
        assert running.page("/health/live")[0] == 200
        assert running.page("/nowhere")[0] == 404
        assert (
            'baton_signals_total{outcome="applied",type="engaged"} 1.0'
            in running.page("/metrics")[1]
        )
    assert {fact["data"]["policy"] for fact in shop.facts()} == {version}


def test_an_adoption_mid_way_waits_for_its_definition_and_no_other_is_used(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    other = shipped_text().replace("name: shipped", "name: other")
    shop.adopt()
    with shop.worker() as running:
        running.ready()
        key, value, headers = encode_policy_adopted(
            digest="0123456789abcdef",
            for_marketing="Mara",
            for_sales="Sam",
            reason="a definition that is nowhere",
            partition_count=2,
            ticks="external",
            id="a1",
            source="/test",
            time=START,
        )
        for partition in (0, 1):
            shop.raw(key, value, headers, partition=partition)
        eventually(lambda: "waiting for the definition 0123" in caplog.text, "it does not wait")
        shop.engaged("L1", "page_view", START)
        shop.adopt(other)
        assert shop.facts() == []


def test_the_owner_ticks_when_a_clock_is_due_and_not_more_often_than_it_may(shop: Shop) -> None:
    shop.adopt(ticks="owner", at=now_ms() - 3 * DAY)
    shop.engaged("L1", "webinar_attended", now_ms() - 2 * DAY)
    shop.engaged("L1", "ebook_download", now_ms() - 2 * DAY)
    with shop.worker() as running:
        eventually(
            lambda: running.metric("baton_ticks_total", act="taken") == 1, "nobody tells the time"
        )
        shop.engaged("L2", "page_view", now_ms())
        shop.wait()
        assert running.metric("baton_ticks_total", act="appended") == 1


def test_where_others_tell_the_time_the_owner_does_not(shop: Shop) -> None:
    shop.adopt(ticks="external")
    shop.engaged("L1", "demo_request", START)
    with shop.worker(tick_interval_seconds=0.01) as running:
        shop.wait()
        shop.engaged("L2", "demo_request", START)
        shop.wait()
        assert running.metric("baton_ticks_total", act="appended") == 0
        shop.tick(START + 2 * DAY)
        shop.wait()
        assert running.metric("baton_ticks_total", act="taken") == 2

    assert shop.facts("clock_breached")


def test_mostly_refusals_stop_it_and_nothing_of_that_batch_is_committed(shop: Shop) -> None:
    shop.adopt()
    for number in range(30):
        shop.raw(b"L1", b"{", timestamp=START + number)
    with shop.worker(refusal_rate_min_messages=20) as running:
        assert running.ended() is Exit.REFUSAL_RATE
    with shop.worker(refusal_rate_min_messages=20) as running:
        assert running.ended() is Exit.REFUSAL_RATE

    assert shop.taken().get(0, -1) <= 1


def test_a_defect_that_fails_everything_stops_it(shop: Shop) -> None:
    def defective(*_: object) -> None:
        raise ValueError("a defect")

    shop.adopt()
    for number in range(5):
        shop.engaged(f"L{number}", "page_view", START)
    rules = replace(DOMAIN, decide=defective)  # type: ignore[arg-type]  # it never returns
    with shop.worker(failed_max=1, rules=rules) as running:
        assert running.ended() is Exit.FAILED_RATE


@pytest.mark.parametrize("fault", ["", "sent:1:kill"])
def test_a_worker_that_disturbs_itself_says_so_loudly(
    embedded: EmbeddedBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    shop = Shop(embedded, Topics("there."), tmp_path)
    with shop.worker(topics_prefix="elsewhere.", fault=fault) as running:
        running.ended()

    loud = [one.getMessage() for one in caplog.records if one.levelname == "CRITICAL"]
    assert [line.partition(":")[0] for line in loud] == (["BATON_FAULT=sent"] if fault else [])


def test_it_does_not_start_without_its_topics(
    embedded: EmbeddedBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(embedded, Topics("there."), tmp_path)
    with shop.worker(topics_prefix="elsewhere.") as running:
        assert running.ended() is Exit.ERROR

    assert "baton topics create" in caplog.text


def test_it_does_not_work_on_another_partition_count_than_the_adopted(shop: Shop) -> None:
    version = shop.adopt()
    key, value, headers = encode_policy_adopted(
        digest=version,
        for_marketing="Mara",
        for_sales="Sam",
        reason="for another topic",
        partition_count=5,
        ticks="external",
        id="a1",
        source="/test",
        time=START,
    )
    shop.raw(key, value, headers, partition=1)
    with shop.worker() as running:
        assert running.ended() is Exit.PARTITION_COUNT


def test_a_tick_with_more_leads_than_a_batch_may_fire_is_worked_through(shop: Shop) -> None:
    shop.adopt()
    leads = shop.leads_at(0, 25)
    for lead in leads:
        shop.engaged(lead, "demo_request", START)
    shop.tick(START + 2 * HOUR, partition=0)
    shop.engaged(leads[0], "page_view", START + 2 * HOUR)
    with shop.worker(tick_leads_max=4) as running:
        shop.wait()
        running.ready()

    warned = [fact["subject"] for fact in shop.facts("clock_warned")]
    assert warned[:25] == sorted(leads)


def test_who_adopted_what_is_in_the_log(shop: Shop) -> None:
    first = shop.adopt(at=START)
    second = shop.adopt(
        shipped_text().replace("page_view:          {points: 1,", "page_view: {points: 2,"),
        at=START + DAY,
    )

    told = history(shop.properties, shop.topics)

    assert [(each.digest, each.at) for each in told] == [(first, START), (second, START + DAY)]
    assert told[0].for_marketing == "Mara"
    assert definition(shop.properties, shop.topics, first) == canonical(shipped_text())
    assert definition(shop.properties, shop.topics, "f" * 16) is None


def test_nothing_is_adopted_where_there_are_no_topics(embedded: EmbeddedBroker) -> None:
    with pytest.raises(AdoptionError, match="baton topics create"):
        adopt(embedded.client_properties, Topics("nowhere."), shipped_text(), "M", "S", "r")


def test_a_client_property_that_breaks_a_promise_is_told(shop: Shop) -> None:
    settings = shop.settings(kafka={"enable.auto.commit": "true"})
    with shop.worker(kafka={"enable.auto.commit": "true"}) as running:
        assert running.ended() is Exit.ERROR
    assert Worker(settings).ready() == (False, "starting")
    assert producer_config(shop.properties)

"""Fault 9: another C library's arithmetic, another time zone database, another place and locale."""

import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from deploy.kafka import Kafka
from events.topics import Topics
from handlers.recording import Recording, record, replay
from tests.e2e.harness import site_of
from tests.e2e.reference import define
from tests.faults.lives import Crew, assert_undisturbed, await_story, filled, static
from tests.faults.tried import tried

LESS = "glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4,-AVX512F,-FMA_Usable,-AVX2_Usable"
"""The C library's functions without fused multiplication, as on an older processor."""
ARITHMETIC = """
import math, random
chance = random.Random(1)
print(hash(tuple(math.exp(chance.uniform(-30, 30)) + math.pow(chance.random(), 0.37)
                 + math.log(chance.random()) + math.sin(chance.random()) for _ in range(200_000))))
"""
NEW_YEAR = """
from datetime import datetime
from zoneinfo import ZoneInfo
print(datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).utcoffset())
"""


@tried("another machine")
def test_a_recording_gives_the_same_bytes_on_a_machine_that_computes_and_tells_time_otherwise(
    kafka: Kafka, topics: Topics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = filled(kafka, topics)
    again = site_of(kafka, Topics(topics.prefix + "again."))
    recording = tmp_path / "signals.jsonl.gz"
    record(live.properties, live.topics.signals, recording, lambda _: None)
    define(again)
    replay(again.properties, again.topics.signals, Recording(recording), lambda _: None)
    here = said(ARITHMETIC), said(NEW_YEAR)

    monkeypatch.setenv("GLIBC_TUNABLES", LESS)
    for name in ("PYTHONTZPATH", "TZDIR"):
        monkeypatch.setenv(name, str(zones_all_alike(tmp_path / "zones")))
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.setenv("PYTHONHASHSEED", "12345")
    there = said(ARITHMETIC), said(NEW_YEAR)
    with Crew(again, tmp_path, batch_messages_max=311, tick_leads_max=40) as crew:
        crew.start("w1", static("w1"))
        await_story(again, crew.workers)

    assert_undisturbed(again)
    assert there[1] != here[1], "this machine's time zones are not other ones"
    if there[0] == here[0]:
        pytest.skip("the bytes are the same; this C library computes alike without FMA")


def zones_all_alike(folder: Path) -> Path:
    """A time zone database in which every zone is Greenwich's."""
    with as_file(files("tzdata") / "zoneinfo") as pinned:
        for zone in pinned.rglob("*"):
            if zone.is_file() and zone.read_bytes().startswith(b"TZif"):
                copy = folder / zone.relative_to(pinned)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(pinned / "UTC", copy)
    return folder


def said(program: str) -> str:
    """What a program says on this machine, as it is now."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

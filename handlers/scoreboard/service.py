"""The scoreboard as a process, or as a thread of one: what it needs, in which order, until when.

Whatever cannot be mended here ends the scoreboard with a sentence, before anything that is not
written was acknowledged: started again it goes on where the database stands.
"""

import asyncio
import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.access import ANSWER_SECONDS, NoAccessError, is_not_allowed
from events.clients import ClientConfigError, reason_of
from events.topics import Topics, TopicsError, partition_count
from events.wall_clock import WallClock, now_ms
from handlers.cluster import Cluster
from handlers.exits import Exit, Stop
from handlers.scoreboard import database
from handlers.scoreboard.broker import broker_of
from handlers.scoreboard.database import DatabaseError, told_of
from handlers.scoreboard.life import Install, Life, Surroundings
from handlers.scoreboard.metrics import BoardMetrics
from handlers.scoreboard.standing import REBUILD_ASKED, Standing, standing
from handlers.scoreboard.writer import Writer
from handlers.settings import Settings

log: Final = logging.getLogger("baton.scoreboard")

ASK_SECONDS: Final = 0.5
_CHATTY: Final = {
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "handlers.scoreboard": logging.WARNING,
    # While no broker is there it tells of each try, many a second; that is told once, by us.
    "aiokafka": logging.CRITICAL,
}


def install_pages(*given: Any) -> None:  # noqa: ANN401 - see Install
    """Put the scoreboard's pages onto its server; what they need is loaded with the first."""
    from handlers.scoreboard.web import install  # noqa: PLC0415

    install(*given)


class Scoreboard:
    """One scoreboard. ``run`` returns the exit code; it may run in any thread."""

    def __init__(
        self, settings: Settings, *, clock: WallClock = now_ms, install: Install = install_pages
    ) -> None:
        self._settings = settings
        self._install = install
        self._topic = Topics(settings.topics_prefix).lifecycle
        self._clock = clock
        self.metrics = BoardMetrics()
        self.serving = threading.Event()
        """Set once the page is served, and at the end."""
        self.address: str | None = None
        """Where the page is served: ``http://127.0.0.1:9110``; None before and after."""

    def run(self, stop: threading.Event, *, until_full: bool = False, fresh: bool = False) -> Exit:
        """Read and serve until ``stop`` is set, or it cannot go on; the reason is logged.

        ``until_full`` ends it when all there is was read; ``fresh`` empties the tables first.
        """
        try:
            self._run(stop, until_full=until_full, fresh=fresh)
        except Stop as end:
            log.error("%s.", str(end).rstrip("."))  # noqa: TRY400 - the sentence says it all
            return end.code
        except (ClientConfigError, NoAccessError, TopicsError, KafkaException) as error:
            log.error("%s.", reason_of(error).rstrip("."))  # noqa: TRY400 - likewise
            return Exit.ERROR
        except DatabaseError as error:
            log.error("%s.", error)  # noqa: TRY400 - likewise
            return Exit.DATABASE
        except Exception:
            log.exception("the scoreboard cannot go on")
            return Exit.ERROR
        finally:
            self.address = None
            self.serving.set()
        log.info("stopped")
        return Exit.OK

    def _run(self, stop: threading.Event, *, until_full: bool, fresh: bool) -> None:
        settings = self._settings
        _refuse_an_open_door(settings)
        quiet_libraries()
        broker = broker_of(settings.kafka)
        if broker.left_out:
            log.info("client properties that this client lacks", extra={"names": broker.left_out})
        partitions = partition_count(settings.kafka, self._topic)
        if partitions == 0:
            raise Stop(Exit.ERROR, f"there is no topic {self._topic}: run `baton topics create`")
        cluster = Cluster(settings.kafka, Topics(settings.topics_prefix))
        _ask_for_group(cluster.admin, settings.scoreboard_group)
        log_id = f"{cluster.id}/{cluster.topic_id(self._topic)}"
        writer = Writer(settings.scoreboard_database_url, self._topic, self._clock)
        writer.open(settings.scoreboard_lock_seconds, stop.is_set)
        around = Surroundings(
            settings=settings,
            broker=broker,
            partitions=partitions,
            writer=writer,
            readers=database.reading(database.place_of(settings.scoreboard_database_url)),
            metrics=self.metrics,
            install=self._install,
            serves=self._serves,
        )
        try:
            while not stop.is_set():
                if fresh:
                    log.warning("the tables are emptied, to be filled again")
                    writer.empty()
                writer.belong_to(log_id)
                with asyncio.Runner() as runner:
                    fresh = runner.run(_live(around, stop, until_full=until_full))
                if not fresh:
                    break
        finally:
            around.readers.dispose()
            writer.close()

    def _serves(self, address: str) -> None:
        self.address = address
        self.serving.set()
        log.info("the page is served", extra={"address": address})


async def _live(around: Surroundings, stop: threading.Event, *, until_full: bool) -> bool:
    """Live once, in the loop that runs."""
    return await Life(around).live(stop, until_full=until_full)


def rebuild_by_other(
    settings: Settings, stop: threading.Event, told: Callable[[Standing], None]
) -> Exit | None:
    """Ask the scoreboard that runs to make the tables again, and wait until it has.

    None: none runs, so whoever asks has to do it. Raises Stop, DatabaseError.
    """
    topic = Topics(settings.topics_prefix).lifecycle
    place = database.place_of(settings.scoreboard_database_url)
    engine = database.writing(place)
    try:
        with told_of(), engine.connect() as connection:
            lock = database.Lock(place, connection)
            try:
                if lock.is_free():
                    return None
            finally:
                lock.close()
            with connection.begin():
                database.put(connection, REBUILD_ASKED, "1")
            while not stop.is_set():
                with connection.begin():
                    stands = standing(connection, topic)
                told(stands)
                if stands.is_full and not stands.rebuild_asked:
                    return Exit.OK
                time.sleep(ASK_SECONDS)
    finally:
        engine.dispose()
    return Exit.ERROR


def quiet_libraries() -> None:
    """Let Faust and what it stands on speak of what is wrong, not of each step they take."""
    level = logging.getLogger().getEffectiveLevel()
    if level > logging.DEBUG:
        for name, least in _CHATTY.items():
            logging.getLogger(name).setLevel(max(level, least))


def _ask_for_group(admin: AdminClient, group: str) -> None:
    """Raise Stop where this user may not be in the group: Faust's client would wait for ever."""
    asked = admin.describe_consumer_groups([group], request_timeout=ANSWER_SECONDS)[group]
    try:
        asked.result(timeout=2 * ANSWER_SECONDS)
    except KafkaException as error:
        # Any other answer is that of a group that there is not yet.
        if is_not_allowed(error.args[0]):
            raise Stop(
                Exit.ERROR,
                f"this user may not be in the consumer group {group}: `baton acls scoreboard` "
                "says what it has to be allowed",
            ) from error


def _refuse_an_open_door(settings: Settings) -> None:
    """Raise Stop where anybody on a network would see the page."""
    host = settings.scoreboard_host
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    if is_here or settings.scoreboard_token.get_secret_value() or settings.scoreboard_proxy_header:
        return
    raise Stop(
        Exit.USAGE,
        f"BATON_SCOREBOARD_HOST={host} would show the page to whoever reaches it: set a "
        "BATON_SCOREBOARD_TOKEN, or the BATON_SCOREBOARD_PROXY_HEADER of a proxy that asks who "
        "comes",
    )

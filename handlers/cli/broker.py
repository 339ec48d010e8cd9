"""``baton broker``: a broker for a laptop."""

import signal
import threading
from typing import Annotated

import typer

from events.embedded import KEEPS_NOTHING, EmbeddedBroker, EmbeddedBrokerError
from handlers.cli import terminal
from handlers.settings import KAFKA_PREFIX

PORT_DEFAULT = 9092


def broker(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0: any free one.")
    ] = PORT_DEFAULT,
) -> None:
    """Run the embedded broker until Ctrl-C. It keeps nothing: for trying things out.

    It prints the environment that the other commands need to find it. Needs the extra 'embedded'.

    For example:

      baton broker

      baton broker --port 0
    """
    terminal.settings()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with EmbeddedBroker(port or None) as running:
            _tell(running.client_properties)
            stop.wait()
    except EmbeddedBrokerError as error:
        raise terminal.CommandError(
            terminal.sentence(str(error)),
            f"Take another port with --port, or a real Kafka with {KAFKA_PREFIX}BOOTSTRAP_SERVERS.",
        ) from error


def _tell(properties: dict[str, str]) -> None:
    for name, value in sorted(properties.items()):
        terminal.line(f"export {KAFKA_PREFIX}{name.upper().replace('.', '_')}={value}")
    terminal.say(KEEPS_NOTHING)

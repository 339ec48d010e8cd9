"""``baton broker``: a broker for a laptop."""

from typing import Annotated

import typer

from events.embedded import EmbeddedBroker, EmbeddedBrokerError
from handlers.cli import terminal
from handlers.ending import stop_on_signals
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
    stop = stop_on_signals()
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

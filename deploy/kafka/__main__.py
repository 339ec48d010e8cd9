"""``python -m deploy.kafka up|down``: a Kafka node on this machine, for as long as it is wanted."""

import argparse
import sys
from pathlib import Path

from deploy.kafka.broker import KafkaError
from deploy.kafka.jars import JarsError
from deploy.kafka.standing import FOLDER, down, up


def main() -> int:
    """Do what the command line says; 0 when done, 1 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    starting = actions.add_parser("up", help="start Apache Kafka and leave it running")
    starting.add_argument("--port", type=int, default=None, help="default: any free one")
    stopping = actions.add_parser("down", help="stop it and remove its data")
    for action in (starting, stopping):
        action.add_argument("--folder", type=Path, default=FOLDER, help="its data (%(default)s)")
    chosen = parser.parse_args()
    try:
        if chosen.action == "up":
            print(
                f"export BATON_KAFKA__BOOTSTRAP_SERVERS={up(chosen.folder.absolute(), chosen.port)}"
            )
        else:
            print("stopped" if down(chosen.folder.absolute()) else "was not running")
    except (JarsError, KafkaError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

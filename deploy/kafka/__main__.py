"""``python -m deploy.kafka up|down``: Kafka on this machine, for as long as it is wanted."""

import argparse
import sys
from pathlib import Path

from deploy.kafka.jars import JarsError
from deploy.kafka.node import BROKERS_MAX, KafkaError
from deploy.kafka.security import OPEN
from deploy.kafka.standing import FOLDER, down, secured, up


def main() -> int:
    """Do what the command line says; 0 when done, 1 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    starting = actions.add_parser("up", help="start Apache Kafka and leave it running")
    starting.add_argument("--port", type=int, default=None, help="default: any free one")
    starting.add_argument(
        "--brokers",
        type=int,
        default=1,
        choices=range(1, BROKERS_MAX + 1),
        metavar="N",
        help="how many; from three on each record has three copies (%(default)s)",
    )
    starting.add_argument(
        "--secure",
        action="store_true",
        help="with TLS, a user for each role and its rules; clients/ in the folder has the logins",
    )
    stopping = actions.add_parser("down", help="stop it and remove its data")
    for action in (starting, stopping):
        action.add_argument("--folder", type=Path, default=FOLDER, help="its data (%(default)s)")
    chosen = parser.parse_args()
    try:
        if chosen.action == "up":
            folder = chosen.folder.absolute()
            security = secured() if chosen.secure else OPEN
            servers = up(folder, chosen.port, chosen.brokers, security)
            print(f"export BATON_KAFKA__BOOTSTRAP_SERVERS={servers}")
            if chosen.secure:
                print(f"# Instead, as the user of a role: . {folder}/clients/operator.env")
        else:
            print("stopped" if down(chosen.folder.absolute()) else "was not running")
    except (JarsError, KafkaError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

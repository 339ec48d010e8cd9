"""The command ``baton``; ``main`` is the console script, ``app`` puts its commands together."""


def main() -> None:
    """Run the command and end the process with its exit code."""
    # Here, so that a command's own module can be imported without all the others.
    from handlers.cli.app import app  # noqa: PLC0415

    app(prog_name="baton")

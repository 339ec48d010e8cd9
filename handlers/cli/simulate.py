"""``baton simulate``: a believable company, played through the configured Kafka."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated, Final

import typer

from handlers.adoption import AdoptionError
from handlers.cli import terminal
from handlers.simulate.broker import SimulationError
from handlers.simulate.crew import crew
from handlers.simulate.run import (
    LEADS_DEFAULT,
    SEED_DEFAULT,
    WEEKS_DEFAULT,
    Played,
    Progress,
    Size,
    prepare,
    run,
)
from handlers.simulate.world import LEADS_MAX, WEEKS_MAX

Seed = Annotated[int, typer.Option(help="The same seed plays the same story, byte for byte.")]
Weeks = Annotated[int, typer.Option(min=1, max=WEEKS_MAX, help="Weeks of virtual time.")]
Leads = Annotated[int, typer.Option(min=1, max=LEADS_MAX, help="Leads that turn up.")]

_HINT: Final = "'baton simulate --help' says what a simulation needs."


def simulate(
    seed: Seed = SEED_DEFAULT,
    weeks: Weeks = WEEKS_DEFAULT,
    leads: Leads = LEADS_DEFAULT,
    worker: Annotated[
        bool, typer.Option("--worker", help="Run a worker in this process, for the play alone.")
    ] = False,
) -> None:
    """Play a B2B company in virtual time: its campaigns, its leads, its reps, its messy feeds.

    It needs the topics, empty, and a running worker (or --worker). It adopts the shipped policy
    with external ticks and stamps every record with virtual time, so the topics are the
    simulation's own from then on: set BATON_TOPICS_PREFIX to keep it apart from others.

    For example, with 'baton broker' running elsewhere:

      baton topics create --partitions 4

      baton simulate --weeks 4 --leads 500 --worker

      baton follow lifecycle --from-start --until-end
    """
    settings = terminal.settings()
    topics = terminal.topics_of(settings)
    size = Size(seed, weeks, leads)
    with spoken(_HINT):
        play = prepare(settings.kafka, topics, size)
        with crew(settings) if worker else nullcontext() as staff, days_shown(size) as shown:
            check = staff.check if staff is not None else lambda: None
            played = run(play, settings.kafka, topics, settings.group, shown, check)
    terminal.line(pace(size, played))


@contextmanager
def spoken(hint: str) -> Iterator[None]:
    """Turn what a play cannot go on from into a sentence and a hint."""
    try:
        yield
    except (SimulationError, AdoptionError) as error:
        raise terminal.CommandError(str(error), hint) from error


@contextmanager
def days_shown(size: Size) -> Iterator[Callable[[Progress], None]]:
    """Show the virtual days go by, on a terminal."""
    days = size.weeks * 7
    with terminal.progress(f"{size.leads:,} leads, day by day", days) as advance:
        shown = 0

        def show(progress: Progress) -> None:
            nonlocal shown
            day = int(progress.fraction * days)
            advance(day - shown)
            shown = day

        yield show


def pace(size: Size, played: Played) -> str:
    """Say what was played, and how fast."""
    return (
        f"{played.signals:,} signals and {played.ticks:,} ticks of {size.weeks * 7} days in "
        f"{played.seconds:.1f} s: {played.signals_per_second:,.0f} signals a second, "
        f"in {played.slices:,} round trips between sales and Baton"
    )

"""``baton demo``: a company's weeks in about a minute, and what came of it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from events.embedded import EmbeddedBrokerError
from handlers import logs, report_text
from handlers.cli import demo_page, terminal
from handlers.cli.simulate import Leads, Seed, Weeks, days_shown, pace, spoken
from handlers.exits import Exit
from handlers.settings import load
from handlers.simulate.run import SEED_DEFAULT, Size

if TYPE_CHECKING:
    from handlers.demo import Seen

WEEKS_DEFAULT: Final = 12
LEADS_DEFAULT: Final = 2_600

_SEVERITIES: Final = ("debug", "info", "warning", "error")
_HINT: Final = (
    "The demo needs topics of its own: without --no-embedded it brings a broker along; with it, "
    "set BATON_TOPICS_PREFIX to what is not in use."
)


def demo(
    weeks: Weeks = WEEKS_DEFAULT,
    leads: Leads = LEADS_DEFAULT,
    seed: Seed = SEED_DEFAULT,
    embedded: Annotated[
        bool,
        typer.Option(help="Start a broker in memory; --no-embedded: use the configured Kafka."),
    ] = True,
    serve: Annotated[
        bool,
        typer.Option(help="On a terminal: serve the scoreboard of it all until Ctrl-C."),
    ] = True,
) -> None:
    """Watch a company's leads move along the spectrum, and see what both teams want to know.

    It starts a broker that keeps nothing, creates the topics, runs a worker and plays a B2B
    company in virtual time: campaigns, journeys, junk, reps good and lazy, deals won and lost.
    Then it prints the funnel, handovers, recycles, promises kept, refused input, the story of one
    lead with its receipt, and the verdicts: quality or handling, by campaign and by rep. On a
    terminal it goes on to serve the scoreboard, a page in which all of it can be looked through.

    For example:

      baton demo

      baton demo --weeks 4 --leads 500 --seed 7

      BATON_TOPICS_PREFIX=demo. baton demo --no-embedded
    """
    # The verdicts bring SQLAlchemy along: no other command waits for it.
    from handlers import demo as stage  # noqa: PLC0415

    settings = load()
    # News of the process would only stand in the way of the story.
    logs.configure(settings.log_format, max(settings.log_level, "warning", key=_SEVERITIES.index))
    size = Size(seed, weeks, leads)
    try:
        with spoken(_HINT), stage.cluster(settings, embedded=embedded) as chosen:
            terminal.say(f"Playing {weeks} weeks of a company with {leads:,} leads …")
            with days_shown(size) as shown:
                seen = stage.show(chosen, size, shown)
            _print(seen, size)
            served = demo_page.serve(chosen) if serve and terminal.for_people() else Exit.OK
    except EmbeddedBrokerError as error:
        hint = "'baton demo --no-embedded' uses the configured Kafka instead."
        raise terminal.CommandError(str(error), hint) from error
    if served is not Exit.OK:
        raise typer.Exit(served)


def _print(seen: "Seen", size: Size) -> None:
    """Print what both teams want to know."""
    from handlers import verdicts_text  # noqa: PLC0415 - as above

    console = terminal.out()
    console.print(report_text.render(seen.report))
    if seen.story:
        console.print(report_text.render_timeline(seen.story))
    console.print(verdicts_text.render(seen.verdicts))
    console.print(f"\n{pace(size, seen.played)}; {seen.report.facts:,} facts.")

"""``baton acls``: what each role has to be allowed on a cluster with an authorizer."""

import re
from typing import Annotated, Final

import typer

from events import acls as kafka_acls
from events.acls import AclsError, Role
from handlers.cli import terminal

_PRINCIPAL: Final = re.compile(r"[A-Za-z]+:\S+")


def acls(
    role: Annotated[Role, typer.Argument(help="Who it is for.")],
    principal: Annotated[
        str, typer.Option(help="The cluster's user, as the authorizer names it, such as User:web.")
    ] = "",
    group: Annotated[
        str | None,
        typer.Option(
            help="The consumer group: a subscriber's or the scoreboard's own, or else the "
            "workers'. Without it BATON_GROUP, for the first two with the role's name behind it."
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Allow it on the cluster instead of printing it.")
    ] = False,
) -> None:
    """Print what a role has to be allowed, as lines of Kafka's own command, or allow it.

    It is all that the role needs and no more. The lines take the cluster's address from
    $BOOTSTRAP and the login of somebody who may change rules from the file $CONFIG; --apply does
    without Kafka's command and takes both from BATON_KAFKA__ as every command does.

    For example:

      baton acls publisher --principal User:web

      baton acls subscriber --principal User:crm --group crm-sync

      baton acls worker --principal User:baton --apply
    """
    settings = terminal.settings()
    principal = principal or f"User:baton-{role}"
    if _PRINCIPAL.fullmatch(principal) is None:
        raise typer.BadParameter(
            f"{principal!r} is none; User:web would be one", param_hint="--principal"
        )
    own = role in {Role.SUBSCRIBER, Role.SCOREBOARD}
    group = group or (f"{settings.group}-{role}" if own else settings.group)
    given = kafka_acls.grants(role, terminal.topics_of(settings), group)
    if not apply:
        for line in kafka_acls.kafka_acls(given, principal):
            terminal.line(line)
        return
    try:
        count = kafka_acls.allow(settings.kafka, given, principal)
    except AclsError as error:
        raise terminal.CommandError(
            terminal.sentence(str(error)),
            "It takes a user who may alter the cluster, and a cluster with an authorizer.",
        ) from error
    terminal.line(f"allowed  {principal} {count} rules")

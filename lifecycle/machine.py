"""The transition table, as data, in a machine that refuses what the table does not hold.

Rules
- A move is (trigger, from, to). One not in the table does not happen: ``check`` raises, the lead
  stays as it was, and the error says what people may ask for instead.
- Some moves exist only as steps that sales skipped and its result implies (``implied``): a deal
  won by a disqualified lead passes sal and sql on its way. The same move asked for is illegal.
- The guards that pick among several targets read scores and dates; they live with the triggers
  (``derived``, ``requests``). The table only says what is possible at all.

One ``transitions.Machine`` serves all leads and has no model: registering a lead as a model costs
about 100 µs, and setting a cursor's state and triggering it 8 µs, against 0.1 µs for a look into
the machine's own table (transitions 0.9.3), which is the same table either way. Automatic
``to_<stage>`` transitions, which would lead past it, are off.
"""

from dataclasses import dataclass
from typing import Final

from transitions import Machine

from lifecycle.stages import Stage, Trigger

_C, _U, _W = Stage.COLD, Stage.CURIOUS, Stage.WARM
_MQL, _SAL, _SQL = Stage.MQL, Stage.SAL, Stage.SQL
_OPP, _CUST = Stage.OPPORTUNITY, Stage.CUSTOMER
_NUR, _LOST, _DISQ = Stage.NURTURE, Stage.LOST, Stage.DISQUALIFIED


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the trigger leads from each source to one of the targets."""

    trigger: Trigger
    sources: tuple[Stage, ...]
    targets: tuple[Stage, ...]
    implied: bool = False
    """Only as a skipped step."""


TABLE: Final[tuple[Row, ...]] = (
    Row(Trigger.WARM_UP, (_C,), (_U, _W)),
    Row(Trigger.WARM_UP, (_U,), (_W,)),
    Row(Trigger.COOL_DOWN, (_W,), (_U, _C)),
    Row(Trigger.COOL_DOWN, (_U,), (_C,)),
    Row(Trigger.COOL_DOWN, (_MQL,), (_W,)),
    Row(Trigger.QUALIFY, (_C, _U, _W, _NUR), (_MQL,)),
    Row(Trigger.RAISE_HAND, (_C, _U, _W, _NUR, _LOST, _DISQ), (_MQL,)),
    Row(Trigger.WAKE, (_NUR, _LOST), (_C, _U, _W)),
    Row(Trigger.RETURN, (_MQL, _SAL), (_MQL, _NUR)),
    Row(Trigger.RETURN, (_SQL,), (_NUR,)),
    Row(Trigger.DISQUALIFY, (_C, _U, _W, _MQL, _SAL, _SQL, _OPP, _NUR, _LOST), (_DISQ,)),
    Row(Trigger.REINSTATE, (_DISQ, _NUR, _LOST), (_C, _U, _W)),
    Row(Trigger.ACCEPT, (_MQL, _C, _U, _W, _NUR), (_SAL,)),
    Row(Trigger.REJECT, (_MQL,), (_NUR, _DISQ)),
    Row(Trigger.CLAIM, (_C, _U, _W, _MQL, _NUR, _LOST), (_SAL,)),
    Row(Trigger.CLAIM, (_DISQ,), (_SAL,), implied=True),
    Row(Trigger.NOMINATE, (_C, _U, _W, _NUR, _LOST), (_MQL,)),
    Row(Trigger.QUALIFY_SALE, (_SAL,), (_SQL,)),
    Row(Trigger.OPEN_OPPORTUNITY, (_SQL,), (_OPP,)),
    Row(Trigger.WIN, (_OPP,), (_CUST,)),
    Row(Trigger.LOSE, (_OPP,), (_LOST,)),
    Row(Trigger.LOSE, (_CUST,), (_LOST, _OPP)),
    Row(Trigger.RECYCLE, (_SAL, _SQL, _LOST, _CUST), (_NUR,)),
)

IMPLIED_ONLY: Final = frozenset(
    (row.trigger, source) for row in TABLE if row.implied for source in row.sources
)

JUNK_MOVES: Final = frozenset({_C, _U, _W, _MQL, _NUR, _LOST})
"""Where a junk rule disqualifies; from sal on it only tells the owner."""

_ASKED: Final = (
    Trigger.ACCEPT,
    Trigger.REJECT,
    Trigger.CLAIM,
    Trigger.NOMINATE,
    Trigger.QUALIFY_SALE,
    Trigger.RECYCLE,
    Trigger.DISQUALIFY,
    Trigger.REINSTATE,
)
_NEVER_ILLEGAL: Final = (Trigger.OPEN_OPPORTUNITY, Trigger.WIN, Trigger.LOSE, Trigger.ASSIGN)
# Asked for as a recycle, made as a reject: sales' no to an offer on the table.
_ASKED_BESIDES: Final = {_MQL: (Trigger.RECYCLE,)}
# An owner of sales may change at any time by a claim.
_CLAIM_BESIDES: Final = frozenset({_SAL, _SQL, _OPP, _CUST})

MACHINE: Final = Machine(
    model=None,
    states=[stage.value for stage in Stage],
    initial=Stage.COLD.value,
    auto_transitions=False,
    transitions=[
        [row.trigger.value, source.value, target.value]
        for row in TABLE
        for source in row.sources
        for target in row.targets
    ],
)


class IllegalMoveError(Exception):
    """A move that the table does not hold."""

    def __init__(self, stage: Stage, trigger: Trigger, to: Stage) -> None:
        """Name the move."""
        super().__init__(f"{trigger} does not lead from {stage} to {to}")


def check(stage: Stage, trigger: Trigger, to: Stage, *, implied: bool = False) -> None:
    """Raise IllegalMoveError unless the table holds the move."""
    if implied or (trigger, stage) not in IMPLIED_ONLY:
        event = MACHINE.events.get(trigger.value)
        for move in event.transitions.get(stage.value, ()) if event else ():
            if move.dest == to.value:
                return
    raise IllegalMoveError(stage, trigger, to)


def can(stage: Stage, trigger: Trigger) -> bool:
    """Return whether the table holds any move by the trigger that may be asked for."""
    if (trigger, stage) in IMPLIED_ONLY:
        return False
    event = MACHINE.events.get(trigger.value)
    return event is not None and bool(event.transitions.get(stage.value))


def possible(stage: Stage) -> tuple[Trigger, ...]:
    """Return what people and their tools may ask for from a stage."""
    besides = _ASKED_BESIDES.get(stage, ())
    asked = tuple(
        trigger
        for trigger in _ASKED
        if can(stage, trigger)
        or trigger in besides
        or (trigger is Trigger.CLAIM and stage in _CLAIM_BESIDES)
    )
    return asked + _NEVER_ILLEGAL


def mermaid() -> str:
    """Return the machine as a Mermaid state diagram, read off the machine itself."""
    lines = ["stateDiagram-v2", f"    [*] --> {MACHINE.initial}"]
    labels: dict[tuple[str, str], list[str]] = {}
    for name, event in MACHINE.events.items():
        for source, moves in event.transitions.items():
            for move in moves:
                target = str(move.dest)
                mark = " (implied)" if (Trigger(name), Stage(source)) in IMPLIED_ONLY else ""
                labels.setdefault((source, target), []).append(name + mark)
    lines += [
        f"    {source} --> {target}: {', '.join(sorted(names))}"
        for (source, target), names in labels.items()
    ]
    return "\n".join(lines) + "\n"

"""The tables that the scoreboard keeps, and what each column means.

``facts`` is what was read, byte for byte; every other table is made from it and can be made again.
Times are ms since the epoch (``_at``), durations seconds, points milli-points (``_mp``), money
whole units and millionths of a unit, since neither database adds decimals of both sides exactly.
Text that nobody told is NULL. Flags are 0 or 1, so that they can be summed.

There are no migrations: another ``SCHEMA_VERSION`` than the database's means to read again.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    text,
)

SCHEMA_VERSION: Final = 2
"""Raised by any change to a table, or to what a projection writes into it."""

METADATA: Final = MetaData()


def _key(name: str) -> Column[str]:
    return Column(name, String, primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, String)


def _at(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0)


def _flag(name: str) -> Column[int]:
    return Column(name, SmallInteger, nullable=False, default=0)


FACTS: Final = Table(
    "facts",
    METADATA,
    _key("lead_id"),
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # as in the type: `handover`, `clock_met` …
    Column("at", BigInteger, nullable=False),  # when it was decided
    Column("happened_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the record's value, untouched
)
"""Every fact that was read, once."""

LEADS: Final = Table(
    "leads",
    METADATA,
    _key("lead_id"),
    Column("partition", Integer, nullable=False),
    _count("seq"),  # facts 1 to this one stand in the tables
    _flag("gap"),  # one after them is missing
    _text("origin"),  # marketing or sales
    _text("arrival_source"),
    _text("arrival_campaign"),
    _text("arrival_content"),
    _at("arrived_at"),
    _text("week"),  # of arrival: its Monday in UTC, YYYY-MM-DD
    _text("stage"),
    _at("stage_since"),
    Column("step", Integer, nullable=False, default=0),  # the furthest of STEPS it reached
    _text("grade"),  # at its last handover
    _text("rep"),  # who has it, or had it last
    _text("team"),
    _text("policy"),  # the version that decided last
    _text("last_handover_id"),
    _at("touched_at"),  # the last touch worth telling
    _at("mql_at"),  # the first time of each step
    _at("accepted_at"),
    _at("contacted_at"),
    _at("sql_at"),
    _at("opportunity_at"),
    _at("won_at"),
    _flag("accepted_implied"),  # skipped, and recorded at the time of what followed
    _flag("sql_implied"),
    _flag("opportunity_implied"),
    _count("recycles"),
    _text("recycle_reason"),  # the last one
    _at("wake_at"),  # while it waits
    _at("last_at"),  # its last fact's time
    Index("leads_campaign", "arrival_campaign"),
    Index("leads_week", "week"),
    Index("leads_stage", "stage", "stage_since", "touched_at"),
    # All that the funnel asks for: without it each page would read every lead's whole row.
    Index(
        "leads_funnel",
        *("step", "stage", "arrival_campaign", "arrival_source", "arrival_content"),
        *("rep", "team", "grade", "week"),
        *("arrived_at", "mql_at", "accepted_at", "contacted_at"),
        *("sql_at", "opportunity_at", "won_at"),
        *("accepted_implied", "sql_implied", "opportunity_implied"),
    ),
    Index("leads_gap", "gap", sqlite_where=text("gap = 1"), postgresql_where=text("gap = 1")),
)
"""One row a lead: where it came from, where it is, how far it ever came and when."""

STEPS: Final = ("leads", "mql", "accepted", "contacted", "sql", "opportunity", "won")
"""The steps of the funnel; ``leads.step`` counts from 0."""

_JUDGED: Final = (
    *("content", "week", "policy", "opportunity_at", "end_class"),
    *("acceptance_broken", "contact_broken", "accepted_at", "ended_at", "attempts"),
    *("end_reason", "end_trigger", "overturned_at", "withdrawn_at"),
)

HANDOVERS: Final = Table(
    "handovers",
    METADATA,
    _key("handover_id"),
    Column("lead_id", String, nullable=False),
    Column("number", Integer, nullable=False),  # of the lead's handovers, from 1
    _text("kind"),  # qualified, hand_raise, nominated, claim, return
    _count("attempt"),
    _flag("fast"),  # on the fast track, when offered or later: what sales was told is hot
    Column("at", BigInteger, nullable=False),  # when it was offered (happened_at)
    _text("week"),
    _text("month"),  # YYYY-MM in UTC
    _text("source"),  # of the last touch before it
    _text("campaign"),
    _text("content"),
    _text("arrival_source"),
    _text("arrival_campaign"),
    _text("arrival_content"),
    _text("grade"),
    Column("fit_mp", Integer, nullable=False, default=0),
    Column("engagement_mp", Integer, nullable=False, default=0),
    _text("assignee"),  # who has to answer, as last changed
    _text("rep"),  # who worked it: the owner from acceptance on, until then the assignee
    _text("team"),
    _text("by"),  # who nominated or claimed
    _flag("implied"),  # a claim that nobody made
    _text("policy"),  # the version that offered it: its limits judge it
    _at("accept_due_at"),
    _at("contact_due_at"),
    _at("accepted_at"),
    _flag("accepted_implied"),
    _at("contacted_at"),  # the first attempt
    _at("reached_at"),  # the first that reached the lead
    _count("attempts"),
    _at("sql_at"),
    _flag("sql_implied"),
    _at("opportunity_at"),
    _at("won_at"),
    _at("withdrawn_at"),
    _text("withdrawn_reason"),
    _at("ended_at"),  # it went back, was given up or was lost; NULL: open, or withdrawn
    _text("end_trigger"),  # reject, recycle, disqualify, return, lose …
    _text("end_reason"),
    _text("end_class"),  # hard, soft, handling, market
    _flag("acceptance_broken"),  # the first level broke, noticed in time and not disputed
    _flag("contact_broken"),
    _at("warned_at"),  # acceptance or first contact: the first warning
    _at("overturned_at"),  # after a soft rejection the lead reached sql: when
    Index("handovers_lead", "lead_id"),
    # All that a verdict asks for, in the order in which handovers are counted for one.
    Index("handovers_campaign", "campaign", "at", "rep", "source", "grade", "team", *_JUDGED),
    Index("handovers_rep", "rep", "source", "grade", "team", "at", "campaign", *_JUDGED),
    Index("handovers_at", "at"),
)
"""One row a handover: what was offered to whom, and what became of it."""

CLOCKS: Final = Table(
    "clocks",
    METADATA,
    Column("lead_id", String, primary_key=True),
    Column("clock", String, primary_key=True),
    Column("run", Integer, primary_key=True),
    _text("ref"),  # the handover or opportunity it belongs to
    _text("handover_id"),
    _text("campaign"),  # of that handover's touch, as the next two
    _text("source"),
    _text("content"),
    _text("grade"),
    _text("assignee"),  # whose promise it was when it broke or ended, or is
    _text("team"),
    Column("started_at", BigInteger, nullable=False),
    _text("week"),  # of its start
    Column("allowed_seconds", BigInteger, nullable=False, default=0),
    _at("due_at"),  # of the level that runs
    _count("level"),
    _at("warned_at"),
    _at("paused_at"),  # while it is paused
    _count("pauses"),
    Column("paused_seconds", BigInteger, nullable=False, default=0),
    _at("breached_at"),  # the first level's breach: its due time
    _count("breaches"),
    _flag("noticed_late"),  # the first breach was: not counted as handling
    _flag("bare"),  # noticed by the answer itself
    _at("met_at"),
    Column("used_seconds", BigInteger),  # until it was answered, pauses left out; NULL: it was not
    _flag("edge"),
    _flag("disputed"),
    _at("cancelled_at"),
    _text("cancel_trigger"),
    _flag("uncontacted"),
    _flag("short"),
    # running; met (before any breach), disputed (met in time, heard of after the breach), late (the
    # first breach was noticed late), broken (it was not), cancelled (before it was due)
    _text("outcome"),
    # All that attainment asks for, in the order in which it is counted.
    Index(
        "clocks_kept",
        *("clock", "assignee", "team", "week", "outcome", "pauses", "edge", "used_seconds"),
        *("campaign", "source", "content", "grade"),
    ),
    # Likewise of a week's promises, by when they ended.
    Index("clocks_ended", "clock", "week", "outcome", "met_at", "breached_at", "ref"),
)
"""One row a run of a clock: how a promise was kept. Waiting in nurture is one here as well."""

OPPORTUNITIES: Final = Table(
    "opportunities",
    METADATA,
    Column("lead_id", String, primary_key=True),
    Column("opportunity_id", String, primary_key=True),
    _text("handover_id"),  # the lead's last when it was opened
    _text("campaign"),
    _text("arrival_campaign"),
    _text("rep"),
    _text("currency"),
    Column("amount_units", BigInteger),  # whole units of the currency; NULL: nobody told
    Column("amount_millionths", Integer),  # and millionths beside them
    _text("close_date"),
    _text("deal_stage"),
    _text("state"),  # open, won, lost
    _at("opened_at"),
    _at("changed_at"),
    _at("won_at"),
    _at("lost_at"),
    _text("lost_reason"),
    _text("lost_class"),
    Index("opportunities_state", "state", "changed_at"),
    Index("opportunities_handover", "handover_id"),
)
"""One row a deal."""

RECYCLES: Final = Table(
    "recycles",
    METADATA,
    Column("lead_id", String, primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the fact that told it
    _text("handover_id"),
    _text("campaign"),
    _text("reason"),
    _text("reason_class"),
    _text("trigger"),  # recycle, reject, return, lose
    _text("rep"),
    Column("at", BigInteger, nullable=False),
    _at("wake_at"),
    _flag("slow_track"),
    _at("woke_at"),  # it left nurture or lost, whatever for
    _at("returned_at"),  # it was handed over again (claims among it)
    _at("won_at"),  # and won
    _flag("cancelled"),  # a late yes took it back
    Index("recycles_reason", "reason", "at"),
)
"""One row each time a lead went back to marketing; a lost deal that ended its lead is one."""

TOUCHES: Final = Table(
    "touches",
    METADATA,
    _key("handover_id"),
    Column("lead_id", String, nullable=False),
    _text("campaigns"),  # a JSON list: what each touch names, oldest first; NULL: none names one
    _text("contents"),  # likewise
    Index("touches_lead", "lead_id"),
)
"""One row a handover: the touches that it carried, the first and the last ones, each once.

Journeys are alike: whoever shares out credit counts equal lists, and not each touch.
"""

VOICES: Final = Table(
    "voices",
    METADATA,
    Column("lead_id", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("topic", String, primary_key=True),  # pain, objection, question, competitor, content
    Column("code", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    _text("week"),
    _text("campaign"),  # of the handover's touch, or of arrival before the first handover
    _text("content"),
    _text("source"),
    _text("rep"),
    _text("team"),
    _text("grade"),
    _text("stage"),  # after that call
    _text("handover_id"),
    # Counted from alone, in this order: different leads from the first, times from the other.
    Index(
        "voices_leads",
        *("topic", "code", "lead_id"),
        *("campaign", "content", "source", "rep", "team", "grade", "week"),
    ),
    Index(
        "voices_heard",
        *("topic", "code", "campaign", "content", "stage"),
        *("source", "rep", "team", "grade", "week", "at"),
    ),
)
"""One row for each thing that sales heard in a call."""

POLICIES: Final = Table(
    "policies",
    METADATA,
    _key("version"),
    Column("body", LargeBinary, nullable=False),  # the value in lead.policies
)
"""The definitions that facts name."""

DECIDED: Final = Table(
    "decided",
    METADATA,
    _key("version"),  # of a definition, whether its text was found or not
    Column("facts", BigInteger, nullable=False),  # how many were read, told or waiting
    Column("last_at", BigInteger, nullable=False),  # the newest one's time
)
"""What was decided under each definition, summed up: no page has to go through all leads for it."""

OFFSETS: Final = Table(
    "offsets",
    METADATA,
    _key("topic"),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),  # the first that is not in the tables
    Column("newest_at", BigInteger, nullable=False, default=0),  # the newest fact's time
)
"""How far each partition was read: written with the rows, so that both are always the same."""

UNREADABLE: Final = Table(
    "unreadable",
    METADATA,
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("reason", String, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
)
"""Records of the topic that are no facts of this contract, with their bytes."""

META: Final = Table("meta", METADATA, _key("name"), Column("value", String, nullable=False))
"""The schema's version, the topic's identity, a rebuild that goes on."""

OF_A_LEAD: Final = (HANDOVERS, CLOCKS, OPPORTUNITIES, RECYCLES, TOUCHES, VOICES)
"""What is made again from ``facts`` when a lead's story has to be told anew; ``leads`` as well."""

"""One believable fact of each kind, all about one lead: the goldens and examples are of these."""

from dataclasses import replace
from datetime import datetime

from lifecycle import facts as f
from lifecycle.signals import Voice
from lifecycle.stages import ClockName, HandoverKind, ReasonClass, Stage, Trigger

LEAD = "lead-7f3a"
HANDOVER = f"{LEAD}:h1"
HOUR = 3_600_000
DAY = 24 * HOUR


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1_000


MONDAY = at("2026-03-02T09:00:00")

MARKETING = f.Context(
    stage=Stage.WARM,
    policy="0123456789abcdef",
    rules=1,
    arrival_source="newsletter",
    arrival_campaign="spring-launch",
    arrival_content="guide-to-mills",
)
OFFERED = replace(
    MARKETING,
    stage=Stage.MQL,
    handover_id=HANDOVER,
    handover_kind=HandoverKind.QUALIFIED,
    touch_source="search",
    touch_campaign="pricing-ads",
    touch_content="plans",
    grade="A1",
    owner="queue-europe",
    team="berlin",
)
OWNED = replace(OFFERED, stage=Stage.SAL, owner="rep-lena")

RECEIPT = f.Receipt(
    fit_mp=71_000,
    engagement_mp=62_375,
    intent_mp=30_000,
    grade="A1",
    rule="qualify",
    policy=MARKETING.policy,
    fit=(
        f.FitPart("employees", 430, 20_000),
        f.FitPart("industry", "manufacturing", 20_000),
        f.FitPart("budget_authority", value=True, points_mp=10_000),
        f.FitPart("role", "operations", 15_000),
        f.FitPart("temperature", 21.5, 6_000),
    ),
    unknown=("country", "seniority"),
    activities=(
        f.ActivityPart(
            "pricing_view", 30_000, 4, MONDAY, capped=True, buying_signal=True, alive=True
        ),
        f.ActivityPart("webinar_attended", 33_500, 3, MONDAY - 2 * DAY),
        f.ActivityPart("email_bounce", -1_125, 1, MONDAY - 9 * DAY),
    ),
    near_misses=(f.NearMiss(Stage.MQL, engagement_mp=500, buying_signal=True),),
)
TOUCH = f.Touch(MONDAY, "pricing_view", "pricing-ads", "search", "cpc", "plans", "web")
FIRST_TOUCH = f.Touch(MONDAY - 20 * DAY, "email_click", "spring-launch", "newsletter")
VOICE = Voice(
    pain_points=("slow_reporting",),
    objections=("price", "no_time"),
    questions=("integrations",),
    competitor="northwind",
    content_used="case-study-mill",
)


def _fact(seq: int, context: f.Context, body: f.FactBody) -> f.Fact:
    moment = MONDAY + seq * 60_000
    return f.Fact(LEAD, seq, moment, moment - 1_500, context, body)


_BODIES: tuple[tuple[f.Context, f.FactBody], ...] = (
    (MARKETING, f.Arrived("marketing")),
    (
        replace(MARKETING, stage=Stage.SQL),
        f.StageChanged(
            Stage.SAL,
            Stage.SQL,
            Trigger.QUALIFY_SALE,
            RECEIPT,
            by="rep-lena",
            reason="no_budget",
            reason_class=ReasonClass.SOFT,
            implied=True,
            bant="unconfirmed",
            voice=VOICE,
        ),
    ),
    (MARKETING, f.HeadsUp("warm", RECEIPT, "Ask which plan they compared.")),
    (
        OFFERED,
        f.HandoverOffered(
            handover=HANDOVER,
            handover_kind=HandoverKind.QUALIFIED,
            attempt=1,
            fast=False,
            assignee="queue-europe",
            team="berlin",
            receipt=RECEIPT,
            play="Ask which plan they compared.",
            first_touches=(FIRST_TOUCH,),
            last_touches=(TOUCH,),
            pain_points=("slow_reporting",),
            objections=("price",),
            questions=("integrations",),
            competitors=("northwind",),
            accept_due_at=MONDAY + 8 * HOUR,
            contact_due_at=MONDAY + 27 * HOUR,
            rejections=(f.Rejection(f"{LEAD}:h0", MONDAY - 100 * DAY, "bad_timing", "rep-lena"),),
            by="maria",
            reason="Met at the trade fair.",
        ),
    ),
    (
        OFFERED,
        f.HandoverUpdated(
            handover=HANDOVER,
            change="fast",
            fast=True,
            assignee="queue-europe",
            team="berlin",
            accept_due_at=MONDAY + HOUR,
            contact_due_at=MONDAY + 2 * HOUR,
            receipt=RECEIPT,
        ),
    ),
    (
        replace(OFFERED, stage=Stage.WARM),
        f.HandoverWithdrawn(HANDOVER, Trigger.COOL_DOWN, "cooled"),
    ),
    (OFFERED, f.Touched(TOUCH, first_of_campaign=True, buying_signal=True)),
    (OWNED, f.HandRaised("demo_request")),
    (
        OWNED,
        f.Contacted("call", reached=True, attempt=2, handover=HANDOVER, by="rep-lena", voice=VOICE),
    ),
    (
        replace(OWNED, stage=Stage.SQL),
        f.QualifiedSale(
            budget=True, authority=True, need=True, timeline_days=45, by="rep-lena", voice=VOICE
        ),
    ),
    (
        OWNED,
        f.QualificationShort(
            budget=False,
            authority=True,
            need=True,
            timeline_days=200,
            missing=("budget", "timeline"),
            recycle_reason="no_budget",
            by="rep-lena",
            voice=VOICE,
        ),
    ),
    (
        replace(OWNED, stage=Stage.OPPORTUNITY),
        f.OpportunityOpenedFact(
            opportunity="deal-19",
            amount="48000.5",
            currency="EUR",
            close_date="2026-05-29",
            opportunity_stage="proposal",
            by="rep-lena",
            voice=VOICE,
        ),
    ),
    (
        replace(OWNED, stage=Stage.OPPORTUNITY),
        f.OpportunityChanged(
            opportunity="deal-19",
            amount="48000.5",
            currency="EUR",
            close_date="2026-06-30",
            opportunity_stage="negotiation",
            by="rep-lena",
            voice=VOICE,
        ),
    ),
    (
        replace(OWNED, stage=Stage.CUSTOMER),
        f.WonFact(
            opportunity="deal-19", amount="48000.5", currency="EUR", by="rep-lena", voice=VOICE
        ),
    ),
    (
        replace(OWNED, stage=Stage.LOST),
        f.LostFact(
            opportunity="deal-19",
            reason="lost_to_competitor",
            reason_class=ReasonClass.MARKET,
            amount="48000.5",
            currency="EUR",
            lead_lost=True,
            wake_at=MONDAY + 180 * DAY,
            by="rep-lena",
            voice=VOICE,
        ),
    ),
    (
        replace(OFFERED, stage=Stage.NURTURE),
        f.RecycleFact(
            reason="no_budget",
            reason_class=ReasonClass.SOFT,
            trigger=Trigger.RECYCLE,
            wake_at=MONDAY + 180 * DAY,
            recycles=1,
            by="rep-lena",
            voice=VOICE,
        ),
    ),
    (OWNED, f.RecycleCancelled(HANDOVER)),
    (OWNED, f.JunkSuspected(("student", "personal_use"))),
    (OWNED, f.OwnerChanged("rep-lena", "rep-omar", "berlin")),
    (
        OFFERED,
        f.ClockStarted(
            clock=ClockName.ACCEPTANCE,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            due_at=MONDAY + 8 * HOUR,
            warn_at=MONDAY + 4 * HOUR,
            assignee="queue-europe",
        ),
    ),
    (
        OFFERED,
        f.ClockWarned(
            clock=ClockName.ACCEPTANCE,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            due_at=MONDAY + 8 * HOUR,
            assignee="queue-europe",
        ),
    ),
    (
        OWNED,
        f.ClockMet(
            clock=ClockName.ACCEPTANCE,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            used_ms=27_512_345,
            paused_ms=0,
            assignee="rep-lena",
            edge=True,
        ),
    ),
    (
        OFFERED,
        f.ClockBreached(
            clock=ClockName.ACCEPTANCE,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            due_at=MONDAY + 8 * HOUR,
            noticed_at=MONDAY + 8 * HOUR + 130_000,
            paused_ms=0,
            assignee="queue-europe",
            next_due_at=MONDAY + 24 * HOUR,
            escalate_to="head-of-sales",
        ),
    ),
    (
        OWNED,
        f.ClockPausedFact(
            clock=ClockName.QUALIFICATION,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            left_ms=5_000_500,
            until=MONDAY + 14 * DAY,
            reason="Asked to be called in two weeks.",
            assignee="rep-lena",
        ),
    ),
    (
        OWNED,
        f.ClockResumedFact(
            clock=ClockName.QUALIFICATION,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            due_at=MONDAY + 15 * DAY,
            paused_ms=14 * DAY,
            assignee="rep-lena",
        ),
    ),
    (
        replace(OFFERED, stage=Stage.NURTURE),
        f.ClockCancelled(
            clock=ClockName.FIRST_CONTACT,
            ref=HANDOVER,
            run=1,
            level=1,
            allowed_ms=8 * HOUR,
            used_ms=HOUR,
            paused_ms=0,
            assignee="rep-lena",
            trigger="recycle",
            uncontacted=True,
        ),
    ),
    (
        OWNED,
        f.RefusedFact(
            asked="accepted",
            code="stale_handover",
            detail=f"{LEAD}:h0 is not the last handover; {HANDOVER} is.",
            stage=Stage.SAL,
            possible=("claim", "disqualify", "qualify_sale", "recycle"),
            open_handover=HANDOVER,
            by="rep-omar",
        ),
    ),
)

SPECIMENS: tuple[f.Fact, ...] = tuple(
    _fact(seq, context, body) for seq, (context, body) in enumerate(_BODIES, start=1)
)

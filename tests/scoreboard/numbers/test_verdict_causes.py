"""What a late yes, a disputed deadline and a late notice of Baton's own do to a verdict.

Each is told once with it and once without, about as many leads as a verdict wants, everything else
being the same: so the difference is its own.
"""

from collections.abc import Callable

import pytest

from handlers.scoreboard.numbers.filters import Filters
from handlers.scoreboard.numbers.verdicts import HANDLING, QUALITY, Judged, verdicts
from lifecycle.facts import HandoverOffered
from tests.lifecycle.builders import DAY_MS, MONDAY, POLICY, Story, mql, ms
from tests.scoreboard.numbers.slow import board_told

pytestmark = pytest.mark.slow

Tale = Callable[[Story], Story]

LEADS = 25
"""More than the smallest sample."""
OVERTURN_DAYS = POLICY.scoreboard.overturn_days
YOUNG_DAYS = POLICY.scoreboard.young_days


def judged(tale: Tale, rep: str = "ann", days: int = YOUNG_DAYS + 1) -> Judged:
    """The verdict on a rep whose leads all had the same story, some days after it began."""
    tales = [tale(mql(Story(MONDAY, lead_id=f"lead-{number}"))) for number in range(LEADS)]
    given = board_told(*tales, now_at=ms(MONDAY) + days * DAY_MS)
    with given.connection() as connection:
        found = verdicts(connection, Filters(), given.now_at)
    [one] = [one for one in found.reps if one.name == rep]
    assert one.handling.of == LEADS
    return one


def campaign(tale: Tale) -> str:
    """The verdict on the campaign that all these leads came by."""
    tales = [tale(mql(Story(MONDAY, lead_id=f"lead-{number}"))) for number in range(LEADS)]
    given = board_told(*tales, now_at=ms(MONDAY) + (YOUNG_DAYS + 1) * DAY_MS)
    with given.connection() as connection:
        [one] = verdicts(connection, Filters(), given.now_at).campaigns
    return one.verdict


# Overturned: sales said no, and the lead was qualified after all.


def rejected(story: Story, reason: str = "no_budget") -> Story:
    return story.after(hours=1).rejected(reason, "ann")


def qualified_by_another(story: Story, *, days: int) -> Story:
    return story.after(days=days).claimed("ben").reached().qualified(rep="ben")


def test_a_soft_no_counts_against_the_lead() -> None:
    one = judged(rejected, days=OVERTURN_DAYS + YOUNG_DAYS)

    assert (one.handling.count, one.quality.count) == (0, LEADS)


def test_a_soft_no_to_a_lead_that_somebody_else_qualified_counts_against_the_rep() -> None:
    def tale(story: Story) -> Story:
        return qualified_by_another(rejected(story), days=20)

    one = judged(tale)

    assert (one.handling.count, one.quality.count, one.quality.of) == (LEADS, 0, 0)
    assert one.verdict == HANDLING


def test_overturned_ones_turn_the_verdict_on_a_campaign() -> None:
    def tale(story: Story) -> Story:
        return qualified_by_another(rejected(story), days=20)

    assert campaign(rejected) == QUALITY
    assert campaign(tale) == HANDLING


@pytest.mark.parametrize(("days", "handling"), [(OVERTURN_DAYS - 1, LEADS), (OVERTURN_DAYS + 1, 0)])
def test_a_lead_that_was_qualified_long_after_overturns_nothing(days: int, handling: int) -> None:
    def tale(story: Story) -> Story:
        return qualified_by_another(rejected(story), days=days)

    one = judged(tale, days=OVERTURN_DAYS + YOUNG_DAYS)

    assert (one.handling.count, one.quality.count) == (handling, LEADS - handling)


def test_a_no_for_what_is_true_whatever_sales_did_is_not_overturned() -> None:
    def tale(story: Story) -> Story:
        told = rejected(story, "duplicate").after(days=1).reinstated()
        return qualified_by_another(told, days=10)

    one = judged(tale)

    assert (one.handling.count, one.quality.count) == (0, LEADS)


def test_a_lead_that_is_only_worked_again_overturns_nothing_yet() -> None:
    def tale(story: Story) -> Story:
        return rejected(story).after(days=20).claimed("ben").reached()

    one = judged(tale)

    assert (one.handling.count, one.quality.count) == (0, LEADS)


# Disputed: the answer is dated before the deadline, and was heard of after the breach.


def given_up(story: Story) -> Story:
    """Contacted at once, and given back for a reason that is not sales' own."""
    return story.after(minutes=5).reached().after(minutes=5).recycled("no_budget")


def late(story: Story) -> Story:
    broken = story.tick("2026-03-02 17:03")
    return given_up(broken.at("2026-03-02 17:05").accepted("ann"))


def disputed(story: Story) -> Story:
    broken = story.tick("2026-03-02 17:03")
    told = broken.at("2026-03-02 16:30", heard="2026-03-02 17:05").accepted("ann")
    return given_up(told.at("2026-03-02 17:05"))


def test_an_answer_after_the_deadline_is_handling() -> None:
    one = judged(late)

    assert (one.handling.count, one.verdict) == (LEADS, HANDLING)


def test_a_disputed_breach_is_no_handling_and_the_lead_is_judged_by_its_end() -> None:
    one = judged(disputed)

    assert (one.handling.count, one.quality.count, one.quality.of) == (0, LEADS, LEADS)
    assert campaign(disputed) == QUALITY
    assert campaign(late) == HANDLING


def contacted_late(story: Story, *, heard: str, happened: str) -> Story:
    """Accepted in the morning; the first contact, due four hours later, is told after that."""
    told = story.at("2026-03-02 09:30").accepted("ann").tick("2026-03-02 13:33")
    told.at(happened, heard=heard).reached()
    return told.at("2026-03-02 13:50").recycled("no_budget")


@pytest.mark.parametrize(
    ("happened", "handling"), [("2026-03-02 13:00", 0), ("2026-03-02 13:40", LEADS)]
)
def test_a_first_contact_that_was_told_late_is_disputed_too(happened: str, handling: int) -> None:
    def tale(story: Story) -> Story:
        return contacted_late(story, heard="2026-03-02 13:40", happened=happened)

    one = judged(tale)

    assert (one.handling.count, one.quality.count) == (handling, LEADS - handling)


# Noticed late: Baton was down when the deadline passed, and nobody was warned.


def noticed(story: Story, when: str) -> Story:
    return given_up(story.tick(when).at("2026-03-02 17:50").accepted("ann"))


def test_a_breach_that_baton_noticed_late_is_no_handling() -> None:
    def in_time(story: Story) -> Story:
        return noticed(story, "2026-03-02 17:03")

    def too_late(story: Story) -> Story:
        return noticed(story, "2026-03-02 17:40")

    seen, unseen = judged(in_time), judged(too_late)

    assert (seen.handling.count, seen.quality.count) == (LEADS, 0)
    assert (unseen.handling.count, unseen.quality.count) == (0, LEADS)
    assert (campaign(in_time), campaign(too_late)) == (HANDLING, QUALITY)


def test_what_sales_let_lie_is_handling_though_its_first_breach_was_noticed_late() -> None:
    def tale(story: Story) -> Story:
        return story.tick("2026-03-02 17:40").idle_until("2026-03-05 18:00")

    [offered] = mql(Story(MONDAY)).ever(HandoverOffered)
    one = judged(tale, rep=offered.assignee)

    assert (one.handling.count, one.verdict) == (LEADS, HANDLING)

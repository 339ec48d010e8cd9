"""What a lead remembers is bounded, whatever is thrown at it."""

from lifecycle.decide import remembers
from lifecycle.lead import (
    ATTRIBUTES_MAX,
    CAMPAIGNS_MAX,
    CODES_MAX,
    DIGEST_BYTES,
    JUNK_TOLD_MAX,
    OPPORTUNITIES_ENDED_MAX,
    REJECTIONS_MAX,
    SEEN_MAX,
    TOUCHES_FIRST_MAX,
    TOUCHES_LAST_MAX,
)
from lifecycle.signals import NO_VOICE, Profiled, Voice
from tests.lifecycle.builders import POLICY, Story, mql, sal


def test_campaigns_touches_and_ids_are_bounded() -> None:
    story = Story()
    for number in range(100):
        story.engaged("juggling", campaign=f"c{number}")

    touches = story.lead.touches
    assert len(touches.campaigns) == CAMPAIGNS_MAX
    assert (len(touches.first), len(touches.last)) == (TOUCHES_FIRST_MAX, TOUCHES_LAST_MAX)
    assert [touch.campaign for touch in touches.first] == ["c0", "c1", "c2"]
    assert touches.last[-1].campaign == "c99"
    assert len(story.lead.seen) == SEEN_MAX * DIGEST_BYTES


def test_the_end_of_one_id_and_the_start_of_the_next_are_no_id() -> None:
    seen = b"aaaaaaaabbbbbbbbaaaabbbb"

    assert remembers(seen, b"aaaaaaaa")
    assert remembers(seen, b"bbbbbbbb")
    assert remembers(seen, b"aaaabbbb"), "found inside two others first"
    assert not remembers(seen, b"bbbbaaaa")
    assert not remembers(seen, b"cccccccc")
    assert not remembers(b"", b"cccccccc")


def test_of_a_flood_of_attributes_the_newest_words_stay() -> None:
    story = Story().profiled(role="it")
    for number in range(100):
        story.after(minutes=1).says(Profiled({f"a{number}": number}))

    assert len(story.lead.profile) == ATTRIBUTES_MAX
    assert "role" not in story.lead.profile
    assert "a99" in story.lead.profile


def test_only_activities_of_the_definition_are_kept_count_of() -> None:
    story = mql(Story())
    for number in range(300):
        story.engaged(f"juggling_{number}")
    for activity in POLICY.activities:
        story.engaged(activity)

    assert len(story.lead.scores.accumulators) <= len(POLICY.activities)
    assert len(story.lead.touches.told_days) <= len(POLICY.activities)


def test_codes_heard_are_bounded_and_told_apart() -> None:
    story = sal(Story())
    for number in range(30):
        story.attempted(voice=Voice((f"p{number}", "price"), competitor=f"k{number % 2}"))

    person = story.lead.person
    assert len(person.pain_points) == CODES_MAX
    assert person.competitors == ("k0", "k1")
    assert story.attempted(voice=NO_VOICE).lead.person == person


def test_rejections_are_bounded_and_the_newest_stay() -> None:
    story = Story()
    for _ in range(8):
        story.after(days=1).engaged("demo_request").rejected("bad_timing")

    nos = story.lead.person.rejections
    assert len(nos) == REJECTIONS_MAX
    assert nos[-1].handover_id == "lead-1:h8"


def test_ended_deals_and_suspicions_are_bounded() -> None:
    story = sal(Story())
    for number in range(40):
        story.won(f"d{number}", "1")
    for number in range(40):
        story.profiled(role=("student", "it")[number % 2])

    assert len(story.lead.ended) == OPPORTUNITIES_ENDED_MAX
    assert len(story.lead.person.junk_told) <= JUNK_TOLD_MAX


def test_recycles_are_remembered_as_far_as_the_limit_needs_them() -> None:
    story = Story()
    for _ in range(6):
        sal(story).recycled("no_response")
        story.reinstated().after(days=1)

    assert len(story.lead.person.recycles) == POLICY.loops_max

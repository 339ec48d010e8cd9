"""Where a story's lead stands, asked so that a type checker lets it change."""

from lifecycle.stages import Stage
from tests.lifecycle.builders import Story


def stands(story: Story, stage: Stage) -> bool:
    return story.stage is stage

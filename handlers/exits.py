"""The exit codes of the command `baton`: a supervisor restarts on some and not on others."""

from enum import IntEnum


class Exit(IntEnum):
    """What the end of a process says."""

    OK = 0
    ERROR = 1
    USAGE = 2
    FENCED = 3
    REFUSAL_RATE = 4
    FAILED_RATE = 5
    PARTITION_COUNT = 6
    PARTIAL = 7
    OFFSETS_LOST = 8
    DIFFERENT = 9
    UNREADABLE_STATE = 10
    DATABASE = 11


class Stop(Exception):  # noqa: N818 - not every end is an error
    """The process has to end, with this code and a sentence for the person who finds out."""

    def __init__(self, code: Exit, sentence: str) -> None:
        """Keep the code and the sentence."""
        super().__init__(sentence)
        self.code = code

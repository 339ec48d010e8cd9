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

"""The errors that a person can do something about."""

from __future__ import annotations

from typing import ClassVar


class StudyError(Exception):
    """Bad input. The message says the rule, the value received and the next action; the CLI prints it and exits 2."""

    exit_code: ClassVar[int] = 2


class MachineError(StudyError):
    """Not the input but what a study runs on: a full disk, a record that cannot be written. Mend it and run again."""

    exit_code = 1


class RunAgain(StudyError):
    """What a study ran on was lost, and nothing is wrong: the same command goes on where it ended."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h, for which batch systems can be told to try again

"""The harness's progress output: one line each, and the remaining time."""

import sys
import time


class Failed(Exception):
    """An error; the text is one clear line."""


def say(text):
    print(f"bench: {text}", flush=True)


def warn(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Outcome:
    """The errors so far. Each is printed when it happens; the exit code reports them at the end."""

    def __init__(self):
        self.failures = 0
        self.skips = 0

    def failed(self, text):
        """A part failed; the rest continues."""
        self.failures += 1
        warn(text)

    def skipped(self, text):
        """Skipped because a tool is missing."""
        self.skips += 1
        warn(text)

    def exit_code(self):
        if self.failures:
            return 1
        return 3 if self.skips else 0


class Clock:
    """The remaining time, estimated from the duration of the steps so far."""

    def __init__(self, steps, seconds_a_step):
        self.steps, self.done, self.guess = steps, 0, seconds_a_step
        self.started = time.monotonic()

    def step(self):
        self.done += 1

    def left(self):
        spent = time.monotonic() - self.started
        # The guess counts as three steps, so that the first figures do not jump.
        average = (spent + 3 * self.guess) / (self.done + 3)
        return told(average * max(0, self.steps - self.done))


def told(seconds):
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"

#!/usr/bin/env python3
"""`APP check`: checked.c has calls with a mistake each, and beside each what the check says of its line."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test
from shared_postgres import server

SOURCE = os.path.join(harness.ROOT, "tests", "server", "checked.c")
COMMENT = re.compile(r"/\* (?:(sqlite|postgres): )?((?:error|warning|note): .*?\]) \*/")


def wanted(engine):
    """(line, words) of each comment that is for the engine."""
    with open(SOURCE, encoding="utf-8") as file:
        return sorted((number, found[1]) for number, line in enumerate(file, 1) for found in COMMENT.findall(line)
                      if found[0] in ("", engine))


class Place:
    """An empty folder, in which the program is run."""

    databases = 0

    def __init__(self, engine="sqlite"):
        self.engine = engine
        self.folder = tempfile.TemporaryDirectory(prefix="tern-check-")
        self.database = None
        self.words = []
        if engine == "postgres":
            Place.databases += 1
            self.database = f"check{Place.databases}"
            server().psql(f"create database {self.database}", "postgres")
            self.words = ["--database-url", server().url(self.database)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *words, program="checked", url=True):
        env = harness._settings({"ASAN_OPTIONS": "detect_stack_use_after_return=0"})
        done = subprocess.run([harness.program(program), *words, *(self.words if url else [])], cwd=self.folder.name, env=env,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        check("Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr)
        return done.returncode, done.stdout, done.stderr


def on_both(function):
    for engine in ("sqlite", "postgres"):
        def one(engine=engine):
            with Place(engine) as place:
                function(place)
        one.__name__ = f"{function.__name__}_on_{engine}"
        test(one)
    return function


def found(out):
    """(line, words) of each line but the summary."""
    lines = [re.fullmatch(r".*checked\.c:(\d+): (.*)", line) for line in out.splitlines()[:-1]]
    check(all(lines), out)
    return sorted((int(line[1]), line[2]) for line in lines)


@on_both
def each_mistake_is_told_with_its_line_and_nothing_else_is(place):
    code, out, err = place.run("check")
    check_equal(err, "")
    check_equal(code, 1)
    for one in wanted(place.engine):
        check(one in found(out), f"{one} is not told; of its line there is "
                                 f"{[words for number, words in found(out) if number == one[0]]}")
    check_equal([one for one in found(out) if one not in wanted(place.engine)], [], "what else is told")


if __name__ == "__main__":
    sys.exit(harness.main())

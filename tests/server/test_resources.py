"""Resources whose rows are not visible to every client: a program of tests (resources.c)."""

import subprocess
import sys

import harness
from harness import check_equal, test


@test
def the_tests_of_resources_pass():
    done = subprocess.run([harness.program("resources"), "--tap"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    check_equal(done.returncode, 0, done.stdout.decode("utf-8", "replace"))


@test
def a_database_in_memory_is_refused_to_several_workers():
    done = subprocess.run([harness.program("resources"), "run", "--workers", "2", "--port", "0"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20, check=False)
    check_equal((done.returncode, done.stderr.decode()),
                (1, "resources: database: with sqlite::memory: each of the 2 workers would have a database of its own; "
                    "use --workers 1, or a file\n"))


if __name__ == "__main__":
    sys.exit(harness.main(programs=("resources",)))

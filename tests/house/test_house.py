"""Tests of the scripts and the build: what the other tests rely on."""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
import run as runner  # noqa: E402  (tests/run.py, the runner under test)


TESTS = []


def test(function):
    TESTS.append(function)
    return function


def ran(command, **more):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          stdin=subprocess.DEVNULL, **more)


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def layer_check(folder):
    return ran(["cmake", f"-DROOT={folder}", "-P", "cmake/layers.cmake"])


@test
def layer_check_accepts_a_downward_include(folder):
    write(folder, "src/app/a.c", '#include "base/mem.h"\n#include <tern/app.h>\n#include <stdio.h>\n')
    assert layer_check(folder).returncode == 0


@test
def layer_check_refuses_an_upward_include(folder):
    write(folder, "src/base/a.c", '#include "http/h1/head.h"\n')
    done = layer_check(folder)
    assert done.returncode != 0 and "src/base/a.c includes http/h1/head.h" in done.stderr


@test
def layer_check_refuses_an_upward_public_include(folder):
    write(folder, "src/runtime/a.h", "#include <tern/app.h>\n")
    done = layer_check(folder)
    assert done.returncode != 0 and "src/runtime/a.h includes tern/app.h" in done.stderr


@test
def layer_check_refuses_the_application_header_inside(folder):
    write(folder, "src/app/a.c", "#include <tern.h>\n")
    assert layer_check(folder).returncode != 0


@test
def layer_check_refuses_a_private_include_in_a_public_header(folder):
    write(folder, "include/tern/a.h", '#include "base/mem.h"\n')
    assert layer_check(folder).returncode != 0


@test
def layer_check_accepts_middleware_on_public_headers(folder):
    write(folder, "src/middleware/a.c", "#include <tern/middleware.h>\n#include <string.h>\n#include <sys/time.h>\n")
    assert layer_check(folder).returncode == 0


@test
def layer_check_refuses_a_private_include_in_middleware(folder):
    for line in '#include "app/ctx.h"', "#include <app/ctx.h>", '#include "base/text.h"', '#include "runtime/coro.h"':
        write(folder, "src/middleware/a.c", line + "\n")
        done = layer_check(folder)
        assert done.returncode != 0 and "src/middleware/a.c includes " in done.stderr, line


@test
def layer_check_refuses_a_public_header_of_no_layer(folder):
    write(folder, "src/app/a.c", "#include <tern/nowhere.h>\n")
    assert layer_check(folder).returncode != 0


@test
def lint_reports_a_comment_that_names_something_missing(folder):
    shutil.copy(os.path.join(ROOT, "scripts/lint"), write(folder, "scripts/lint", ""))
    write(folder, "src/base/a.c", "/* See buf_add and\n * buf_append_all. */\nint buf_add(void);\n")
    done = ran([os.path.join(folder, "scripts/lint"), "comments"])
    assert done.returncode == 1 and "src/base/a.c:2: no `buf_append_all` exists" in done.stdout, done.stdout
    assert "buf_add`" not in done.stdout


def counted(folder, script, **more):
    count = runner.Count()
    path = write(folder, "program.py", script)
    stdout, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")
    try:
        runner.tap(count, runner.Job("program", [sys.executable, path], **more).run())
    finally:
        sys.stdout.close()
        sys.stdout = stdout
    return count.passed, len(count.failures), count.skipped


@test
def runner_counts_passed_failed_and_skipped_tests(folder):
    script = "print('ok 1 - a\\nnot ok 2 - b\\nok 3 - c # SKIP no tool\\n1..3'); raise SystemExit(1)"
    assert counted(folder, script) == (1, 1, 1)


@test
def runner_counts_a_program_that_dies_after_its_tests_as_failed(folder):
    assert counted(folder, "import os; print('ok 1 - a', flush=True); os.abort()") == (1, 1, 0)


@test
def runner_counts_a_program_without_tests_as_failed(folder):
    assert counted(folder, "print('nothing here')") == (0, 1, 0)


@test
def runner_ends_a_program_that_hangs(folder):
    assert counted(folder, "import time; print('ok 1 - a', flush=True); time.sleep(60)", timeout_s=1) == (1, 1, 0)


def is_one_line(done):
    return done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


@test
def setup_refuses_an_unknown_purpose_in_one_line(_folder):
    assert is_one_line(ran(["scripts/setup", "nonsense"]))


@test
def models_of_64_and_128_fields_and_100_of_10_compile(_folder):
    done = ran(["bench/compile_models", "--rounds", "1"])
    assert done.returncode == 0, done.stderr
    assert "100 x 10 fields" in done.stdout and "1 x 64 fields" in done.stdout and "1 x 128 fields" in done.stdout


@test
def demo_refuses_an_unknown_flag_in_one_line(_folder):
    assert is_one_line(ran(["scripts/demo", "--nonsense"]))


@test
def demo_refuses_an_invalid_port_in_one_line(_folder):
    for port in ("web", "65536", "-1", "8000x"):
        assert is_one_line(ran(["scripts/demo"], env=dict(os.environ, PORT=port)))


@test
def lint_refuses_an_unknown_check_in_one_line(_folder):
    assert is_one_line(ran(["scripts/lint", "nonsense"]))


@test
def bench_refuses_an_unknown_flag_in_one_line(_folder):
    assert is_one_line(ran(["scripts/bench", "--nonsense"]))


@test
def bench_refuses_a_duration_of_0_in_one_line(_folder):
    assert is_one_line(ran(["scripts/bench", "--duration", "0"]))


def main():
    failed = 0
    for number, check in enumerate(TESTS, 1):
        folder = tempfile.mkdtemp(prefix="tern-house-")
        try:
            check(folder)
            print(f"ok {number} - {check.__name__}", flush=True)
        except AssertionError:
            failed += 1
            print(f"not ok {number} - {check.__name__}", flush=True)
        finally:
            shutil.rmtree(folder)
    print(f"1..{len(TESTS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs every test of Tern and counts them; scripts/test calls it after the set-up.

Test programs speak TAP: a line `ok N - name` or `not ok N - name` for each test, `# SKIP` after a skipped one.
A build or tool step counts as one test. The last line printed is `N passed, N failed` (`, N skipped`).
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import postgres

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AARCH64 = "/usr/aarch64-linux-gnu"  # where the cross compiler keeps the C library
TAP_LINE = re.compile(r"^(not ok|ok)\b\s*\d*\s*-?\s*(.*)$")
STARTED = time.monotonic()
JOBS = str(max(2, os.cpu_count() or 2))
ALONE = ("server data_pings", "bench")  # these measure how long things take
AS_SHIPPED_ALIKE = ("server migrate", "server undone", "server openapi", "server agreement", "server rebuilds",
                    "server acme", "server listening", "server interim", "server files", "server fuzz",
                    "server schema", "server tagging", "server bodies", "server idle")


class Count:
    """The counts of passed, failed and skipped tests so far."""

    def __init__(self):
        self.passed = self.skipped = 0
        self.failures = []
        self.flaky = []  # names of jobs that failed beside others and passed alone
        self.retried = []  # jobs that failed beside others; their failures are not counted yet
        self.threats = set()  # rows of the threat list that a passed test names

    def one(self, name, is_ok):
        if is_ok:
            self.passed += 1
        else:
            self.failures.append(name)


def say(text):
    seconds = time.monotonic() - STARTED
    print(f"[{int(seconds) // 60:02d}:{seconds % 60:04.1f}] {text}", flush=True)


def settings():
    """The environment of every step: no colour, sanitizers strict, ccache in the build folder when it is there."""
    env = dict(os.environ, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=0")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    if shutil.which("ccache"):
        env["CMAKE_C_COMPILER_LAUNCHER"] = "ccache"
        env["CCACHE_DIR"] = os.path.join(ROOT, "build", "ccache")
    return env


def run(command, timeout_s, env):
    """Runs a command in a process group of its own; returns its exit status (None when it took too long, 127 when the
    program does not exist) and its output."""
    try:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as reason:
        return 127, f"{reason}\n"
    try:
        output, _ = process.communicate(timeout=timeout_s)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status = None
    return status, output.decode("utf-8", "replace")


def show_end(output, lines):
    for line in output.rstrip().splitlines()[-lines:]:
        print("    " + line)


def without_progress(output):
    """A build's or test program's output without the lines of successes."""
    return "\n".join(line for line in output.splitlines() if not re.match(r"\[\d+/\d+\] |ok \d+ ", line))


def step(count, name, command, timeout_s=900):
    """Runs a command that must succeed, as one test."""
    return tell_step(count, name, *run(command, timeout_s, settings()))


def tell_step(count, name, status, output):
    count.one(name, status == 0)
    if status == 0:
        say(f"ok       {name}")
    else:
        say(f"FAILED   {name} ({'too slow' if status is None else f'exit {status}'})")
        show_end(without_progress(output), 60)
    return status == 0


class Job:
    """A program that prints a TAP line for each test, and its result after the run."""

    def __init__(self, name, command, timeout_s=300, may_be_empty=False):
        self.name, self.command, self.timeout_s, self.may_be_empty = name, command, timeout_s, may_be_empty
        self.status, self.output, self.seconds = None, "", 0.0

    def run(self):
        began = time.monotonic()
        self.status, self.output = run(self.command, self.timeout_s, settings())
        self.seconds = time.monotonic() - began
        return self


def tap(count, job, is_last=True):
    """Counts and reports the tests of a finished job. Unless this is its last run, a job that failed counts nothing and
    is kept for one more run, alone."""
    passed = skipped = 0
    failed = []
    for line in job.output.splitlines():
        match = TAP_LINE.match(line)
        if match is None:
            continue
        if match.group(1) == "not ok":
            failed.append(f"{job.name}: {match.group(2)}")
        elif re.search(r"# *skip", match.group(2), re.IGNORECASE):
            skipped += 1
        else:
            passed += 1
            count.threats.update(re.findall(r"\bthreat_(\d{3})_", match.group(2)))
    if job.status is None:
        failed.append(f"{job.name}: took longer than {job.timeout_s} s")
    elif job.status != 0 and not failed:
        failed.append(f"{job.name}: exit {job.status}")
    elif passed + skipped + len(failed) == 0 and not job.may_be_empty:
        failed.append(f"{job.name}: ran no test")
    if failed and not is_last:
        count.retried.append(job)
    else:
        count.passed += passed
        count.skipped += skipped
        count.failures += failed
    if passed + skipped + len(failed) > 0:
        tail = f", {skipped} skipped" if skipped else ""
        say(f"{'FAILED  ' if failed else 'ok      '} {job.name}: {passed} passed, {len(failed)} failed{tail}"
            f" ({job.seconds:.1f} s)")
    if failed:
        show_end(without_progress(job.output), 60)


def side_by_side(count, queues, waiting=0):
    """Runs queues of jobs on as many threads as there are cores, and `waiting` more for jobs that mostly wait. The jobs
    of one queue share something, such as a database, and run one after the other. A job that fails runs once more when
    the others are done: a test of time may fail because of its neighbours. The report names it FLAKY."""
    def run_queue(queue):
        for job in queue:
            job.run()
            with telling:
                tap(count, job, is_last=False)

    telling = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(max_workers=int(JOBS) + waiting) as pool:
        list(pool.map(run_queue, queues))
    for job in count.retried:
        failures = len(count.failures)
        tap(count, job.run())
        if len(count.failures) == failures:
            count.flaky.append(job.name)
            say(f"FLAKY    {job.name}: failed beside other tests, passes alone")
    count.retried.clear()


def build(count, preset, title):
    configure = ["cmake", "--preset", preset]
    if preset in ("debug", "fuzz") and shutil.which("mold"):  # a fifth of the time; what ships uses the usual linker
        configure.append("-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold")
    if not step(count, f"{title}: configures", configure):
        return False
    return step(count, f"{title}: builds without a warning",
                ["cmake", "--build", f"build/{preset}", "--", "-j", JOBS, "-k", "0"])


def unit_programs(preset):
    """(name, program) of every unit test source: a program that was not built is a failure."""
    for source in sorted(glob.glob(os.path.join(ROOT, "tests/unit/*/*.c"))):
        layer = os.path.basename(os.path.dirname(source))
        name = os.path.basename(source)[:-2]
        yield f"unit {layer} {name}", os.path.join(ROOT, f"build/{preset}/tests/unit/unit_{layer}_{name}")


def unit_queues(count, preset, word=None, emulator=(), database=()):
    """Queues of the unit tests' jobs; the tests of data share a database and its misbehaving proxy."""
    data, queues = [], []
    for name, program in unit_programs(preset):
        shown = f"{name} ({preset})"
        if not os.path.exists(program):
            if word is None or word in name:
                count.one(shown, False)
                say(f"FAILED   {shown}: not built")
            continue
        by_test = word is not None and word not in name
        before = [*emulator, *(database if name.startswith("unit data") else ())]
        job = Job(shown, [*before, program, *([word] if by_test else [])], may_be_empty=by_test)
        if name.startswith("unit data"):
            data.append(job)
        else:
            queues.append([job])
    return [data, *queues]  # the longest queue first


def example_queues(preset, word=None):
    """The examples' own tests, as a user writes them."""
    for source in sorted(glob.glob(os.path.join(ROOT, "examples/*/tests.c"))):
        name = os.path.basename(os.path.dirname(source))
        if word is None or word in f"example {name}":
            yield [Job(f"example {name} ({preset})",
                       [os.path.join(ROOT, f"build/{preset}/examples/{name}_tests"), "--tap", "--jobs", JOBS])]


def python_tests():
    """Test programs in Python, the longest first: (name, path)."""
    for folder in ("docs", "server", "browser", "differential", "house", "bench", "fault", "package"):
        for path in sorted(glob.glob(os.path.join(ROOT, f"tests/{folder}/test_*.py"))):
            yield f"{folder} {os.path.basename(path)[5:-3]}", path


def fuzz(source):
    """(name, exit status, output) of a fuzz target's few seconds, from its corpus."""
    name = os.path.basename(source)[:-2]
    found = os.path.join(ROOT, "build/fuzz/found", name)
    os.makedirs(found, exist_ok=True)
    corpus = [folder for folder in (os.path.join(ROOT, "tests/fuzz/corpus", name),
                                    os.path.join(ROOT, "tests/fuzz", name)) if os.path.isdir(folder)]
    words = glob.glob(os.path.join(ROOT, "tests/fuzz", f"{name}.dict"))
    program = os.path.join(ROOT, f"build/fuzz/tests/fuzz/fuzz_{name}")
    if not os.path.exists(program):
        return name, 127, "not built"
    return name, *run([program, "-max_total_time=5", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                       f"-artifact_prefix={found}/", *[f"-dict={w}" for w in words], found, *corpus], 120, settings())


def run_fuzz(count):
    """Runs every fuzz target briefly: it must start, and no known input may crash it. Runs as many in parallel as there
    are cores."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=int(JOBS)) as pool:
        for name, status, output in pool.map(fuzz, sorted(glob.glob(os.path.join(ROOT, "tests/fuzz/*.c")))):
            tell_step(count, f"fuzz {name}: 5 s find no crash", status, output)


def hello_answers(emulator):
    """Whether the example, run by an emulator, answers a request and stops on a signal."""
    sys.path.insert(0, os.path.join(ROOT, "tests/server"))
    import harness
    hello = os.path.join(ROOT, "build/aarch64/examples/hello")
    try:
        with harness.Program([*emulator, hello, "--port", "0", "--workers", "1"]) as server:
            server.wait_until_listening()
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=10) as reply:
                return reply.read() == b'{"message":"Hello, World!"}'
    except (AssertionError, OSError) as reason:
        print(f"    {reason}")
        return False


def has_aarch64():
    return all(map(shutil.which, ("aarch64-linux-gnu-gcc", "qemu-aarch64"))) and os.path.exists(
        os.path.join(AARCH64, "include/stdio.h"))


def run_aarch64(count):
    """Builds everything for 64-bit ARM, and runs the unit tests and an example under qemu."""
    emulator = ["qemu-aarch64", "-L", AARCH64]
    if not build(count, "aarch64", "64-bit ARM (gcc)"):
        return
    with postgres.for_unit_tests(wanted=False) as database:
        side_by_side(count, unit_queues(count, "aarch64", emulator=emulator, database=database))
    is_ok = hello_answers(emulator)
    count.one("64-bit ARM: examples/hello answers", is_ok)
    say(f"{'ok      ' if is_ok else 'FAILED  '} 64-bit ARM: examples/hello answers")


def python_jobs():
    """The test programs in Python, and those of servers again with the release build: other stack frames, other timing,
    no sanitizer's handlers. Tests of commands and documents run once."""
    for name, path in python_tests():
        yield Job(name, [sys.executable, path], timeout_s=600)
        if name.startswith("server") and name not in AS_SHIPPED_ALIKE:
            yield Job(f"{name} (release)", ["env", "TERN_TEST_PRESET=release", sys.executable, path], timeout_s=600)


def run_all(count):
    build(count, "debug", "debug (gcc, ASan, UBSan)")
    build(count, "release", "release (gcc, hardened)")
    with postgres.for_unit_tests() as debug, postgres.for_unit_tests() as release:
        side_by_side(count, [*unit_queues(count, "debug", database=debug),
                             *unit_queues(count, "release", database=release),
                             *example_queues("debug"), *example_queues("release")])
    jobs = list(python_jobs())
    side_by_side(count, [[job] for job in jobs if not job.name.startswith(ALONE)], waiting=1)
    for job in jobs:
        if job.name.startswith(ALONE):
            tap(count, job.run())
    build(count, "fuzz", "everything (clang, ASan, UBSan)")
    tap(count, Job("lint", [sys.executable, "scripts/lint"], timeout_s=1800).run())
    run_fuzz(count)
    if has_aarch64():
        run_aarch64(count)
    else:
        count.skipped += 1
        say("SKIPPED  64-bit ARM: no cross compiler or qemu here; scripts/test-aarch64 installs them")


def run_quick(count, word):
    build(count, "debug", "debug (gcc, ASan, UBSan)")
    with postgres.for_unit_tests() as database:
        side_by_side(count, [*unit_queues(count, "debug", word, database=database), *example_queues("debug", word)])
    for name, path in python_tests():
        if word in name:
            if not name.startswith("server"):
                build(count, "release", "release (gcc, hardened)")
            tap(count, Job(name, [sys.executable, path], timeout_s=600).run())
    if word == "lint":
        tap(count, Job("lint", [sys.executable, "scripts/lint"], timeout_s=1800).run())
    if word == "fuzz":
        build(count, "fuzz", "everything (clang, ASan, UBSan)")
        run_fuzz(count)


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description="Run Tern's tests.")
    parser.add_argument("--quick", metavar="WORD", help="debug build only, and the tests whose name holds WORD")
    parser.add_argument("--aarch64", action="store_true", help="only the build for 64-bit ARM, under qemu")
    args = parser.parse_args()
    count = Count()
    if args.aarch64:
        run_aarch64(count)
    elif args.quick is not None:
        run_quick(count, args.quick)
    else:
        run_all(count)
    for name in count.flaky:
        print(f"FLAKY    {name}")
    for name in count.failures:
        print(f"FAILED   {name}")
    say(f"done; tests that passed name {len(count.threats)} rows of the threat list")
    skipped = f", {count.skipped} skipped" if count.skipped else ""
    print(f"{count.passed} passed, {len(count.failures)} failed{skipped}", flush=True)
    return 1 if count.failures or count.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

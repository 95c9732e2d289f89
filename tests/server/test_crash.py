"""An application's command line, and the reports of crashed workers: `crashing` on a free port.

Run one test with: test_crash.py WORD
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRESET = os.environ.get("TERN_TEST_PRESET", "debug")
PROGRAM = os.path.join(ROOT, "build", PRESET, "tests", "server", "crashing")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def environment(**more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TERN_")}
    return {**clean, "TERN_LOG_FORMAT": "json", **more}


class Service:
    """The program under test with its log; it is stopped, with all of its workers, at the end of the block."""

    def __init__(self, *flags, **env):
        self.process = subprocess.Popen([PROGRAM, "--port", "0", *flags], stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, env=environment(**env))
        self.lines = []

    def __enter__(self):
        line = self.wait_for_line("listening on")
        self.port = int(re.search(r":(\d+)\"", line).group(1))
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def wait_for_line(self, text):
        """Reads the log up to a line with `text`; the test's own time limit ends the wait."""
        while True:
            line = self.process.stderr.readline().decode("utf-8", "replace")
            check(line != "", f"the log ended without {text!r}: {self.lines}")
            self.lines.append(line)
            if text in line:
                return line

    def get(self, path):
        """The body of the answer; "" when the connection ended without one."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            try:
                while piece := connection.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
        return answer.split(b"\r\n\r\n", 1)[-1].decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        # Not communicate(): it would skip what readline has already buffered.
        self.lines += self.process.stderr.read().decode("utf-8", "replace").splitlines()
        return self.process.wait(timeout=20)


def ran(*flags, **env):
    return subprocess.run([PROGRAM, *flags], capture_output=True, text=True, env=environment(**env), check=False,
                          timeout=20)


@test
def threat_108_crashed_worker_is_replaced_and_its_request_named():
    with Service("--workers", "1") as service:
        before = service.get("/pid")
        check(service.get("/crash/7") == "", "the crash was answered")
        event = json.loads(service.wait_for_line("crashed:"))
        after = service.get("/pid")
        check(before != after and after.isdigit(), f"worker {before} became {after!r}")
        check(event["level"] == "error" and event["signal"] == "SIGSEGV", str(event))
        check(str(event["worker_pid"]) == before, str(event))
        check(re.fullmatch(r"GET /crash/7 route=/crash/\{id\} request=[0-9a-f]{32}", event["serving"]), str(event))
        frames = event["backtrace"].splitlines()
        check(re.fullmatch(r"#0 spoil_a_title\+0x\w+ \(crashing\)( at crashing\.c:\d+)?", frames[0]), str(frames))
        check(shutil.which("addr2line") is None or " at crashing.c:" in frames[0], str(frames))
        check(frames[1].startswith("#1 crash_run+0x"), str(frames))
        check(service.stop() == 0, "exit code")


@test
def threat_120_stack_overflow_in_a_handler_takes_one_worker_and_is_named():
    with Service("--workers", "1") as service:
        check(service.get("/overflow") == "", "the overflow was answered")
        event = json.loads(service.wait_for_line("crashed:"))
        check("SIGSEGV (stack overflow)" in event["message"], str(event))
        check("climb_for_ever+0x" in event["backtrace"] and " times" in event["backtrace"], str(event))
        check(service.get("/pid").isdigit(), "nobody serves")


@test
def threat_122_a_frame_larger_than_the_guard_is_a_report_that_names_the_route_and_touches_no_other_request():
    for how, function in (("array", "fill_low_end"), ("unprobed", "fill_low_end_unprobed"),
                          ("alloca", "fill_low_end_of_alloca")):
        with Service("--workers", "1") as service:
            others = [socket.create_connection(("127.0.0.1", service.port), 10) for _ in range(8)]
            for other in others:  # their stacks are on both sides of it
                other.sendall(b"GET /keep HTTP/1.1\r\nHost: t\r\n\r\n")
                service.wait_for_line("kept")
            check(service.get(f"/deep/{how}") == "", "the overflow was answered")
            event = json.loads(service.wait_for_line("crashed:"))
            said = re.search(r"SIGSEGV \(stack overflow in a frame of (\d+) bytes\)", event["message"])
            check(said is not None and 200000 <= int(said.group(1)) < 480000, str(event))
            check(event["serving"].startswith(f"GET /deep/{how} route=/deep/{{how}} "), str(event))
            check(event["backtrace"].startswith(f"#0 {function}+0x"), str(event))
            check(service.get("/pid").isdigit(), "nobody serves")
            for other in others:
                other.close()


@test
def crash_report_of_abort_names_the_handler():
    with Service("--workers", "1") as service:
        service.get("/abort")
        event = json.loads(service.wait_for_line("crashed:"))
        check(event["signal"] == "SIGABRT" and "give_up_run+0x" in event["backtrace"], str(event))


@test
def crash_without_a_master_is_reported_and_ends_the_process():
    with Service("--workers", "0") as service:
        service.get("/crash/7")
        line = service.wait_for_line("crashed:")
        check("serving GET /crash/7 route=/crash/{id} request=" in line, line)
        check("spoil_a_title+0x" in service.wait_for_line("#0 "), "frame 0")
        status = service.process.wait(20)
        check(status == -signal.SIGSEGV if PRESET != "debug" else status != 0, f"status {status}")


@test
def start_and_stop_functions_run_once_in_each_worker_in_mirrored_order():
    for workers in ("0", "1"):
        with Service("--workers", workers) as service:
            service.get("/pid")
            check(service.stop() == 0, "exit code")
            said = re.findall(r'"message":"((?:started|stopped) \w+)"', "\n".join(service.lines))
            check(said == ["started first", "started second", "stopped second", "stopped first"], str(said))


@test
def start_function_that_returns_false_stops_the_service():
    done = ran("--port", "0", "--workers", "0", CRASHING_START="refuse")
    check(done.returncode != 0, f"exit code {done.returncode}")
    check("a function given to tern_on_start returned false" in done.stderr, done.stderr)


@test
def settings_reach_the_server():
    with Service("--workers", "1", "--max-url", "100", TERN_HOST="127.0.0.1") as service:
        check(service.get("/pid").isdigit(), "a short path")
        check("414" in service.get("/" + "x" * 200), "a long path")


@test
def command_line_mistake_is_one_line_and_exit_code_1():
    for flags, text in (
        (["--port", "99999"], 'crashing: --port: "99999" is not a port (1 to 65535; 0 picks a free one)\n'),
        (["--prot", "1"], "crashing: --prot: there is no such flag; did you mean --port? (--help lists them all)\n"),
        (["rotes"], "crashing: rotes: there is no such command; did you mean routes? (--help lists them all)\n"),
    ):
        done = ran(*flags)
        check((done.returncode, done.stdout, done.stderr) == (1, "", text), str(done))


@test
def routes_and_check_and_version_and_help_print_and_leave():
    for flag, text in (("routes", "/crash/{id}"), ("--check", "crashing: 10 routes and the settings are valid"),
                       ("--version", "Crashing 0.1"), ("--help", "--max-request-memory SIZE")):
        done = ran(flag)
        check(done.returncode == 0 and text in done.stdout and done.stderr == "", str(done))


@test
def check_refuses_routes_with_mistakes():
    for flag in ("--check", "run", "routes"):
        done = ran(flag, CRASHING_ROUTES="twice")
        check(done.returncode == 1 and "crashing: cannot start:\n" in done.stderr, str(done))
        check(done.stderr.count("crashing.c:") >= 2, str(done))


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    failed = number = 0
    for function in TESTS:
        if word not in function.__name__:
            continue
        number += 1
        try:
            signal.alarm(60)
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:
            failed += 1
            sys.stderr.write("# " + traceback.format_exc().replace("\n", "\n# ") + "\n")
            print(f"not ok {number} - {function.__name__}", flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


sys.exit(main())

"""Compiles and runs every C program in README.md, docs/*.md and docs/tutorial/*.md, and the commands that follow it: curl
for a service, `./tests` for a program of tests. A program with a database answers the same from SQLite and PostgreSQL.

    test_docs.py [WORD]    only the pages with WORD in their name
"""

import difflib
import glob
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TERN_DEVELOPMENT", "on")  # programs with secrets get a key of their own
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
import postgres  # pylint: disable=wrong-import-position
import redis  # pylint: disable=wrong-import-position
from ports import free_port  # pylint: disable=wrong-import-position

BUILD = os.path.join(ROOT, "build/debug")
FENCE = re.compile(r"^```(\w*)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
# Header lines whose value differs each time.
VARIES = re.compile(r"^(date|x-request-id): .*$", re.IGNORECASE)


class Wrong(Exception):
    """A block of the documentation does not do what the text says."""


def flags():
    """The project's own compiler flags, read from the build, without those that name a file."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            if entry["file"].endswith("examples/hello/main.c"):
                words = shlex.split(entry["command"])
                while os.path.basename(words[0]) == "ccache":
                    words.pop(0)
                return words[0], [word for word in words[1:words.index("-o")]]
    raise Wrong("examples/hello is not in the debug build")


def programs(word):
    """(name, source, console text or None) of every C block that is a whole program, on pages with `word` in their name."""
    pages = sorted(glob.glob(os.path.join(ROOT, "docs/*.md"))) + sorted(glob.glob(os.path.join(ROOT, "docs/tutorial/*.md")))
    for path in [os.path.join(ROOT, "README.md"), *pages]:
        if word not in os.path.relpath(path, ROOT):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        blocks = list(FENCE.finditer(text))
        for index, block in enumerate(blocks):
            if block.group(1) != "c" or "int main" not in block.group(2):
                continue
            console = None
            if index + 1 < len(blocks) and blocks[index + 1].group(1) == "console":
                console = blocks[index + 1].group(2)
            line = text.count("\n", 0, block.start()) + 1
            yield f"{os.path.relpath(path, ROOT)} line {line}", block.group(2), console


def compile_program(source, folder):
    compiler, words = flags()
    path, program = os.path.join(folder, "main.c"), os.path.join(folder, "app")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    libraries = ["-lpcre2-8"] if "-DTERN_WITH_PCRE2=1" in words else []
    libraries += ["-lsqlite3"] if "-DTERN_WITH_SQLITE=1" in words else []
    done = subprocess.run([compiler, *words, path, "-o", program, os.path.join(BUILD, "libtern.a"), *libraries,
                           "-pthread", "-lm"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Wrong("does not compile:\n" + done.stdout)
    return program


def wait_until_served(process, port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Wrong(f"the program ended at once, exit {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise Wrong("the program does not listen")


def commands(console):
    """(command, expected lines) of a console block."""
    found = []
    for line in console.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def same_line(want, seen):
    if VARIES.match(want) and VARIES.match(seen):
        return want.split(":")[0].lower() == seen.split(":")[0].lower()
    pattern = ".*".join(re.escape(part) for part in want.split("..."))
    return re.fullmatch(pattern, seen) is not None


def same(want, seen):
    """Whether the lines match; an expected line `...` matches any number of lines."""
    if not want:
        return not seen
    if want[0] == "...":
        return any(same(want[1:], seen[skip:]) for skip in range(len(seen) + 1))
    return bool(seen) and same_line(want[0], seen[0]) and same(want[1:], seen[1:])


def trimmed(lines):
    lines = [line.rstrip() for line in lines]
    while lines and lines[-1] == "":
        lines.pop()
    return lines


def compare(command, want, seen):
    want, seen = trimmed(want), trimmed(seen.splitlines())
    if not same(want, seen):
        diff = difflib.unified_diff(want, seen, "documented", "seen", lineterm="")
        raise Wrong(f"$ {command}\n" + "\n".join(diff))


def check_tests(program, folder, console, *flags_too):
    """Runs a program of tests and compares its output, as written to a pipe."""
    for command, want in commands(console):
        done = subprocess.run([program, *flags_too, *shlex.split(command)[1:]], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        compare(command, want, done.stdout)


def check_console(program, folder, console, *flags_too):
    port = free_port()
    process = subprocess.Popen([program, "--port", str(port), "--workers", "1", *flags_too], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_served(process, port)
        for command, want in commands(console):
            if re.search(r"(^|\| )curl ", command) is None:
                continue
            line = re.sub(r"(127\.0\.0\.1|localhost):8000\b", f"127.0.0.1:{port}", command)
            line = re.sub(r"(^|\| )curl ", r"\1curl -sS --max-time 10 ", line)
            done = subprocess.run(line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            compare(command, want, done.stdout.replace("\r", "").replace(f":{port}", ":8000"))
    finally:
        process.terminate()
        process.wait(timeout=20)


def check_on_postgres(check, server, program, folder, console):
    """Checks the same answers with an empty database of a server."""
    database = f"docs{server.psql('select count(*) from pg_database')}"
    server.psql(f"create database {database}")
    try:
        check(program, folder, console, "--database-url", server.url(database))
    except Wrong as reason:
        raise Wrong(f"on PostgreSQL: {reason}") from reason


def check_program(server, source, console):
    with tempfile.TemporaryDirectory(prefix="tern-docs-") as folder:
        program = compile_program(source, folder)
        if "tern_test_main" in source:
            check_tests(program, folder, console or "$ ./tests --list\n...")
            if server is not None and "tern_database" in source:
                check_on_postgres(check_tests, server, program, folder, console or "$ ./tests --list\n...")
            return
        done = subprocess.run([program, "--check"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise Wrong(f"--check exits {done.returncode}:\n{done.stdout}")
        if "tern_database" in source:
            done = subprocess.run([program, "check"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=60, check=False)
            if done.returncode != 0:
                raise Wrong(f"check exits {done.returncode}:\n{done.stdout}")
        if console is not None and "tern_redis" in source:
            if redis.is_installed():
                with redis.Server() as place:
                    check_console(program, folder, console, "--redis", place.url())
        elif console is not None:
            check_console(program, folder, console)
            if server is not None and "tern_database" in source:
                check_on_postgres(check_console, server, program, folder, console)


def check_all(server, found):
    failed = 0
    for number, (name, source, console) in enumerate(found, 1):
        what = "compiles, passes --check" + (" and answers as shown" if console else "")
        try:
            check_program(server, source, console)
            print(f"ok {number} - {name} {what}")
        except (Wrong, subprocess.TimeoutExpired) as reason:
            failed += 1
            print("\n".join(f"# {line}" for line in str(reason).splitlines()))
            print(f"not ok {number} - {name} {what}", flush=True)
    print(f"1..{len(found)}")
    return failed


def main():
    found = list(programs(sys.argv[1] if len(sys.argv) > 1 else ""))
    if all("tern_database" not in source for _, source, _ in found):
        failed = check_all(None, found)
    elif postgres.folder() is None:
        print("# PostgreSQL is not installed: programs with a database are tried with SQLite alone")
        failed = check_all(None, found)
    else:
        with postgres.Server() as server:
            failed = check_all(server, found)
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())

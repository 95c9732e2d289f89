#!/usr/bin/env python3
"""An SQLite file that can only be read: it is served, and never written to (resources.c)."""

import contextlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile

import harness
from harness import check, check_equal, test

NOBODY = 65534


PROGRAM_FOLDER = tempfile.TemporaryDirectory(prefix="tern-read-only-program-")


def runnable():
    """A copy of the application that the user `nobody` may run, too: only the owner may have access to the checkout's
    folder."""
    copy = os.path.join(PROGRAM_FOLDER.name, "resources")
    if not os.path.exists(copy):
        os.chmod(PROGRAM_FOLDER.name, 0o755)
        shutil.copy(harness.program("resources"), copy)
    return copy


def become_nobody():
    """In the child: permissions mean nothing to root. Its folder is one that this user may enter."""
    os.chdir(PROGRAM_FOLDER.name)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


class Place:
    """A folder with the application's tables in `app.db`, and one letter in them."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="tern-read-only-")
        os.chmod(self.folder, 0o755)
        self.file = os.path.join(self.folder, "app.db")
        self.url = f"sqlite:{self.file}"
        with self.serve(before=None) as server:
            reply = server.get("/letters", "Content-Type: application/json", method="POST", body=b'{"text":"first"}')
            check_equal(reply.status, 201)
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            database.execute("pragma wal_checkpoint(truncate)")
        return self

    def __exit__(self, *_):
        os.chmod(self.folder, 0o755)
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve(self, url=None, before=become_nobody):
        command = [runnable(), "run", "--port", "0", "--workers", "1", "--database-url", url or self.url]
        server = harness.Server.__new__(harness.Server)
        harness.Program.__init__(server, command, before=before)
        server.wait_until_listening()
        return server

    def refuse(self, url=None):
        """The message that is printed instead of serving."""
        command = [runnable(), "run", "--port", "0", "--workers", "1", "--database-url", url or self.url]
        program = harness.Program(command, before=become_nobody)
        check_equal(program.wait(), 1, "exit code")
        return "\n".join(program.lines)

    def leave_log(self, keep_index=False):
        """The file with a log that contains a second letter, as after a crash."""
        database = sqlite3.connect(self.file, isolation_level=None)
        database.execute("pragma wal_autocheckpoint = 0")
        database.execute("insert into letter select 2, 'second', weight, version, sent, changed from letter where id = 1")
        copy = os.path.join(self.folder, "copy")
        os.mkdir(copy)
        for name in ("app.db", "app.db-wal") + (("app.db-shm",) if keep_index else ()):
            shutil.copy(os.path.join(self.folder, name), copy)
        database.close()
        for name in os.listdir(self.folder):
            if name.startswith("app.db"):
                os.unlink(os.path.join(self.folder, name))
        for name in os.listdir(copy):
            os.rename(os.path.join(copy, name), os.path.join(self.folder, name))
        os.rmdir(copy)

    def close(self, file_mode=0o444, folder_mode=0o555):
        for name in os.listdir(self.folder):
            os.chmod(os.path.join(self.folder, name), file_mode)
        os.chmod(self.folder, folder_mode)


def check_served(place, reason, letters=1, url=None):
    before = sorted(os.listdir(place.folder))
    with place.serve(url) as server:
        for _ in range(3):
            reply = server.get("/letters")
            check_equal((reply.status, json.loads(reply.body)["total"]), (200, letters))
        check_equal(server.get("/letters/1").status, 200)
        for method, path, body in (("POST", "/letters", b'{"text":"no"}'), ("PATCH", "/letters/1", b'{"weight":2}'),
                                   ("PUT", "/letters/1", b'{"text":"no"}'), ("DELETE", "/letters/1", b"")):
            reply = server.get(path, "Content-Type: application/json", method=method, body=body)
            check_equal(reply.status, 503, method)
            check_equal(json.loads(reply.body)["detail"],
                        "the database can only be read at present")
        check_equal(server.count_logged("is served for reading only"), 1, "lines of the log")
        check(reason in server.logged("is served for reading only"), server.logged("is served for reading only"))
    return before


@test
def a_file_that_may_not_be_written_to_is_read():
    with Place() as place:
        os.chmod(place.folder, 0o777)
        os.chmod(place.file, 0o444)
        check_served(place, "(its file cannot be written to: Permission denied)")


@test
def a_file_in_a_folder_that_may_not_be_written_to_is_read():
    with Place() as place:
        place.close(file_mode=0o666)
        before = check_served(place, "(its folder cannot be written to: Permission denied)")
        check_equal(sorted(os.listdir(place.folder)), before)


@test
def a_file_with_the_log_of_a_crash_is_read_including_the_log():
    with Place() as place:
        place.leave_log()
        place.close()
        before = check_served(place, "(its file cannot be written to", letters=2)
        check_equal(sorted(os.listdir(place.folder)), before)


@test
def a_file_with_a_log_and_its_index_is_read_including_the_log():
    with Place() as place:
        place.leave_log(keep_index=True)
        place.close()
        check_served(place, "(its file cannot be written to", letters=2)


@test
def a_file_with_a_rollback_journal_is_read():
    with Place() as place:
        with contextlib.closing(sqlite3.connect(place.file)) as database:
            database.execute("pragma journal_mode = delete")
        place.close()
        check_served(place, "(its file cannot be written to")


@test
def the_url_may_ask_for_reading_only():
    with Place() as place:
        place.close(file_mode=0o666, folder_mode=0o777)
        check_served(place, "(its URL has mode=ro)", url=place.url + "?mode=ro")
    with Place() as place:
        place.close(file_mode=0o666, folder_mode=0o777)
        check_served(place, "(its URL has immutable=1)", url=place.url + "?immutable=1")
    with Place() as place:
        place.close(file_mode=0o666, folder_mode=0o777)
        check_served(place, "(its URL has mode=ro)", url=place.url + "?mode=ro&immutable=1")


@test
def another_process_may_write_a_file_that_this_one_reads():
    with Place() as place:
        os.chmod(place.folder, 0o777)
        os.chmod(place.file, 0o666)
        with place.serve(place.url + "?mode=ro") as server, contextlib.closing(sqlite3.connect(place.file)) as database:
            check_equal(json.loads(server.get("/letters").body)["total"], 1)
            database.execute("insert into letter select 2, 'second', weight, version, sent, changed from letter")
            database.commit()
            check_equal(json.loads(server.get("/letters").body)["total"], 2)


@test
def a_file_that_cannot_be_opened_is_named_with_the_reason():
    with Place() as place:
        place.close(file_mode=0o000)
        error = place.refuse()
        check(f"{place.url}: cannot be read: Permission denied" in error, error)
        error = place.refuse(f"sqlite:{place.folder}/none.db?mode=ro")
        check(f"sqlite:{place.folder}/none.db?mode=ro: No such file or directory" in error, error)
        error = place.refuse(f"sqlite:{place.folder}/none.db")
        check(f"the folder {place.folder} is not writable" in error, error)
        error = place.refuse(f"sqlite:{place.folder}/none/app.db")
        check(f"the folder {place.folder}/none does not exist" in error, error)
        os.chmod(place.folder, 0o700)
        error = place.refuse()
        check(f"{place.url}: the folder {place.folder} cannot be entered" in error, error)
        os.chmod(place.folder, 0o755)
        error = place.refuse(f"sqlite:{place.folder}")
        check("is not a file" in error, error)


@test
def a_file_that_is_not_a_database_is_named():
    with Place() as place:
        with open(place.file, "wb") as file:
            file.write(b"This is not a database at all." * 100)
        for mode in (0o666, 0o444):
            os.chmod(place.file, mode)
            error = place.refuse()
            check(f"{place.url}: file is not a database" in error, error)


@test
def an_interrupted_transaction_is_reported_as_blocking():
    with Place() as place:
        with contextlib.closing(sqlite3.connect(place.file, isolation_level=None)) as database:
            database.execute("pragma journal_mode = delete")
            database.execute("pragma cache_size = 1")
            many = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000) "
            rows = "select null, hex(randomblob(9)), weight, version, sent, changed from letter, n"
            database.execute(f"insert into letter {many + rows} where letter.id = 1")
            database.execute("begin")
            database.execute("update letter set text = hex(randomblob(9))")
            for name in ("app.db", "app.db-journal"):
                shutil.copy(os.path.join(place.folder, name), os.path.join(place.folder, "of-" + name))
            database.execute("rollback")
        os.unlink(place.file)
        for name in ("app.db", "app.db-journal"):
            os.rename(os.path.join(place.folder, "of-" + name), os.path.join(place.folder, name))
        place.close()
        error = place.refuse()
        check(place.url in error and "an interrupted transaction" in error, error)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("resources",)))

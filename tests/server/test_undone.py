"""Checks what tests of an application leave in its database: undone.c, with SQLite files and PostgreSQL."""

import glob
import os
import sqlite3
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test
from shared_postgres import server


class File:
    def __init__(self, folder):
        self.path = os.path.join(folder, "tests.db")
        self.url = "sqlite:" + self.path

    def ask(self, sql):
        with sqlite3.connect(self.path) as database:
            return str(database.execute(sql).fetchone()[0])


class Postgres:
    made = 0

    def __init__(self, _folder):
        Postgres.made += 1
        self.name = f"undone{Postgres.made}"
        server().psql(f"create database {self.name}", "postgres")
        self.url = server().url(self.name)

    def ask(self, sql):
        return server().psql(sql, self.name)


def run(folder, *words, url=None):
    """Runs the tests in `folder`; returns (exit code, output, errors)."""
    env = harness._settings({"TERN_DATABASE_URL": url} if url else {})
    done = subprocess.run([harness.program("undone"), *words], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def on_both(function):
    """Registers a test for each engine, with the engine's class."""
    for kind in (File, Postgres):
        def one(kind=kind):
            with tempfile.TemporaryDirectory(prefix="tern-undone-") as folder:
                function(folder, kind(folder))
        one.__name__ = f"{function.__name__}_in_{'a_file' if kind is File else 'postgres'}"
        test(one)
    return function


@on_both
def tests_of_an_empty_database_get_its_tables_and_leave_no_row(folder, database):
    code, output, errors = run(folder, "writes", "--jobs", "4", url=database.url)
    check_equal(code, 0, "exit code of\n" + output + errors)
    check_equal(database.ask("select count(*) from note"), "0", "rows")


@on_both
def a_test_that_fails_crashes_or_is_killed_leaves_no_row(folder, database):
    code, output, _ = run(folder, "in_the_end", "writes", "--jobs", "4", url=database.url)
    check_equal(code, 1, "exit code")
    for name in ("fails_in_the_end", "crashes_in_the_end", "hangs_in_the_end"):
        check(f"- {name}" in output and f"ok - {name}" not in output, output)
    check("not ok 1" not in output and "not ok 2" not in output, output)
    check_equal(database.ask("select count(*) from note"), "0", "rows")


@on_both
def tests_that_commit_come_last_and_what_they_do_not_remove_stays(folder, database):
    code, output, errors = run(folder, "stays", "writes", "--jobs", "4", url=database.url)
    check_equal([line.split(" - ")[1] for line in output.splitlines() if " - " in line and line[0] != "#"],
                ["writes_the_first", "writes_the_same", "stays_until_it_removes_it", "stays", "serves_a_row_that_stays"])
    check_equal(code, 1, "exit code of\n" + output + errors)  # the last one finds what the previous one has left
    check("ok 4 - stays" in output and "not ok 5" in output, output)
    check_equal(database.ask("select count(*) from note where text = 'Milk'"), "1", "rows")


@on_both
def writes_of_a_served_application_are_rolled_back_unless_the_test_commits(folder, database):
    words = ["serves_"] + (["does_not_see"] if isinstance(database, Postgres) else [])  # a file has one writer
    code, output, errors = run(folder, *words, "--database-url", database.url)
    check_equal(code, 0, "exit code of\n" + output + errors)
    check_equal(database.ask("select count(*) from note"), "1", "rows")


@on_both
def an_empty_database_gets_its_tables_by_the_migrations(folder, database):
    env = harness._settings({})
    for words in (["migrate", "make"], ["migrate", "make", "more", "--empty"]):
        subprocess.run([harness.program("undone"), "--serve", *words], cwd=folder, env=env, check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for path in glob.glob(os.path.join(folder, "migrations", "0002_more.*.sql")):
        with open(path, "r+", encoding="utf-8") as file:
            sql = file.read()
            file.seek(0)
            file.write("create table extra (id integer);\n" + sql)
    for _ in range(2):
        code, output, errors = run(folder, "writes", url=database.url)
        check_equal(code, 0, "exit code of\n" + output + errors)
    check_equal(database.ask("select count(*) from extra"), "0", "rows")
    check_equal(database.ask("select count(*) from note"), "0", "rows")


@on_both
def a_row_that_was_there_before_is_seen_and_stays(folder, database):
    run(folder, "stays", url=database.url)
    code, output, _ = run(folder, "writes_the_first", url=database.url)
    check_equal(code, 1, "exit code")
    check("the body is not the expected one" in output, output)
    check_equal(database.ask("select count(*) from note where text = 'Milk'"), "1", "rows")


@test
def without_a_url_each_test_has_a_database_in_memory_and_no_file_is_made():
    with tempfile.TemporaryDirectory(prefix="tern-undone-") as folder:
        code, output, errors = run(folder, "writes", "the_served_rows", "stays_until", "--jobs", "4")
        check_equal(code, 0, "exit code of\n" + output + errors)
        check_equal(os.listdir(folder), [])


@test
def tests_wait_for_another_program_of_tests_that_has_the_file():
    with tempfile.TemporaryDirectory(prefix="tern-undone-") as folder:
        url = File(folder).url
        with subprocess.Popen([harness.program("undone"), "hangs_in_the_end", "--database-url", url], cwd=folder,
                              env=harness._settings({}), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as other:
            code, output, errors = run(folder, "writes", url=url)
            check_equal(code, 0, "exit code of\n" + output + errors)
            check_equal(other.wait(60), 1, "exit code of the other")


@test
def an_unreachable_database_is_reported_once():
    code, output, errors = run("/tmp", "writes", url="postgres://nobody@127.0.0.1:1/nothing")
    check_equal(code, 1, "exit code")
    check_equal(output, "")
    check_equal(len(errors.splitlines()), 1, "lines of\n" + errors)
    check("undone: database: " in errors, errors)


@test
def tables_that_differ_from_the_models_are_reported_once_with_the_command_to_run():
    with tempfile.TemporaryDirectory(prefix="tern-undone-") as folder:
        file = File(folder)
        with sqlite3.connect(file.path) as database:
            database.execute("create table other (id integer)")
        code, output, errors = run(folder, "writes", url=file.url)
        check_equal(code, 1, "exit code")
        check_equal(output, "")
        check("the database has tables that neither a migration" in errors, errors)


@test
def the_tests_of_an_example_pass_on_postgres_as_in_memory():
    database = Postgres(None)
    for url in (None, database.url):
        with tempfile.TemporaryDirectory(prefix="tern-undone-") as folder:
            words = [harness.program("todo_tests"), *(["--database-url", url] if url else [])]
            done = subprocess.run(words, cwd=folder, env=harness._settings({}), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
            check_equal(done.returncode, 0, "exit code of\n" + done.stdout)
            check_equal(os.listdir(folder), [])
    check_equal(database.ask("select count(*) from todo"), "0", "rows")


@test
def the_tests_of_the_data_layer_leave_no_rows():
    one = server()
    one.psql("create database units", "postgres")
    for name in ("unit_data_kinds", "unit_data_queries", "unit_data_transactions"):
        path = os.path.join(harness.ROOT, "build", harness.PRESET, "tests/unit", name)
        done = subprocess.run([path, "in_postgres"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=False,
                              env={**os.environ, "TERN_TEST_POSTGRES": one.url("units")})
        check_equal(done.returncode, 0, name)
        check_equal(one.psql("select count(*) from pg_class where relnamespace = 'public'::regnamespace", "units"),
                    "0", f"tables and indexes after {name}")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("undone",)))

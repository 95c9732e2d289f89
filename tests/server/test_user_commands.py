#!/usr/bin/env python3
"""`APP users` on both engines, with a terminal where it asks for passwords (user_commands.c)."""

import json
import os
import pty
import select
import subprocess
import sys
import termios
import time

import harness
from harness import check, check_equal, test
from migrate_place import Place, on_both

GOOD, OTHER = "correct-horse-battery-9", "seven-blue-llamas-dance"
ENV = {"TERN_DEVELOPMENT": "on"}


class Users:
    """The program in a folder of its own, with the database of a place."""

    def __init__(self, place, **env):
        self.place = place
        self.env = harness._settings({**ENV, **env, "TERN_DATABASE_URL": place.url,
                                      "ASAN_OPTIONS": "detect_stack_use_after_return=0"})
        self.command = [harness.program("user_commands"), "users"]

    def run(self, *words, given=""):
        done = subprocess.run([*self.command, *words], cwd=self.place.folder, env=self.env, text=True, input=given,
                              capture_output=True, timeout=60, check=False)
        err = "".join(line for line in done.stderr.splitlines(True) if not line.startswith('{"time"'))  # the log
        check("Sanitizer" not in err and "runtime error" not in err, err)
        return done.returncode, done.stdout, err

    def must(self, *words, given=""):
        code, out, err = self.run(*words, given=given)
        check((code, err) == (0, ""), f"{words}: exit {code}: {out}{err}")
        return out

    def refused(self, *words, given="", code=1):
        seen, out, err = self.run(*words, given=given)
        check_equal((seen, out), (code, ""), f"{words}: {err}")
        return err

    def sql(self, text):
        return self.place.sql(text)

    def hash(self):
        return self.sql("select password from account_user where id = 1")


def with_ann(place):
    users = Users(place)
    check_equal(users.must("create", "Ann@Example.org", "--name", "Ann", given=GOOD + "\n"),
                "made the user 1, ann@example.org\n")
    return users


class Terminal:
    """The program on a terminal, as a person sees and types it."""

    def __init__(self, users, *words):
        self.ours, theirs = pty.openpty()
        self.screen = ""
        self.process = subprocess.Popen([*users.command, *words], cwd=users.place.folder, env=users.env,
                                        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        self.theirs = theirs  # kept open, so that its settings can be read

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)

    def read(self, until):
        end = time.monotonic() + 30
        while until not in self.screen and time.monotonic() < end:
            if select.select([self.ours], [], [], 0.1)[0]:
                self.screen += os.read(self.ours, 4096).decode()
            elif self.process.poll() is not None:
                break
        check(until in self.screen, f"{until!r} is not on the screen: {self.screen!r}")

    def type(self, prompt, keys):
        self.read(prompt)
        check(not termios.tcgetattr(self.theirs)[3] & termios.ECHO, "the terminal does not echo")
        os.write(self.ours, keys.encode())
        self.screen = self.screen.split(prompt, 1)[1]

    def end(self):
        code = self.process.wait(timeout=60)
        while select.select([self.ours], [], [], 0)[0]:
            self.screen += os.read(self.ours, 4096).decode()
        check(termios.tcgetattr(self.theirs)[3] & termios.ECHO, "the terminal echoes again")
        return code


@on_both
def a_user_is_made_with_the_model_s_fallbacks_and_a_hash(place):
    users = with_ann(place)
    check_equal(users.sql("select email, name, role, token_epoch, seen from account_user"), "ann@example.org|Ann|writer|0|")
    check(users.sql("select email_verified from account_user") != "", "the address counts as verified")
    check(users.hash().startswith("$argon2id$"), users.hash())


@on_both
def a_user_is_made_once_in_any_case(place):
    users = with_ann(place)
    err = users.refused("create", "ANN@example.ORG", given=GOOD)
    check_equal(err, "users: there is a user ann@example.org already\n")
    check_equal(users.sql("select count(*) from account_user"), "1")


@on_both
def users_are_listed_as_a_table_and_as_json(place):
    users = with_ann(place)
    users.must("create", "bob@example.org", given=GOOD)
    users.must("disable", "bob@example.org")
    table = users.must().splitlines()
    check_equal([line.split() for line in table],
                [["ID", "STATE", "EMAIL", "NAME"], ["1", "enabled", "ann@example.org", "Ann"], ["2", "disabled", "bob@example.org"]])
    check_equal(users.must("list"), users.must())
    check_equal(json.loads(users.must("list", "--json")),
                [{"id": 1, "email": "ann@example.org", "name": "Ann", "is_active": True},
                 {"id": 2, "email": "bob@example.org", "name": None, "is_active": False}])


def numbers(place, most):
    """A table of SQL that counts in its column i."""
    if place.engine == "postgres":
        return f"generate_series(1, {most}) as n(i)"
    return f"(with recursive n(i) as (values (1) union all select i + 1 from n where i < {most}) select i from n)"


@on_both
def a_user_is_named_by_number_address_or_unique_name(place):
    users = with_ann(place)
    shown = users.must("show", "1")
    check_equal([users.must("show", word) for word in ("Ann", "ann@example.org", "ANN@Example.org")], [shown] * 3)


@on_both
def more_users_than_a_page_are_all_listed(place):
    users = with_ann(place)
    is_postgres = place.engine == "postgres"
    stamp = "now()" if is_postgres else "'2026-01-01T00:00:00.000000Z'"
    users.sql(f"insert into account_user (email, is_active, token_epoch, role, joined) "
              f"select 'u' || i || '@example.org', {is_postgres or 1}, 0, 'reader', {stamp} from {numbers(place, 1202)}")
    check_equal(len(json.loads(users.must("list", "--json"))), 1203)


@on_both
def permissions_and_groups_reach_the_service(place):
    users = with_ann(place)
    users.must("group", "new", "editors")
    check_equal(users.must("group", "grant", "editors", "books.*", "covers.read"),
                "editors now has books.*\neditors now has covers.read\n")
    check_equal(users.must("group", "add", "editors", "ann@example.org"), "ann@example.org is now in editors\n")
    check_equal(users.must("grant", "1", "orders.read", "orders.read"),
                "ann@example.org now has orders.read\nann@example.org had already orders.read\n")
    check_equal(users.must("group"), "editors: books.*, covers.read\n")
    check_equal(users.must("group", "show", "editors"),
                "permission  books.*\npermission  covers.read\nmember      1  ann@example.org\n")
    check_equal(users.must("show", "1").splitlines()[1:], ["group       editors", "permission  books.*",
                                                            "permission  covers.read", "permission  orders.read"])
    with harness.Server("--database-url", place.url, name="user_commands", env=ENV) as service:
        def may(permission):
            return service.get(f"/may/1?permission={permission}").text
        check_equal([may("books.write"), may("orders.read"), may("orders.write")], ["yes", "yes", "no"])
        users.must("group", "drop", "editors", "1")
        users.must("revoke", "1", "orders.read")
        check_equal([may("books.write"), may("orders.read")], ["no", "no"])


@on_both
def a_list_of_permissions_with_a_malformed_one_grants_none(place):
    users = with_ann(place)
    check("a permission is visible ASCII" in users.refused("grant", "1", "books.read", "a b"), "the reason")
    check_equal(users.sql("select count(*) from account_permission"), "0")


@on_both
def a_superuser_may_everything(place):
    users = Users(place)
    users.must("create", "root@example.org", "--superuser", given=GOOD)
    check_equal(users.sql("select user_id, permission from account_permission"), "1|*")


@on_both
def a_new_password_ends_what_was_given_out(place):
    users = with_ann(place)
    before = users.hash()
    check_equal(users.must("passwd", "ann@example.org", given=OTHER + "\r\n"), "changed the password of ann@example.org\n")
    check(users.hash() != before, "another hash")
    check_equal(users.sql("select token_epoch, role, name from account_user"), "1|writer|Ann")


@on_both
def a_disabled_user_is_enabled_again(place):
    users = with_ann(place)
    check_equal(users.must("disable", "1"), "ann@example.org is disabled\n")
    users.must("disable", "1")
    check_equal(users.sql("select token_epoch from account_user"), "1")
    check_equal(users.must("enable", "1"), "ann@example.org is enabled\n")
    check_equal(users.sql("select token_epoch from account_user where is_active"), "1")


@on_both
def bad_passwords_change_nothing(place):
    users = with_ann(place)
    before = users.hash()
    for given, word in (("", "no password"), ("\n", "no password"), ("short\n", "at least 8"), ("ann@example.org\n", "password"),
                        ("a\0" + GOOD, "NUL"), ("x" * 5000, "too long"), ("x" * 2000, "password")):
        err = users.refused("passwd", "1", given=given)
        check(word in err and err.startswith("users: "), err)
        check_equal(users.hash(), before)


@on_both
def every_change_is_an_event_without_secrets(place):
    users = with_ann(place)
    users.must("passwd", "1", given=OTHER)
    users.must("grant", "1", "a.b")
    users.must("disable", "1")
    check_equal(users.sql("select action from audit_event order by id").split(),
                ["user.create", "user.passwd", "user.grant", "user.disable"])
    events = users.sql("select id, actor, object, details from audit_event")
    check(GOOD not in events and OTHER not in events and "argon2" not in events and "command line" in events, events)


@on_both
def old_events_go_a_hundred_at_a_time(place):
    users = with_ann(place)
    old = "now() - interval '31 days'" if place.engine == "postgres" else "'2020-01-01T00:00:00.000000Z'"
    users.sql("delete from audit_event")
    users.sql(f"insert into audit_event (action, at) select 'old', {old} from {numbers(place, 250)}")
    with harness.Server("--database-url", place.url, name="user_commands", env=ENV) as service:
        left = []
        for _ in range(3):
            check_equal(service.get("/note/7", method="POST").text, "noted")
            left.append(wait_for_old(users, left[-1] if left else 250))
        check_equal(left, [150, 50, 0])
        check_equal(users.sql("select count(*) from audit_event where action = 'note'"), "3")


def wait_for_old(users, before):
    seen = []

    def is_less():
        seen.append(int(users.sql("select count(*) from audit_event where action = 'old'")))
        return seen[-1] < before
    harness.wait_for(is_less)
    return seen[-1]


@on_both
def events_are_paged_over_http(place):
    with harness.Server("--database-url", place.url, name="user_commands", env=ENV) as service:
        for user in (1, 2, 3):
            service.get(f"/note/{user}", method="POST")
        page = json.loads(service.get("/events").text)
        check_equal([event["user_id"] for event in page["items"]], [3, 2])
        page = json.loads(service.get(f"/events?after={page['next']}").text)
        check_equal([event["user_id"] for event in page["items"]], [1])
        check_equal(page["items"][0]["address"], "127.0.0.1")


# -- a terminal ------------------------------------------------------------------------------------------------------


def on_terminal(function):
    def one():
        with Place("sqlite") as place:
            function(with_ann(place))
    one.__name__ = function.__name__
    return test(one)


@on_terminal
def a_password_is_asked_for_twice_and_never_shown(users):
    before = users.hash()
    with Terminal(users, "passwd", "1") as terminal:
        terminal.type("Password: ", OTHER + "\r")
        terminal.type("Password again: ", OTHER + "\r")
        terminal.read("changed the password")
        check_equal(terminal.end(), 0)
        check(OTHER not in terminal.screen, terminal.screen)
    check(users.hash() != before, "another hash")


@on_terminal
def a_slip_of_the_finger_is_rubbed_out(users):
    with Terminal(users, "passwd", "1") as terminal:
        terminal.type("Password: ", "wrong\x15" + OTHER + "xü\x7f\x7f\r")
        terminal.type("Password again: ", OTHER + "\r")
        check_equal(terminal.end(), 0)


@on_terminal
def two_different_passwords_change_nothing(users):
    before = users.hash()
    with Terminal(users, "passwd", "1") as terminal:
        terminal.type("Password: ", OTHER + "\r")
        terminal.type("Password again: ", GOOD + "\r")
        terminal.read("the two passwords differ")
        check_equal(terminal.end(), 1)
    check_equal(users.hash(), before)


@on_terminal
def ctrl_c_gives_up_and_the_terminal_echoes_again(users):
    before = users.hash()
    with Terminal(users, "passwd", "1") as terminal:
        terminal.type("Password: ", "abc\x03")
        terminal.read("given up")
        check_equal(terminal.end(), 130)
    check_equal(users.hash(), before)


# -- what is wrong ---------------------------------------------------------------------------------------------------


@test
def without_an_audit_log_events_are_lines_alone():
    with Place("sqlite") as place:
        with harness.Server("--database-url", place.url, name="user_commands", env={**ENV, "BARE": "1"}) as service:
            check_equal(service.get("/note/7", method="POST").text, "noted")
            check('"message":"audit"' in service.wait_logged('"user":7,"action":"note"'), "the line")
        check_equal(place.sql("select count(*) from sqlite_schema where name = 'audit_event'"), "0")


@test
def an_event_s_line_cannot_be_forged_and_has_no_query():
    with Place("sqlite") as place:
        with harness.Server("--database-url", place.url, name="user_commands", env=ENV) as service:
            service.get("/note/7?details=%22a%0A%7B%7D%22&token=s3cret", method="POST")
            service.wait_logged("malformed")  # what is not JSON is left out
            check(not service.logged("s3cret"), "the query is not in the log")
        check("s3cret" not in place.sql("select id, details, object, agent from audit_event"), "nor in the row")


@test
def wrong_command_lines_are_explained_and_end_with_2():
    with Place("sqlite") as place:
        users = Users(place)
        for words in (["fly"], ["--help"], ["create"], ["create", "--name"], ["create", "a@b.org", "c@d.org"], ["create", "a@b.org", "--fast"],
                      ["passwd"], ["passwd", "1", "2"], ["grant", "1"], ["group", "fly"], ["group", "new"], ["list", "--xml"]):
            check(users.refused(*words, code=2).startswith("users: "), str(words))


@test
def what_does_not_exist_is_named():
    with Place("sqlite") as place:
        users = with_ann(place)
        check_equal(users.refused("passwd", "nobody@example.org"),
                    'users: there is no user "nobody@example.org"; `users list` lists them\n')
        for word in ("2", "1x", "99999999999999999999", "", "\x1b[2J"):
            check("there is no user" in users.refused("show", word), word)
            check("\x1b" not in users.refused("show", word), word)
        check('there is no group "nobody"' in users.refused("group", "add", "nobody", "1"), "the group")
        check("name" in users.refused("create", "b@example.org", "--name", "ann@example.org", given=GOOD), "the name")
        check("name" in users.refused("create", "b@example.org", "--name", "Ann", given=GOOD), "the name that is taken")
        check("is not an address" in users.refused("create", "ann", given=GOOD), "the address")


@test
def a_smaller_model_and_no_groups_are_enough():
    with Place("sqlite") as place:
        users = Users(place, BARE="1")
        check_equal(users.must("create", "ann@example.org"), "made the user 1, ann@example.org\n")
        check_equal(users.must().splitlines()[1].split(), ["1", "enabled", "ann@example.org"])
        check("has no field `password`" in users.refused("passwd", "1", given=GOOD), "no password")
        check("has no field `is_active`" in users.refused("disable", "1"), "no state")
        check("tern_groups(app)" in users.refused("grant", "1", "a"), "no groups")
        check("tern_groups(app)" in users.refused("create", "b@example.org", "--superuser"), "no superuser")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("user_commands",)))

#!/usr/bin/env python3
"""Migrations on both engines: migrating.c, whose models are those of the day that MODELS names."""

import glob
import json
import os
import pty
import shutil
import subprocess
import sys

import harness
from harness import check, check_equal, test
from migrate_place import Place, on_both
from shared_postgres import postgres, server


@on_both
def migrations_are_made_applied_listed_and_reverted(place):
    out = place.must("migrate", "make")
    check("create table person\n  create table todo" in out, out)
    check_equal(sorted(os.listdir(os.path.join(place.folder, "migrations"))),
                ["0001_initial.json", "0001_initial.postgres.sql", "0001_initial.sqlite.sql"])
    check("pending                      0001_initial" in place.must("migrate", "status"), "it waits")
    check("create table person (" in place.must("migrate", "plan"), "the plan")
    check_equal(place.must("migrate"), "applied 0001_initial\n")
    check_equal(place.must("migrate"), "nothing to do: every migration is applied\n")
    check("applied 20" in place.must("migrate", "status"), "when it was applied")
    check_equal(place.must("migrate", "make"), "no changes: the models agree with the migrations\n")
    place.sql("insert into person (name) values ('a')")
    check_equal(place.must("migrate", "down"), "undone  0001_initial\n")
    check("pending" in place.must("migrate", "status"), "it waits again")


@on_both
def a_folder_without_migrations_says_how_the_first_is_made(place):
    words = "there are no migrations in migrations: `migrating migrate make` writes the first one\n"
    check_equal(place.must("migrate"), words)
    check_equal(place.must("migrate", "plan"), "-- " + words)
    check_equal(place.must("migrate", "status"), words)
    check_equal(place.must("migrate", "down"), "nothing to do: no migration is applied\n")
    check_equal(os.listdir(place.folder), [], "what looking has made")
    place.seed = "people"
    place.must("db", "seed")
    check_equal(place.must("migrate"), words, "after a first start")


@on_both
def commands_on_a_database_without_tables_name_the_command_that_creates_them(place):
    words = ("migrating: the database has no tables yet: `migrating migrate` makes them, or the first start of "
             "migrating where there are no migrations\n")
    with open(os.path.join(place.folder, "rows.json"), "w", encoding="utf-8"):
        pass
    check_equal(place.refused("db", "dump"), words)
    check_equal(place.refused("db", "dump", "--out", "all.json"), words)
    check_equal(place.refused("db", "load", "rows.json"), words)
    if place.engine == "sqlite":
        check_equal(place.refused("db", "shell"), words)
    place.must("migrate", "make")
    check("1 migration is not applied" in place.refused("run"), "the start")
    check_equal(sorted(os.listdir(place.folder)), ["migrations", "rows.json"], "what looking has made")


@on_both
def rows_survive_renames_and_rebuilt_tables(place):
    place.must("migrate", "make")
    place.must("migrate")
    place.sql("insert into person (id, name) values (1, 'Ann'), (2, 'Bob')")
    place.sql("insert into todo (id, title, owner, note) values (5, 'x', 1, 'n'), (6, 'y', 2, null)")
    place.must("migrate", "make", "longer", models=2)
    check_equal(place.must("migrate", models=2), "applied 0002_longer\n")
    check_equal(place.sql("select id, title, owner, note, due, priority from todo order by id"),
                "5|x|1|n||3\n6|y|2|||3")
    out = place.must("migrate", "make", "names", models=3)
    check("rename column person.name to full_name" in out and "rename table todo to task" in out, out)
    check("DROP column task.note, with all its values" in out, out)
    check_equal(place.must("migrate", models=3), "applied 0003_names\n")
    check_equal(place.sql("select id, heading, owner, priority from task order by id"), "5|x|1|3\n6|y|2|3")
    check_equal(place.sql("select id, full_name from person order by id"), "1|Ann\n2|Bob")
    check(place.sql("select made from task where id = 5").startswith("20"), "rows that are there were made now")
    place.sql("delete from person where id = 1")
    check_equal(place.sql("select id from task where owner is null"), "5", "the foreign key of the new table")
    check_equal(place.must("migrate", "make", models=3), "no changes: the models agree with the migrations\n")


@on_both
def the_down_migration_restores_the_previous_schema(place):
    place.must("migrate", "make")
    place.must("migrate", "make", "longer", models=2)
    place.must("migrate", "make", "names", models=3)
    place.must("migrate", models=3)
    place.sql("insert into person (id, full_name) values (1, 'Ann')")
    place.sql("insert into task (id, heading, owner, made) values (5, 'x', 1, '2026-11-24T17:30:00.000000Z')")
    check_equal(place.must("migrate", "to", "1", models=3), "undone  0003_names\nundone  0002_longer\n")
    check_equal(place.sql("select id, title, owner, note from todo"), "5|x|1|")
    check_equal(place.must("migrate", "to", "0003_names", models=3), "applied 0002_longer\napplied 0003_names\n")
    check_equal(place.sql("select id, heading from task"), "5|x")
    place.must("migrate", "to", "0", models=3)
    place.must("migrate", models=3)
    check("there is no such migration" in place.refused("migrate", "to", "9", models=3), "to 9")


@on_both
def a_changed_past_is_refused_with_both_checksums(place):
    place.must("migrate", "make")
    place.must("migrate")
    place.append(1, "-- a later thought")
    err = place.refused("migrate")
    check("has been changed since it was applied (checksum " in err and "put it back as it was" in err, err)
    check_equal(place.refused("run"), err, "run says the same")
    os.remove(place.path(1))
    os.remove(place.path(1, ".json"))
    for other in glob.glob(os.path.join(place.folder, "migrations", "0001*")):
        os.remove(other)
    check("0001_initial is applied to this database, but it is not in the folder" in place.refused("migrate"),
          "a migration that is gone")


@on_both
def a_migration_that_fails_half_way_changes_nothing(place):
    place.must("migrate", "make")
    place.append(1, "create table half (id integer);\ninsert into nowhere values (1);")
    err = place.refused("migrate")
    line = open(place.path(1), encoding="utf-8").read().split("\n").index("insert into nowhere values (1);") + 1
    check(f"0001_initial.{place.engine}.sql, line {line}: " in err and "nowhere" in err, err)
    check("nothing of 0001_initial was applied" in err, err)
    check("pending" in place.must("migrate", "status"), "it waits")
    table = "pg_tables where tablename" if place.engine == "postgres" else "sqlite_master where name"
    check_equal(place.sql(f"select count(*) from {table} in ('half', 'person', 'todo')"), "0")


@on_both
def a_migration_cannot_end_its_own_transaction(place):
    place.must("migrate", "make")
    place.append(1, "-- enough\nCommit;")
    err = place.refused("migrate")
    check("a migration is one transaction and cannot have a begin, commit or rollback of its own" in err, err)
    table = "pg_tables where tablename" if place.engine == "postgres" else "sqlite_master where name"
    check_equal(place.sql(f"select count(*) from {table} in ('person', 'todo')"), "0")


@on_both
def processes_that_migrate_at_once_apply_each_migration_once(place):
    place.must("migrate", "make")
    place.must("migrate", "make", "longer", models=2)
    slow = {"postgres": "select pg_sleep(0.3);",
            "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n where i < 500000) "
                      "select max(i) from n;"}
    place.append(1, slow[place.engine])
    processes = [place.start("migrate", models=2) for _ in range(4)]
    results = [process.communicate(timeout=60) for process in processes]
    check_equal([process.returncode for process in processes], [0, 0, 0, 0], str(results))
    check_equal(sorted("".join(out for out, _ in results).split("\n"))[-2:], ["applied 0001_initial",
                                                                              "applied 0002_longer"])
    check_equal("".join(out for out, _ in results).count("applied 0001"), 1)
    check_equal(place.sql("select count(*) from tern_migrations"), "2")


@on_both
def a_circle_of_tables_is_made_and_dropped(place):
    place.must("migrate", "make", models=6)
    place.must("migrate", models=6)
    place.sql("insert into left_one (id) values (1)")
    place.sql("insert into right_one (id, other) values (1, 1)")
    place.sql("update left_one set other = 1")
    place.must("migrate", "down", models=6)
    place.must("migrate", models=6)


@on_both
def rows_that_break_a_foreign_key_end_a_migration(place):
    place.must("migrate", "make")
    place.must("migrate")
    place.must("migrate", "make", "orphan", "--empty")
    place.append(2, "insert into todo (title, owner) values ('t', 77);")
    err = place.refused("migrate")
    check("nothing of 0002_orphan was applied" in err, err)
    check_equal(place.sql("select count(*) from todo"), "0")


@on_both
def a_first_start_makes_the_tables_and_its_models_become_the_first_migration(place):
    with harness.Program([harness.program("migrating"), "--port", "0", "--workers", "1", "--database-url", place.url],
                         before=lambda: os.chdir(place.folder), env={"MODELS": "1"}) as program:
        program.wait_until_listening()
    place.sql("insert into person (id, name) values (1, 'Ann')")
    with harness.Program([harness.program("migrating"), "--port", "0", "--workers", "1", "--database-url", place.url],
                         before=lambda: os.chdir(place.folder), env={"MODELS": "1"}) as program:
        program.wait_until_listening()
    err = place.refused("run", models=2)
    check("run `migrating migrate make` and then `migrating migrate`" in err, err)
    out = place.must("migrate", "make", models=2)
    check("0001_initial" in out and "0002_change_column_todo_title_and_more" in out, out)
    check_equal(place.must("migrate", models=2),
                "recorded as applied, because the tables exist: all up to 0001_initial\n"
                "applied 0002_change_column_todo_title_and_more\n")
    check_equal(place.sql("select name from person"), "Ann")
    check_equal(place.must("migrate", "make", models=2), "no changes: the models agree with the migrations\n")


@on_both
def an_application_does_not_start_on_a_database_that_does_not_fit(place):
    place.must("migrate", "make")
    check("1 migration is not applied to the database yet; run `migrating migrate`" in place.refused("run"), "pending")
    place.must("migrate")
    check("the models have changes that are not in a migration" in place.refused("run", models=2), "changed models")
    shutil.rmtree(os.path.join(place.folder, "migrations"))
    check("0001_initial is applied to the database, but the folder migrations has no migrations" in
          place.refused("run"), "no folder")


@on_both
def tables_of_others_are_left_alone(place):
    place.sql("create table someones (id integer)")
    check("the database has tables that neither a migration" in place.refused("run"), "foreign tables")
    check_equal(place.sql("select count(*) from someones"), "0")


VALUES = {
    "a": -128, "b": 9223372036854775807, "c": 0.1, "d": 0.30000000000000004, "e": True,
    "f": "it's \u00e4 \"quoted\"\nline \U0001f600", "secret": "s3cret", "g": "AP8=",
    "h": "01234567-89ab-cdef-0123-456789abcdef", "i": "2026-11-24", "j": "17:30:00.25",
    "k": "2026-11-24T17:30:00.000001Z", "l": "P1DT2H3.5S", "m": "12.3", "n": {"a": [1, None, "x"]}, "o": "angry",
    "p": [{"street": "S"}], "next": 3,
}


@on_both
def rows_of_every_kind_are_dumped_and_loaded_unchanged(place):
    rows = [{"id": 2, **VALUES}, {"id": 3, **{name: None for name in VALUES}}]
    fixture = os.path.join(place.folder, "rows.json")
    with open(fixture, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"order": row}, separators=(",", ":")) + "\n" for row in rows)
    place.must("migrate", "make", models=7)
    place.must("migrate", models=7)
    check_equal(place.must("db", "load", fixture, models=7), f"loaded 2 rows from {fixture}\n")
    lines = place.must("db", "dump", models=7).splitlines()
    got = [json.loads(line)["order"] for line in lines]
    got[0]["m"] = str(got[0]["m"])
    check_equal(got, rows)
    place.must("db", "dump", "--out", "again.json", models=7)
    with Place("sqlite") as other:
        other.must("migrate", "make", models=7)
        other.must("migrate", models=7)
        other.must("db", "load", os.path.join(place.folder, "again.json"), models=7)
        check_equal(other.must("db", "dump", models=7).splitlines(), lines, "on another engine")
    check_equal(place.sql('insert into "order" (a) values (1) returning id'), "4", "the key after the loaded ones")
    check_equal(place.sql('update "order" set next = null where id = 3 returning id'), "3")


@on_both
def a_load_that_fails_leaves_no_rows(place):
    place.must("migrate", "make", models=7)
    place.must("migrate", models=7)
    rows = os.path.join(place.folder, "rows.json")
    null = {name: None for name in VALUES}
    for wrong, want in (({"order": {"id": 2, **null, "a": 500}}, "line 2: order.a: must be a whole number from -128"),
                        ({"order": {"id": 2, **null, "x": 1}}, "line 2: order.x: is not a known field"),
                        ({"nothing": {"id": 2}}, 'line 2: is not a row of a table here, like {"order":{...}}'),
                        ({"order": {"id": 1, **null}}, "line 2: "),
                        ({"order": {"id": 2, **null, "next": 9}}, "rows.json: ")):
        with open(rows, "w", encoding="utf-8") as file:
            for row in ({"order": {"id": 1, **null}}, wrong):
                file.write(json.dumps(row, separators=(",", ":")) + "\n")
        err = place.refused("db", "load", "rows.json", models=7)
        check(want in err and "nothing was loaded" in err and err.count("\n") == 1, err)
        check_equal(place.must("db", "dump", models=7), "")


SEEDED = '{"person":{"id":1,"name":"Ada"}}\n{"todo":{"id":1,"title":"Compute","owner":1,"note":null}}\n'


@on_both
def seeds_fill_a_new_database_and_one_that_is_filled(place):
    place.seed = "people"
    check_equal(place.must("db", "seed"), "seeded  seed_people\n")
    check_equal(place.must("db", "dump"), SEEDED)
    check_equal(place.must("db", "seed"), "seeded  seed_people\n")
    check_equal(place.must("db", "dump"), SEEDED, "the second time")


@on_both
def a_seed_that_fails_keeps_the_rows_of_earlier_seeds(place):
    place.seed = "again"
    error = place.refused("db", "seed")
    check(error.startswith("migrating: db seed: seed_ada_again: another row has this value already (") and
          error.count("\n") == 1, error)
    check_equal(place.must("db", "dump"), SEEDED)


@on_both
def a_seed_can_report_an_error(place):
    place.seed = "in vain"
    check_equal(place.refused("db", "seed"), "migrating: db seed: seed_in_vain: 1 person is enough\n")


@on_both
def a_mistake_of_a_seed_is_reported_once_in_one_line(place):
    place.seed = "wrongly"
    check_equal(place.refused("db", "seed"),
                "migrating: db seed: seed_wrongly: tern_remove_where without .where would remove every row of Person1\n")


@on_both
def a_retried_seed_does_not_report_the_first_attempt(place):
    place.seed = "twice"
    check_equal(place.refused("db", "seed"), "migrating: db seed: seed_twice: the second time\n")


@on_both
def a_seed_waits_for_the_migrations(place):
    place.seed = "people"
    place.must("migrate", "make")
    error = place.refused("db", "seed")
    check("1 migration is not applied to the database yet; run `migrating migrate`" in error, error)


def shell(place, url, path):
    """`db shell` at a URL, with programs of the path: exit code, standard output, standard error."""
    env = harness._settings({"TERN_DATABASE_URL": url, "PATH": path})
    done = subprocess.run([harness.program("migrating"), "db", "shell"], env=env, capture_output=True, text=True,
                          check=False, cwd=place.folder, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


@test
def the_shell_is_on_the_database_of_the_url():
    with Place("postgres") as place:
        plain = server().url(place.database)
        asked = plain.replace(f":{postgres.PASSWORD}@", "@") + f"?connect_timeout=9&p%61ssword={postgres.PASSWORD}"
        for url in (plain, asked):
            check_equal(shell(place, url, os.environ["PATH"]), (0, "", ""), url)
        code, _, err = shell(place, asked.replace("secret", "wrong"), os.environ["PATH"])
        check(code == 2 and "password authentication failed" in err, err)


@test
def the_shell_gets_passwords_where_others_cannot_see_them():
    with Place("sqlite") as place:
        tools = os.path.join(place.folder, "bin")
        os.mkdir(tools)
        with open(os.path.join(tools, "psql"), "w", encoding="ascii") as file:
            file.write('#!/bin/sh\necho "$@ $PGPASSWORD"\n')
        os.chmod(os.path.join(tools, "psql"), 0o755)
        for url, want in (("postgres://me:p%40ss@h:5/n", "postgres://me@h:5/n p@ss"),
                          ("postgres://me:p?#s@h/n", "postgres://me@h/n p?#s"),
                          ("postgres://h/n?password=p%26s", "postgres://h/n p&s"),
                          ("postgres://me:old@h/n?sslmode=require&password=new&port=5",
                           "postgres://me@h/n?sslmode=require&port=5 new"),
                          ("postgres:///n?p%61ssword=x&host=/run&sslpassword=y", "postgres:///n?host=/run x")):
            check_equal(shell(place, url, tools + ":/usr/bin:/bin"), (0, want + "\n", ""), url)
        for url in ("postgres://me:p@ss@h/n", "postgres://me:p/ss@h/n"):
            check_equal(shell(place, url, tools + ":/usr/bin:/bin"),
                        (1, "", "migrating: database: PostgreSQL: write '@' in a password as %40 and '/' as %2F\n"))
        check_equal(shell(place, "postgres://h/n", place.folder)[2],
                    "migrating: psql is not installed: it comes with the package postgresql-client\n")


SHAPES = {
    "sqlite": "select m.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk from sqlite_master m, "
              "pragma_table_info(m.name) c where m.type = 'table' union all "
              "select m.name, f.\"from\", f.\"table\", f.\"to\", f.on_delete, 'fkey' from sqlite_master m, "
              "pragma_foreign_key_list(m.name) f where m.type = 'table' union all "
              "select name, replace(sql, '\"', ''), '', '', '', 'index' from sqlite_master where type = 'index' "
              "and sql is not null",
    "postgres": "select attrelid::regclass::text || ' ' || attname || format_type(atttypid, atttypmod) || "
                "attnotnull::text || attidentity::text || coalesce(pg_get_expr(adbin, adrelid), '') "
                "from pg_attribute a join pg_class c on c.oid = attrelid left join pg_attrdef on "
                "adrelid = attrelid and adnum = attnum where relnamespace = 'public'::regnamespace and relkind = 'r' "
                "and attnum > 0 and not attisdropped union all "
                "select conrelid::regclass || conname || pg_get_constraintdef(oid) from pg_constraint where "
                "connamespace = 'public'::regnamespace union all "
                "select indexdef from pg_indexes where schemaname = 'public'",
}


def shape(place):
    """The definitions of the tables, regardless of the order of their columns."""
    return sorted(place.sql(SHAPES[place.engine]).split("\n"))


def check_as_new(place, models):
    """Checks that the tables equal those of an empty database, that the program starts on them, and that nothing is
    pending."""
    check_equal(place.must("migrate", "make", models=models), "no changes: the models agree with the migrations\n")
    place.must("--check", models=models)
    with Place(place.engine) as other:
        other.must("migrate", "make", models=models)
        other.must("migrate", models=models)
        check_equal(shape(place), shape(other), "as in a new database")


MEMBERS = "select id, email, boss from member order by email"
PAIRS = "select member, club from pair order by member, club"


def start_with_members(place):
    place.must("migrate", "make", models=12)
    place.must("migrate", models=12)
    place.sql("insert into member (id, email, boss) values (1, 'a@x', null), (42, 'b@x', 1)")
    place.sql("insert into club (id, name) values (7, 'chess')")
    place.sql("insert into pair (id, member, club) values (1, 1, 7), (2, 42, 7)")


def uuid(number):
    return f"00000000-0000-0000-0000-{number:012}"


@on_both
def keys_change_their_kind_with_all_references_and_back(place):
    start_with_members(place)
    before = shape(place)
    out = place.must("migrate", "make", "keys", models=13)
    check("  change column member.id, from int64 to uuid\n" in out and "  change key of pair from id to member + club, "
          "which fails if rows have the same values\n" in out and "DROP column pair.id" in out, out)
    place.must("migrate", models=13)
    check_equal(place.sql(MEMBERS), f"{uuid(1)}|a@x|\n{uuid(42)}|b@x|{uuid(1)}")
    check_equal(place.sql(PAIRS), f"{uuid(1)}|7\n{uuid(42)}|7")
    check_equal(place.sql("select id, name from club"), "7|chess")
    check_as_new(place, 13)
    place.must("migrate", "down", models=13)
    check_equal(shape(place), before)
    check_equal(place.sql(MEMBERS), "1|a@x|\n42|b@x|1")
    check_equal(place.sql(PAIRS), "1|7\n42|7")
    place.sql("insert into member (email) values ('c@x')")
    check_equal(place.sql("select id from member where email = 'c@x'"), "43", "numbers go on behind those that are there")


@on_both
def keys_of_other_columns_and_numbers_for_rows_that_had_none(place):
    start_with_members(place)
    place.must("migrate", "make", "keys", models=13)
    place.must("migrate", models=13)
    before = shape(place)
    place.must("migrate", "make", "others", models=14)
    place.must("migrate", models=14)
    check_equal(place.sql("select email from member order by email"), "a@x\nb@x")
    check_equal(place.sql("select number, member from pair order by number"), f"1|{uuid(1)}\n2|{uuid(42)}")
    check_as_new(place, 14)
    place.sql("delete from pair")
    place.must("migrate", "down", models=14)
    check_equal(shape(place), before)
    check_equal(place.sql("select count(distinct id) from member"), "2", "keys are made up, each another one")


@on_both
def an_impossible_down_migration_changes_nothing(place):
    start_with_members(place)
    place.must("migrate", "make", "keys", models=13)
    place.must("migrate", models=13)
    place.sql("insert into member (id, email) values ('01234567-89ab-cdef-0123-456789abcdef', 'c@x')")
    before = shape(place), place.sql(MEMBERS)
    error = place.refused("migrate", "down", models=13)
    check("nothing of 0002_keys was undone" in error, error)
    check_equal((shape(place), place.sql(MEMBERS)), before)


@on_both
def a_new_key_that_rows_share_changes_nothing(place):
    start_with_members(place)
    place.must("migrate", "make", "keys", models=13)
    place.sql("drop index pair_member_club_key")
    place.sql("insert into pair (id, member, club) values (3, 1, 7)")
    before = shape(place), place.sql("select id, member, club from pair order by id")
    error = place.refused("migrate", models=13)
    check("nothing of 0002_keys was applied" in error, error)
    check_equal((shape(place), place.sql("select id, member, club from pair order by id")), before)


@on_both
def unknown_values_are_written_by_hand(place):
    start_with_members(place)
    error = place.refused("migrate", "make", models=15)
    check("table pair, column member: it refers to member by its key, which was id and is email now; what rows hold "
          "there has to be looked up" in error and "`migrating migrate make --by-hand` writes" in error, error)
    check_equal(len(glob.glob(os.path.join(place.folder, "migrations", "0002*"))), 0, "files written")
    out = place.must("migrate", "make", "addresses", "--by-hand", models=15)
    check("write in the place of by_hand(), which no database knows, what is meant:\ntable pair, column member" in out, out)
    error = place.refused("migrate", models=15)
    check("by_hand" in error and "nothing of 0002_addresses was applied" in error, error)
    with open(place.path(2), "r+", encoding="utf-8") as file:
        text = file.read()
        check_equal(text.split("-- migrate:down")[0].count("by_hand("), 1)
        value = "(select email from member m where cast(m.id as text) = cast(pair.member as text))"
        file.seek(0)
        file.write(text.replace("by_hand(cast(member as text))", value).replace("by_hand(member)", value, 1))
        file.truncate()
    place.must("migrate", models=15)
    check_equal(place.sql("select id, member from pair order by id"), "1|a@x\n2|b@x")
    check_as_new(place, 15)


AS_WRITTEN = {"a": -7, "b": 3, "c": 19.99, "d": True, "e": "2026-11-24", "f": "2026-11-24T17:30:00.25Z", "g": "12",
              "h": "yes", "i": "1.50", "j": "01234567-89AB-cdef-0123-456789abcdef", "k": "2026-11-24", "l": "17:30",
              "m": "2026-11-24T17:30:00+02:00", "n": '{"a":[1]}',
              "o": 0.30000000000000004, "p": 0.25}
AS_BECOME = {"a": "-7", "b": True, "c": 19.99, "d": "true", "e": "2026-11-24T00:00:00Z",
             "f": "2026-11-24T17:30:00.250000Z", "g": 12, "h": True, "i": 1.5,
             "j": "01234567-89ab-cdef-0123-456789abcdef", "k": "2026-11-24", "l": "17:30:00",
             "m": "2026-11-24T15:30:00Z", "n": {"a": [1]}, "o": "0.30000000000000004", "p": "0.25"}


def start_with_kinds(place):
    rows = [{"id": 1, **AS_WRITTEN}, {"id": 2, **{name: None for name in AS_WRITTEN}}]
    with open(os.path.join(place.folder, "rows.json"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"kinds": row}) + "\n" for row in rows)
    place.must("migrate", "make", models=16)
    place.must("migrate", models=16)
    place.must("db", "load", "rows.json", models=16)
    place.must("migrate", "make", "kinds", models=17)


@on_both
def values_are_converted_to_another_kind_and_nulls_stay(place):
    start_with_kinds(place)
    place.must("migrate", models=17)
    rows = [json.loads(line)["kinds"] for line in place.must("db", "dump", models=17).splitlines()]
    for row in rows:
        row.update({name: float(row[name]) for name in "ci" if row[name] is not None})
    check_equal(rows, [{"id": 1, **AS_BECOME}, {"id": 2, **{name: None for name in AS_BECOME}}])
    check_as_new(place, 17)
    place.must("migrate", "down", models=17)
    check_equal(place.sql("select a, b, c, g, h, i, k, l, m from kinds where id = 1"),
                "-7|1|19.99|12|true|1.5|2026-11-24|17:30:00.000000|2026-11-24T15:30:00.000000Z")


@on_both
def a_text_that_is_not_of_the_new_kind_changes_nothing(place):
    start_with_kinds(place)
    for name, wrong in (("g", "1x"), ("g", ""), ("h", "perhaps"), ("i", "1-2"), ("i", "1.5 EUR"), ("j", "0123"),
                        ("j", "z1234567-89ab-cdef-0123-456789abcdef"), ("k", "2026-02-30"), ("k", "1"), ("l", "1"),
                        ("l", "17:99"), ("m", "2026-02-30T00:00:00Z"), ("m", "1"), ("n", "{")):
        place.sql(f"update kinds set {name} = '{wrong}' where id = 1")
        error = place.refused("migrate", models=17)
        check("nothing of 0002_kinds was applied" in error and error.count("\n") == 1, error)
        check_equal(place.sql(f"select {name} from kinds where id = 1"), wrong)
        place.sql(f"update kinds set {name} = '{AS_WRITTEN[name]}' where id = 1")
    place.must("migrate", models=17)


@test
def a_new_column_without_a_value_for_old_rows_is_refused_with_advice():
    with Place("sqlite") as place:
        place.must("migrate", "make")
        err = place.refused("migrate", "make", models=4)
        check('table person, column email: it is new and cannot be null, so existing rows need a value: '
              'give the field .fallback = "..." (or .optional = true)' in err, err)
        check_equal(len(glob.glob(os.path.join(place.folder, "migrations", "0002*"))), 0, "files written")


@test
def nothing_counts_as_renamed_without_a_declaration():
    with Place("sqlite") as place:
        place.must("migrate", "make")
        out = place.must("migrate", "make", models=5)
        check('note: if column person.label is the former name, give it .renamed_from = "name"' in out, out)
        check("DROP column person.name" in out and "DROP table todo, with all its rows" in out, out)


def answer(place, word, *words, models):
    """Runs a command on a new terminal, and answers its questions; returns its output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place.folder)
        env = harness._settings({"MODELS": str(models), "TERN_DATABASE_URL": place.url})
        os.execve(harness.program("migrating"), ["migrating", *words], env)
    text = b""
    try:
        while True:
            piece = os.read(terminal, 4096)
            text += piece
            if b"[y/N] " in piece:
                os.write(terminal, word.encode() + b"\n")
    except OSError: # the error of a terminal whose other end is closed
        pass
    os.close(terminal)
    check_equal(os.waitpid(pid, 0)[1], 0, f"how it ended: {text}")
    return text.decode().replace("\r\n", "\n")


@on_both
def renames_are_asked_for_on_a_terminal(place):
    place.must("migrate", "make")
    place.must("migrate")
    place.sql("insert into person (id, name) values (1, 'Ann')")
    out = answer(place, "y", "migrate", "make", models=5)
    check("Is the new column person.label the former name? Its values are then kept. [y/N] y" in out, out)
    check("rename column person.name to label" in out and "DROP column" not in out, out)
    place.must("migrate", models=5)
    check_equal(place.sql("select id, label from person"), "1|Ann")


@test
def a_terminal_that_says_no_drops_and_adds():
    with Place("sqlite") as place:
        place.must("migrate", "make")
        out = answer(place, "", "migrate", "make", models=5)
        check("DROP column person.name" in out and "add column person.label" in out, out)


@test
def check_ends_with_1_only_when_there_are_changes():
    with Place("sqlite") as place:
        place.must("migrate", "make")
        place.must("migrate", "make", "--check")
        check("changes that are not in a migration" in place.refused("migrate", "make", "--check", models=2), "changes")
        check_equal(len(glob.glob(os.path.join(place.folder, "migrations", "0002*"))), 0, "files written")


@test
def mistakes_on_the_command_line_are_named():
    with Place("sqlite") as place:
        check("migrate mkae: unknown command" in place.refused("migrate", "mkae"), "a word")
        check("--fast: unknown argument" in place.refused("migrate", "status", "--fast"), "a flag")
        check("a migration's name has lower-case letters" in place.refused("migrate", "make", "../x"), "a name")
        check("Usage: migrating migrate" in place.must("migrate", "--help"), "help")
        check("bring the database's tables up to date" in place.must("--help"), "the application's help")


@test
def a_database_that_cannot_be_reached_is_one_clear_line():
    with Place("sqlite") as place:
        place.must("migrate", "make")
        err = place.refused("migrate", url="sqlite:/nowhere/at/all/app.db")
        check_equal(err, "migrating: database: sqlite:/nowhere/at/all/app.db: the folder /nowhere/at/all does not "
                         "exist\n")
        err = place.refused("migrate", url="mysql://root:s3cret@h/x")
        check_equal(err, 'migrating: database: "mysql:" is not a database that this build knows; write sqlite:FILE or '
                         "postgres://USER:PASSWORD@HOST/NAME\n")
        with open(os.path.join(place.folder, "text.db"), "w", encoding="ascii") as file:
            file.write("this is no database, only a text that is long enough to look like none " * 20)
        check("file is not a database" in place.refused("migrate", url="sqlite:text.db"), "no database")


@test
def a_server_that_is_not_there_is_one_line_without_tabs():
    with Place("sqlite") as place:
        err = place.refused("migrate", url="postgres://u:p@127.0.0.1:1/d")
        check_equal(err, 'migrating: database: PostgreSQL: connection to server at "127.0.0.1", port 1 failed: '
                         "Connection refused; Is the server running on that host and accepting TCP/IP connections?\n")


@test
def a_wrong_password_is_reported_without_the_password():
    wrong = server().url("tern").replace(postgres.PASSWORD, "wr0ng-one")
    with Place("sqlite") as place:
        place.must("migrate", "make")
        err = place.refused("migrate", url=wrong)
        check("password authentication failed" in err and err.count("\n") == 1, err)
        check("wr0ng-one" not in err, "the password")
        for odd in ("postgres://u:wr0ng@one@127.0.0.1/d", "postgres://u:wr0ng/one@127.0.0.1/d",
                    "postgres://u:wr0ng-one@[::1/d", "postgres://u:wr0ng-one@127.0.0.1:x/d",
                    "postgres://u:wr0ng-one@127.0.0.1/d?nonsense=1", "postgres://u:wr0ng%zz@127.0.0.1/d"):
            err = place.refused("migrate", url=odd)
            check(err.startswith("migrating: database: PostgreSQL: ") and err.count("\n") == 1, err)
            check("wr0ng" not in err and "one" not in err, err)


@test
def files_with_other_names_are_not_migrations():
    with Place("sqlite") as place:
        place.must("migrate", "make")
        odd = os.path.join(place.folder, "migrations", "2_more.sql")
        with open(odd, "w", encoding="ascii") as file:
            file.write("select 1;")
        err = place.refused("migrate")
        check("migrations/2_more.sql: a migration is called like 0001_name.sqlite.sql" in err, err)
        os.remove(odd)
        for ending in (".sqlite.sql", ".postgres.sql", ".json"):
            shutil.copy(place.path(1, ending), os.path.join(place.folder, "migrations", "0001_other" + ending))
        check("0001_initial and 0001_other have the same number" in place.refused("migrate"), "one number twice")


def found(place, word, table="note", row="id"):
    """The numbers of the rows that a search for one word finds."""
    if place.engine == "sqlite":
        return place.sql(f"select rowid from {table}_search where {table}_search match '\"{word}\"' order by rowid")
    words = place.sql(f"select pg_get_expr(indexprs, indrelid) from pg_index where indexrelid = '{table}_search'::regclass")
    return place.sql(f"select {row} from {table} where {words} @@ to_tsquery('simple', '{word}') order by 1")


def count_what_is_searched(place):
    return place.sql("select count(*) from sqlite_master where name like '%search%'" if place.engine == "sqlite" else
                     "select count(*) from pg_class where relname like '%search%'")


def start_with_notes(place):
    place.must("migrate", "make", models=8)
    place.must("migrate", models=8)
    place.sql("insert into note (id, title, body) values (1, 'Blue sky', 'over the sea'), (2, 'Green field', null)")


@on_both
def search_indexes_existing_rows_and_is_removed_completely(place):
    start_with_notes(place)
    out = place.must("migrate", "make", models=9)
    check("  add search in note\n" in out and "0002_add_search_in_note.json" in out, out)
    check_equal(place.must("migrate", models=9), "applied 0002_add_search_in_note\n")
    check_equal(place.must("migrate", "make", models=9), "no changes: the models agree with the migrations\n")
    check_equal((found(place, "sea"), found(place, "green")), ("1", "2"))
    place.sql("insert into note (id, title) values (3, 'Sea salt')")
    place.sql("update note set body = 'over the hill' where id = 1")
    place.sql("delete from note where id = 2")
    check_equal((found(place, "sea"), found(place, "hill"), found(place, "green")), ("3", "1", ""))
    place.must("migrate", "down", models=9)
    check_equal(count_what_is_searched(place), "0")
    place.sql("update note set body = 'changed' where id = 1")
    check_equal(place.sql("select id, title, body from note order by id"), "1|Blue sky|changed\n3|Sea salt|")


@on_both
def search_survives_renames_and_a_rebuilt_table_and_back(place):
    start_with_notes(place)
    place.must("migrate", "make", models=9)
    place.must("migrate", models=9)
    place.must("migrate", "make", "renamed", models=10)
    place.must("migrate", models=10)
    check_equal((found(place, "sea", "memo", "number"), found(place, "green", "memo", "number")), ("1", "2"))
    place.sql("insert into memo (number, heading) values (7, 'Sea salt')")
    place.sql("delete from memo where number = 1")
    check_equal(found(place, "sea", "memo", "number"), "7")
    place.must("migrate", "down", models=10)
    check_equal(found(place, "sea"), "7")
    place.sql("update note set title = 'Sugar' where id = 7")
    check_equal((found(place, "sea"), found(place, "sugar")), ("", "7"))


@on_both
def search_of_fewer_columns_and_of_a_new_table_is_a_change(place):
    start_with_notes(place)
    place.must("migrate", "make", models=9)
    out = place.must("migrate", "make", "fewer", models=11)
    check("  create table page\n" in out and "  change search in note\n" in out, out)
    place.must("migrate", models=11)
    check_equal((found(place, "sea"), found(place, "sky")), ("", "1"))
    place.sql("insert into page (path, words) values ('/a', 'one two')")
    check_equal(found(place, "two", "page", "1"), "1")
    check_equal(place.must("migrate", "make", models=11), "no changes: the models agree with the migrations\n")
    place.must("migrate", "to", "0", models=11)
    check_equal(count_what_is_searched(place), "0")


@on_both
def loaded_rows_are_found(place):
    start_with_notes(place)
    place.must("db", "dump", "--out", "rows.jsonl", models=8)
    place.must("migrate", "make", models=9)
    place.must("migrate", models=9)
    place.sql("delete from note")
    place.must("db", "load", "rows.jsonl", models=9)
    check_equal(found(place, "sea"), "1")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("migrating",)))

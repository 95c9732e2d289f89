#!/usr/bin/env python3
"""Objects that an application's own migrations added to a table, when a later migration changes the table.

SQLite rebuilds a table for most changes; PostgreSQL refuses some while something depends on a column.
"""

import sys

import harness
from harness import check, check_equal, test
from migrate_place import Place, on_both


def begin(place, sql, down="", models=1):
    """The first day's tables with two rows, and a handwritten migration that runs `sql`."""
    place.must("migrate", "make", models=models)
    place.must("migrate", models=models)
    place.sql("insert into person (id, name) values (1, 'Ada')")
    place.sql("insert into todo (id, title, owner, note) values (1, 'Compute', 1, 'x'), (2, 'Rest', 1, null)")
    by_hand(place, "own", sql, down, models)


def by_hand(place, name, sql, down="", models=1):
    place.must("migrate", "make", name, "--empty", models=models)
    number = int(place.must("migrate", "status", models=models).split("pending")[1].split("_")[0])
    with open(place.path(number), "w", encoding="utf-8") as file:
        file.write(f"{sql}\n-- migrate:down\n{down}\n")
    place.must("migrate", models=models)


def change(place, models=2):
    """The models' next day, which rebuilds `todo` in SQLite."""
    place.must("migrate", "make", "changed", models=models)
    return place.must("migrate", models=models)


def sqlite(function):
    def one():
        with Place("sqlite") as place:
            function(place)
    one.__name__ = function.__name__
    test(one)
    return function


def refused_by(place, sql):
    try:
        place.sql(sql)
    except Exception as error:  # pylint: disable=broad-except
        return str(error)
    return "nothing"


def names(place, kind):
    return place.sql(f"select name from sqlite_schema where type = '{kind}' and name like 'own%' order by name")


@on_both
def a_unique_index_over_an_expression_survives_a_change(place):
    begin(place, "create unique index own_once on todo (lower(title));")
    change(place)
    error = refused_by(place, "insert into todo (id, title, owner) values (7, 'COMPUTE', 1)")
    check("own_once" in error, error)


@on_both
def a_partial_index_survives_a_change(place):
    begin(place, "create unique index own_part on todo (owner) where note is not null;")
    change(place)
    error = refused_by(place, "insert into todo (id, title, owner, note) values (7, 'a', 1, 'b')")
    check("own_part" in error or "todo.owner" in error, error)


@on_both
def a_view_and_a_view_of_it_survive_a_change(place):
    begin(place, "create view own_open as select id, note from todo where note is not null;\n"
                 "create view own_count as select count(*) as number from own_open;")
    out = change(place)
    check("applied 0003" in out, out)
    check_equal(place.sql("select number from own_count"), "1")
    place.must("migrate", "down", models=2)
    check_equal(place.sql("select number from own_count"), "1")


@sqlite
def triggers_on_the_table_and_of_others_survive_a_change(place):
    begin(place, "create table own_log (what text);\n"
                 "create trigger own_on after insert on todo begin insert into own_log values (new.title); end;\n"
                 "create trigger own_of after insert on person begin\n"
                 "    insert into todo (title, owner) values ('Hello; you', new.id);\nend;")
    change(place)
    place.sql("insert into person (id, name) values (2, 'Bob')")
    check_equal(place.sql("select what from own_log"), "Hello; you")


@sqlite
def triggers_of_a_view_survive_a_change(place):
    begin(place, "create view own_titles as select title, owner from todo;\n"
                 "create trigger own_in instead of insert on own_titles begin\n"
                 "    insert into todo (title, owner) values (new.title, new.owner);\nend;")
    change(place)
    place.sql("insert into own_titles values ('By way of a view', 1)")
    check_equal(place.sql("select count(*) from todo"), "3")


@sqlite
def a_handwritten_full_text_table_survives_a_change(place):
    begin(place, "create virtual table own_words using fts5(title, content='todo', content_rowid='id');\n"
                 "insert into own_words (own_words) values ('rebuild');\n"
                 "create trigger own_add after insert on todo begin\n"
                 "    insert into own_words (rowid, title) values (new.id, new.title);\nend;")
    change(place)
    place.sql("insert into todo (title, owner) values ('Sea', 1)")
    check_equal(place.sql("select rowid from own_words where own_words match 'sea OR rest' order by rowid"), "2\n3")


@sqlite
def foreign_keys_of_others_still_refer_to_the_table(place):
    begin(place, "create table own_part (todo integer references todo (id) on delete cascade);\n"
                 "insert into own_part values (1);")
    change(place)
    place.sql("delete from todo where id = 1")
    check_equal(place.sql("select count(*) from own_part"), "0")
    check("own_part" not in refused_by(place, "insert into own_part values (2)"), "todo 2 is there")


@sqlite
def a_migrations_renames_are_applied_to_the_tables_indexes_and_triggers(place):
    begin(place, "create view own_titles as select title from todo;\n"
                 "create index own_upper on todo (upper(title));\n"
                 "create trigger own_on after insert on todo when new.title = '!' begin\n"
                 "    update todo set title = 'bang' where id = new.id;\nend;")
    change(place)
    place.must("migrate", "make", "renamed", models=3)
    place.must("migrate", models=3)
    place.sql("insert into task (id, heading, made) values (9, '!', '2026-11-24T00:00:00.000000Z')")
    check_equal(place.sql("select * from own_titles where heading = 'bang'"), "bang")
    check_equal(names(place, "index"), "own_upper")


def open_file(place, number):
    return open(place.path(number), encoding="utf-8")


@sqlite
def an_index_that_the_model_gives_up_does_not_come_back(place):
    begin(place, "select 1;")
    change(place)
    check_equal(place.sql("select count(*) from sqlite_schema where name = 'todo_owner_due_idx'"), "1")
    place.must("migrate", "down", models=2)
    check_equal(place.sql("select count(*) from sqlite_schema where name = 'todo_owner_due_idx'"), "0")


@sqlite
def an_index_that_the_script_drops_does_not_come_back(place):
    begin(place, "create index own_i on todo (note);")
    place.must("migrate", "make", "changed", models=2)
    with open_file(place, 3) as file:
        text = file.read()
    with open(place.path(3), "w", encoding="utf-8") as file:
        file.write("drop index own_i;\n" + text)
    place.must("migrate", models=2)
    check_equal(names(place, "index"), "")


@sqlite
def a_view_of_a_dropped_column_is_named_with_the_statement_to_write(place):
    begin(place, "create view own_notes as select note from todo;")
    change(place)
    before = place.sql("select group_concat(sql) from sqlite_schema")
    place.must("migrate", "make", "less", models=3)
    error = place.refused("migrate", models=3)
    check("error in view own_notes: no such column: note" in error, error)
    check('write "drop view own_notes;" at the top of migrations/0004_less.sqlite.sql' in error, error)
    check("nothing of 0004_less was applied" in error, error)
    check_equal(place.sql("select group_concat(sql) from sqlite_schema"), before)
    with open_file(place, 4) as file:
        text = file.read()
    with open(place.path(4), "w", encoding="utf-8") as file:
        file.write("drop view own_notes;\n" + text)
    check_equal(place.must("migrate", models=3), "applied 0004_less\n")


@sqlite
def an_index_of_a_dropped_column_is_named_with_the_statement_to_write(place):
    begin(place, "create index own_note on todo (lower(note));")
    change(place)
    place.must("migrate", "make", "less", models=3)
    error = place.refused("migrate", models=3)
    check("the index own_note cannot be put on the table task again after this change: no such column: note" in error,
          error)
    check('write "drop index own_note;" before "drop table task;" in migrations/0004_less.sqlite.sql' in error, error)


@sqlite
def a_trigger_of_a_dropped_column_is_named_with_the_statement_to_write(place):
    begin(place, "create table own_log (what text);\n"
                 "create trigger own_on after insert on todo begin insert into own_log values (new.note); end;")
    change(place)
    place.must("migrate", "make", "less", models=3)
    error = place.refused("migrate", models=3)
    check("error in trigger own_on: no such column: new.note" in error, error)
    check('"drop trigger own_on;"' in error, error)


def rebuilt_by_hand(place, what, after=""):
    """Rebuilds todo with `what` instead of its title's line."""
    begin(place, f"""
create table own_new (
    id integer primary key,
    {what},
    owner integer not null references person (id) on delete cascade,
    note text{after}
);
insert into own_new (id, title, owner, note) select id, title, owner, note from todo;
drop table todo;
alter table own_new rename to todo;
create index todo_owner_idx on todo (owner);""")


def check_kept(place, rule, keep):
    """Checks that the next change is refused because of `rule`, and accepted when `keep(text)` adds it to the new
    table."""
    place.must("migrate", "make", "changed", models=2)
    error = place.refused("migrate", models=2)
    check(f"the table todo has {rule}, which its model does not declare" in error, error)
    check("nothing of 0003_changed was applied" in error, error)
    with open_file(place, 3) as file:
        up, down = file.read().split("-- migrate:down\n")
    with open(place.path(3), "w", encoding="utf-8") as file:
        file.write(keep(up) + "-- migrate:down\n" + down)
    place.must("migrate", models=2)


@sqlite
def a_handwritten_check_is_not_lost(place):
    rebuilt_by_hand(place, "title text not null check (title <>  'No')")
    check_kept(place, "the check (title<>'No')",
               lambda sql: sql.replace("title text not null", "title text not null check (title <> 'No')"))
    check("CHECK" in refused_by(place, "insert into todo (title, owner) values ('No', 1)"), "the check")


@sqlite
def a_handwritten_collation_is_not_lost(place):
    rebuilt_by_hand(place, "title text not null collate nocase")
    check_kept(place, "\"collate nocase\" at the column title",
               lambda sql: sql.replace("title text not null", "title text collate nocase not null"))
    check_equal(place.sql("select id from todo where title = 'COMPUTE'"), "1")


@sqlite
def a_handwritten_generated_column_is_not_lost(place):
    rebuilt_by_hand(place, "title text not null", after=", own_low text generated always as (lower(title))")
    check_kept(place, "the generated column own_low",
               lambda sql: sql.replace("note text,", "note text, own_low text generated always as (lower(title)),"))
    check_equal(place.sql("select own_low from todo where id = 1"), "compute")


@sqlite
def a_handwritten_column_is_not_lost(place):
    begin(place, "alter table todo add column own_colour text;")
    check_kept(place, "the column own_colour", lambda sql: sql.replace("note text,", "note text, own_colour text,"))


@sqlite
def a_handwritten_unique_rule_is_not_lost(place):
    rebuilt_by_hand(place, "title text not null", after=", unique (title, owner)")
    check_kept(place, "\"unique (title, owner)\"",
               lambda sql: sql.replace(") strict;", ", unique (title, owner)) strict;"))


@sqlite
def numbers_are_not_reused(place):
    begin(place, """
create table own_new (id integer primary key autoincrement, title text not null,
    owner integer not null references person (id) on delete cascade, note text);
insert into own_new select id, title, owner, note from todo;
drop table todo;
alter table own_new rename to todo;
create index todo_owner_idx on todo (owner);
insert into todo (id, title, owner) values (70, 'Gone', 1);
delete from todo where id = 70;""")
    check_kept(place, "\"autoincrement\"",
               lambda sql: sql.replace("id integer primary key", "id integer primary key autoincrement"))
    place.sql("insert into todo (title, owner) values ('New', 1)")
    check_equal(place.sql("select max(id) from todo"), "71")


@sqlite
def checks_that_an_older_tern_wrote_are_not_handwritten_rules(place):
    rebuilt_by_hand(place, "title text not null constraint todo_title_check check (length(title) < 21)")
    change(place)


@on_both
def a_handwritten_migration_that_creates_a_view_again_is_accepted(place):
    begin(place, "create view own_titles as select title from todo;")
    by_hand(place, "again", "drop view own_titles;\ncreate view own_titles as select title, id from todo;")
    change(place)
    check_equal(place.sql("select id from own_titles where title = 'Rest'"), "2")


def on_postgres():
    return Place("postgres")


@test
def a_view_of_a_column_whose_kind_changes_is_named_on_postgres():
    with on_postgres() as place:
        place.must("migrate", "make", models=16)
        place.must("migrate", models=16)
        place.sql("create view own_dates as select e from kinds")
        place.must("migrate", "make", "other", models=17)
        error = place.refused("migrate", models=17)
        check("cannot alter type of a column used by a view or rule" in error, error)
        check("write \"drop view own_dates;\" at the top of migrations/0002_other.postgres.sql" in error, error)
        check("nothing of 0002_other was applied" in error, error)
        check_equal(place.sql("select count(*) from own_dates"), "0")


@test
def a_view_of_a_dropped_column_is_named_on_postgres():
    with on_postgres() as place:
        begin(place, "create view own_notes as select note from todo;")
        change(place)
        place.must("migrate", "make", "less", models=3)
        error = place.refused("migrate", models=3)
        check("write \"drop view own_notes;\" at the top of migrations/0004_less.postgres.sql" in error, error)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("migrating",)))

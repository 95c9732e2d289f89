#!/usr/bin/env python3
"""Tables that a part of an application adds to its database, on both engines: tabled.c."""

import sys

import harness
from harness import check, check_equal, test
from json_caller import Caller
from migrate_place import Place


def on_both_in_both_orders(function):
    for engine in ("sqlite", "postgres"):
        for order in ("before", "after"):
            def one(engine=engine, order=order):
                with Place(engine) as place:
                    place.program = "tabled"
                    place.env = {"ORDER": order}
                    function(place)
            one.__name__ = f"{function.__name__}_on_{engine}_added_{order}_the_database"
            test(one)
    return function


@on_both_in_both_orders
def added_tables_are_migrated(place):
    out = place.must("migrate", "make")
    check("create table shop\n" in out and "create table invoice\n" in out, out)
    check_equal(place.must("migrate"), "applied 0001_initial\n")
    check_equal(place.must("migrate", "make"), "no changes: the models agree with the migrations\n")
    place.sql("insert into shop (name) values ('a')")
    place.sql("insert into invoice (shop_id, title) values (1, 'b')")


@on_both_in_both_orders
def statements_on_added_tables_are_checked(place):
    code, out, err = place.run("check")
    check_equal(code, 0, f"exit code: {out}{err}")


def post(place, path, value):
    with harness.Server(name=place.program, env={**place.env, "TERN_DATABASE_URL": place.url}) as server:
        status, row, _ = Caller(server).send("POST", path, value)
        check_equal(status, 201, row)


@on_both_in_both_orders
def added_tables_are_created_at_the_first_start_and_fit_at_the_next(place):
    post(place, "/shops", {"name": "a"})
    post(place, "/invoices", {"shop_id": 1, "title": "b"})
    place.env = {"ORDER": "after" if place.env["ORDER"] == "before" else "before"}
    post(place, "/invoices", {"shop_id": 1, "title": "c"})
    check_equal(place.sql("select title from invoice order by id"), "b\nc")


@on_both_in_both_orders
def a_command_of_the_application_uses_its_database(place):
    check_equal(place.run("open-shops", "a", "b"), (0, "2\n", ""))
    check_equal(place.run("open-shops"), (3, "2\n", ""), "its exit code")
    check_equal(place.run("open-shops", "x"), (1, "", "tabled: open-shops: a shop cannot be called x\n"))
    check("open-shops" in place.must("--help"), "the help")


@test
def a_table_name_that_is_taken_is_a_mistake_that_names_both_models():
    with Place("sqlite") as place:
        place.program, place.env = "tabled", {"ORDER": "twice"}
        err = place.refused("run", "--port", "0")
        check("model OtherShop: its table is called \"shop\", as that of Shop" in err, err)


@test
def added_tables_without_a_database_name_what_needs_one():
    with Place("sqlite") as place:
        place.program, place.env = "tabled", {"ORDER": "none"}
        err = place.refused("run", "--port", "0")
        check("its tables (Invoice) need a database; call tern_database(app, ...) in main too" in err, err)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("tabled",)))

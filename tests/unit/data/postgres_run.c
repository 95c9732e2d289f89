#include "postgres_test.h"

static void select_seven(void)
{
    answer got = ask("select $1::bigint + 1", TERN_ARGS(6), .id = 1, .reads = true);
    CHECK(got.is_ok);
    CHECK_INT(got.number, 7);
    CHECK_INT(got.rows, 1);
}

TEST(a_statement_is_answered)
{
    with_database(select_seven);
}

static bool take_one(data_run *run, const data_row *row)
{
    (void)row;
    ++*(int *)run->sink;
    return false;
}

static void has_enough_after_one(void)
{
    char lent[256];
    arena memory;
    int rows = 0;
    const char *sql = "select generate_series(1, 3)";
    const data_statement statement = {.sql = sql, .sql_len = strlen(sql)};
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    data_run run = {.statement = &statement, .memory = &memory, .on_row = take_one, .sink = &rows};
    CHECK(data_postgres.run(db, &run));
    CHECK_INT(rows, 1);
    arena_free(&memory);
}

TEST(on_row_ends_a_run_without_a_failure_by_returning_false)
{
    with_database(has_enough_after_one);
}

static void select_twice(void)
{
    for (int i = 0; i < 3; i++)
        CHECK_INT(ask("select $1::bigint", TERN_ARGS(i), .id = 3, .reads = true).number, i);
    CHECK_INT(
        must("select count(*) from pg_prepared_statements where statement = 'select $1::bigint'").number, 1);
}

TEST(a_statement_is_prepared_once)
{
    with_database(select_twice);
}

static void insert_and_count(void)
{
    must("create temporary table pairs (id bigint)");
    CHECK_INT(ask("insert into pairs values ($1), ($2)", TERN_ARGS(1, 2)).affected, 2);
    CHECK_INT(must("select count(*) from pairs").number, 2);
    CHECK_INT(must("update pairs set id = id + 1").affected, 2);
    CHECK_INT(must("delete from pairs where id = 3").affected, 1);
    CHECK_INT(must("select 1").affected, 0);
    CHECK_INT(must("delete from pairs").affected, 1);
}

TEST(changed_rows_are_counted)
{
    with_database(insert_and_count);
}

static void fail_each_way(void)
{
    static const struct {
        const char *sql;
        tern_data_fault fault;
        const char *constraint, *table, *columns;
    } cases[] = {
        {"insert into person (id, email) values (4, 'a@b')", TERN_DATA_UNIQUE, "person_email_key", "person",
         "email"},
        {"insert into person (id, email, first, last) values (2, 'x', 'A', 'B')", TERN_DATA_UNIQUE,
         "person_name", "person", "first, last"},
        {"insert into pet (owner) values (99)", TERN_DATA_FOREIGN_KEY, "pet_owner_fkey", "pet", "owner"},
        {"delete from person where id = 1", TERN_DATA_FOREIGN_KEY, "pet_owner_fkey", "pet", "id"},
        {"insert into person (id, email) values (3, null)", TERN_DATA_NOT_NULL, "", "person", "email"},
        {"update person set age = -1", TERN_DATA_CHECK, "person_age_check", "person", ""},
        {"update person set age = 40000", TERN_DATA_BAD_VALUE, "", "", ""},
        {"select 1 / 0", TERN_DATA_BAD_VALUE, "", "", ""},
        {"select nothing", TERN_DATA_REFUSED, "", "", ""},
        {"selekt", TERN_DATA_REFUSED, "", "", ""},
        {"insert into late (owner) values (99)", TERN_DATA_FOREIGN_KEY, "late_owner_fkey", "late", "owner"},
        {"do $$ begin raise sqlstate '40001'; end $$", TERN_DATA_CONFLICT, "", "", ""},
        {"do $$ begin raise sqlstate '40P01'; end $$", TERN_DATA_CONFLICT, "", "", ""},
        {"do $$ begin raise sqlstate '55P03'; end $$", TERN_DATA_BUSY, "", "", ""},
        {"do $$ begin raise sqlstate '53100'; end $$", TERN_DATA_FULL, "", "", ""},
        {"do $$ begin raise sqlstate '57014'; end $$", TERN_DATA_TIMEOUT, "", "", ""},
        {"do $$ begin raise sqlstate '57P03'; end $$", TERN_DATA_AWAY, "", "", ""},
        {"do $$ begin raise sqlstate 'XX000'; end $$", TERN_DATA_FAILED, "", "", ""},
    };
    must("create temporary table person (id bigint primary key, email text unique not null, first text, "
         "last text, age smallint check (age >= 0))");
    must("create unique index person_name on person (first, last)");
    must("create temporary table pet (owner bigint references person)");
    must("create temporary table late (owner bigint references person deferrable initially deferred)");
    must("insert into person values (1, 'a@b', 'A', 'B', 3)");
    must("insert into person values (7, 'a@c', 'A', 'C', 3)");
    must("insert into pet values (1)");
    must("delete from person where id = 7");
    must("insert into person values (1000, 'a@d', 'A', 'D', 3)");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        answer got = ask(cases[i].sql, NO_ARGS, .id = (unsigned)i + 1);
        CHECK(!got.is_ok);
        if (got.error.fault != cases[i].fault)
            check_fail(__FILE__, __LINE__, "%s: fault %d, %s", cases[i].sql, got.error.fault,
                       got.error.message);
        CHECK_TEXT(got.error.constraint, cases[i].constraint);
        CHECK_TEXT(got.error.table, cases[i].table);
        CHECK_TEXT(got.error.columns, cases[i].columns);
        CHECK_INT(must("select 5").number, 5);
    }
}

TEST(each_error_is_reported_with_its_subject_and_its_connection_works_on)
{
    db_options.pool = 1;
    with_database(fail_each_way);
}

static void look_at_messages(void)
{
    must("create temporary table person (email text unique)");
    must("insert into person values ('secret@example.org')");
    answer got = ask("insert into person values ('secret@example.org')", NO_ARGS);
    CHECK_TEXT(got.error.message,
               "duplicate key value violates unique constraint \"person_email_key\" (SQLSTATE 23505)");
}

TEST(a_breach_of_uniqueness_does_not_show_the_value)
{
    db_options.pool = 1;
    with_database(look_at_messages);
}

static void bad_texts(void)
{
    static const char nul[] = {'a', '\0', 'b'};
    static const tern_str texts[] = {{"\xff", 1},         {"\xc0\xa7 or 1=1", 8}, {"a\xe2\x82", 3},
                                     {"\xed\xa0\x80", 3}, {"'\xbf'", 3},          {nul, 3}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        answer got = ask("select $1::text", TERN_ARGS(texts[i]), .as_text = true);
        CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
    }
    CHECK_TEXT(ask("select $1::text", TERN_ARGS("'; drop table x; --"), .as_text = true).text,
               "'; drop table x; --");
    CHECK_TEXT(ask("select $1::text", TERN_ARGS("\xe2\x82\xac"), .as_text = true).text, "\xe2\x82\xac");
    CHECK_TEXT(ask("select $1::text", TERN_ARGS(""), .as_text = true).text, "");
}

TEST(threat_101_text_that_is_not_utf8_or_contains_a_nul_is_refused_before_it_is_sent)
{
    with_database(bad_texts);
}

static void too_big_values(void)
{
    /* they are not read: only one byte exists */
    answer got = ask("select $1", TERN_ARGS(((tern_str){"x", (size_t)5 << 30})));
    CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
    got = ask("select $1", TERN_ARGS(((tern_bytes){(const uint8_t *)"x", (size_t)1 << 30})));
    CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
    got = ask("select $1", TERN_ARGS(((tern_str){"x", SIZE_MAX})));
    CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
    got = ask("select $1", TERN_ARGS(18446744073709551615u));
    CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
}

TEST(threat_101_values_too_large_for_a_message_are_refused_before_they_are_sent)
{
    with_database(too_big_values);
}

/* -- many at once -- */

enum { MANY = 64 };
static test_body bodies[MANY];
static unsigned right_answers;

static void ask_often(void *arg)
{
    int own = (int)((test_body *)arg - bodies);
    for (int round = 0; round < 20; round++) {
        int wanted = own * 1000 + round;
        if ((own + round) % 7 == 0) {
            answer got = ask("select 1 / ($1::bigint - $1)", TERN_ARGS(wanted), .id = 2, .reads = true);
            CHECK_INT(got.error.fault, TERN_DATA_BAD_VALUE);
            continue;
        }
        if ((own + round) % 11 == 0) {
            answer got = ask("insert into answers values ($1) returning id", TERN_ARGS(wanted), .id = 3);
            CHECK_INT(got.number, wanted);
            continue;
        }
        answer got = ask("select $1::bigint from pg_sleep($2)",
                         TERN_ARGS(wanted, (wanted * 7919 % 13) * 0.0002), .id = 1, .reads = true);
        CHECK(got.is_ok);
        CHECK_INT(got.number, wanted);
        right_answers++;
    }
}

static void make_answers(void *arg)
{
    (void)arg;
    must("drop table if exists answers");
    must("create table answers (id bigint)");
    for (int i = 0; i < MANY; i++)
        start_body(&bodies[i], ask_often, &bodies[i]);
}

static void ask_many_at_once(void)
{
    test_body first;
    open_database();
    start_body(&first, make_answers, NULL);
    run_bodies();
    CHECK(right_answers > 900);
}

TEST(threat_102_many_statements_in_flight_with_errors_between_each_reach_their_own_coroutine)
{
    ask_many_at_once();
}

TEST(threat_121_many_statements_for_a_pooler_reach_their_own_coroutine_too)
{
    db_options.prepare = TERN_PREPARE_NEVER;
    ask_many_at_once();
}

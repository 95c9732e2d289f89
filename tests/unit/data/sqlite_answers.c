#include "sqlite_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

/* -- constraints -- */

static void break_constraints(tern_ctx *c)
{
    data_error e;
    must_run(c,
             "create table owner (id integer primary key, name text not null);"
             "create table todo (id integer primary key, title text not null, owner integer references owner,"
             " n integer constraint n_is_small check (n < 10), email text, unique (title, owner));"
             "create unique index todo_email_idx on todo (lower(email)) where email is not null;"
             "create table strict_t (n integer) strict;"
             "create table no_rowid (k text primary key) without rowid;"
             "create trigger no_five before insert on todo when new.n = 5"
             " begin select raise(abort, 'five is out'); end;"
             "insert into owner values (1, 'o');"
             "insert into todo values (1, 'a', 1, 1, 'X@y');"
             "insert into no_rowid values ('k')");
    static const struct {
        const char *sql;
        tern_data_fault fault;
        const char *table, *columns, *constraint;
    } cases[] = {
        {"insert into todo values (1, 'b', 1, 1, null)", TERN_DATA_UNIQUE, "todo", "id", ""},
        {"insert into todo values (2, 'a', 1, 1, null)", TERN_DATA_UNIQUE, "todo", "title, owner", ""},
        {"insert into todo values (2, 'b', 1, 1, 'x@Y')", TERN_DATA_UNIQUE, "", "", "todo_email_idx"},
        {"insert into no_rowid values ('k')", TERN_DATA_UNIQUE, "no_rowid", "k", ""},
        {"insert into todo values (2, 'b', 9, 1, null)", TERN_DATA_FOREIGN_KEY, "", "", ""},
        {"delete from owner", TERN_DATA_FOREIGN_KEY, "", "", ""},
        {"insert into todo values (2, null, 1, 1, null)", TERN_DATA_NOT_NULL, "todo", "title", ""},
        {"insert into todo values (2, 'b', 1, 10, null)", TERN_DATA_CHECK, "", "", "n_is_small"},
        {"insert into todo values (2, 'b', 1, 5, null)", TERN_DATA_CHECK, "", "", ""},
        {"insert into strict_t values ('x')", TERN_DATA_BAD_VALUE, "", "", ""},
        {"insert into owner values ('x', 'o')", TERN_DATA_BAD_VALUE, "", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(fault_of(c, cases[i].sql, NO_ARGS, &e), cases[i].fault);
        CHECK_TEXT(e.table, cases[i].table);
        CHECK_TEXT(e.columns, cases[i].columns);
        CHECK_TEXT(e.constraint, cases[i].constraint);
        CHECK(e.message[0] != '\0' && !e.is_cancelled);
    }
}

TEST(a_broken_constraint_is_reported_with_table_and_columns)
{
    WITH_DATABASE(break_constraints);
}

/* -- invalid statements -- */

static void run_wrong(tern_ctx *c)
{
    data_error e;
    CHECK_INT(fault_of(c, "selec 1", NO_ARGS, &e), TERN_DATA_REFUSED);
    CHECK_TEXT(e.message, "near \"selec\": syntax error");
    CHECK_INT(fault_of(c, "select * from nowhere", NO_ARGS, &e), TERN_DATA_REFUSED);
    CHECK_TEXT(e.message, "no such table: nowhere");
    CHECK_INT(fault_of(c, "select \"no column\"", NO_ARGS, &e), TERN_DATA_REFUSED);
    CHECK_INT(fault_of(c, "select ?1, ''; ", TERN_ARGS(1), &e), TERN_DATA_OK);
    CHECK_INT(fault_of(c, " -- nothing", TERN_ARGS(1), &e), TERN_DATA_REFUSED);
    CHECK_INT(fault_of(c, "select hex(zeroblob(60000000))", NO_ARGS, &e), TERN_DATA_BAD_VALUE);
    CHECK_TEXT(e.message, "string or blob too big");
}

TEST(a_wrong_statement_is_refused_with_sqlites_message)
{
    WITH_DATABASE(run_wrong);
}

static void misuse_schema(tern_ctx *c)
{
    data_error e;
    must_run(c, "pragma writable_schema = on");
    CHECK_INT(fault_of(c, "update sqlite_schema set sql = 'x'", NO_ARGS, &e), TERN_DATA_REFUSED);
    CHECK_INT(fault_of(c, "select load_extension('x')", NO_ARGS, &e), TERN_DATA_REFUSED);
    CHECK_INT(fault_of(c, "attach '/tmp/a.db' as a; attach '/tmp/b.db' as b", NO_ARGS, &e),
              TERN_DATA_REFUSED);
}

TEST(a_connection_is_defensive)
{
    WITH_DATABASE(misuse_schema);
}

static void look_at_settings(tern_ctx *c)
{
    static const struct {
        const char *sql;
        int64_t reader, writer;
    } cases[] = {
        {"select foreign_keys from pragma_foreign_keys", 1, 1},
        {"select synchronous from pragma_synchronous", 1, 1},
        {"select journal_mode = 'wal' from pragma_journal_mode", 1, 1},
        {"select cell_size_check from pragma_cell_size_check", 1, 1},
        {"select query_only from pragma_query_only", 1, 0},
        {"select temp_store from pragma_temp_store", 1, 1},
    };
    data_error error;
    data_session *writer = data_sqlite.acquire(db, true, &error);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t n = -1;
        query *q = query_of(c, cases[i].sql, 0, true, NO_ARGS);
        q->run.on_row = keep_int;
        q->run.sink = &n;
        CHECK_INT(int_of(c, cases[i].sql), cases[i].reader);
        CHECK(data_sqlite.session_run(writer, &q->run));
        CHECK_INT(n, cases[i].writer);
    }
    data_sqlite.release(writer);
}

TEST(every_connection_is_set_for_safety)
{
    WITH_DATABASE(look_at_settings);
}

/* -- unusable files -- */

static data_error open_error;

static void note_open_error(tern_ctx *c)
{
    query *q = query_of(c, "select 1", 1, false, NO_ARGS);
    CHECK(!data_sqlite.run(db, &q->run));
    open_error = q->run.error;
}

static void write_file(const char *name, const char *content, size_t len)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fwrite(content, 1, len, file) == len);
    fclose(file);
}

TEST(a_file_that_is_not_a_database_is_reported)
{
    static char rubbish[8192];
    memset(rubbish, 'r', sizeof rubbish);
    make_folder();
    write_file("app.db", rubbish, sizeof rubbish);
    with_database(&(data_engine_options){.url = fixture_url}, note_open_error);
    CHECK_INT(open_error.fault, TERN_DATA_AWAY);
    CHECK_TEXT(open_error.message, "file is not a database: it is encrypted, damaged or not an SQLite file");
    remove_folder();
}

TEST(a_removed_folder_is_reported)
{
    make_folder();
    remove_folder();
    with_database(&(data_engine_options){.url = fixture_url}, note_open_error);
    CHECK_INT(open_error.fault, TERN_DATA_AWAY);
    CHECK_TEXT(open_error.message, "unable to open database file: No such file or directory");
}

static void come_back(tern_ctx *c)
{
    note_open_error(c);
    CHECK(mkdir(fixture_folder, 0700) == 0);
    must_run(c, "create table t (n integer)");
}

TEST(a_restored_folder_is_used)
{
    make_folder();
    remove_folder();
    with_database(&(data_engine_options){.url = fixture_url}, come_back);
    CHECK_INT(open_error.fault, TERN_DATA_AWAY);
    remove_folder();
}

static void damage(tern_ctx *c)
{
    char path[200], rubbish[4096];
    must_run(c, "create table t (n text)");
    for (int i = 0; i < 20; i++)
        must_run(c, "insert into t values (hex(randomblob(1000)))");
    must_run(c, "pragma wal_checkpoint(truncate)");
    snprintf(path, sizeof path, "%s/app.db", fixture_folder);
    memset(rubbish, 0xee, sizeof rubbish);
    int fd = open(path, O_WRONLY);
    for (off_t page = 1; page < 6; page++)
        CHECK(pwrite(fd, rubbish, sizeof rubbish, page * 4096) == sizeof rubbish);
    data_error e; /* fd stays open: closing it would drop SQLite's locks */
    query *q = query_of(c, "select sum(length(n)) from t", 0, false, NO_ARGS);
    CHECK(!data_sqlite.run(db, &q->run));
    e = q->run.error;
    CHECK_INT(e.fault, TERN_DATA_FAILED);
    CHECK_TEXT(e.message, "database disk image is malformed: the file is damaged, restore it from a copy");
}

TEST(a_damaged_file_is_reported)
{
    WITH_DATABASE(damage);
}

/* -- URLs -- */

static void check_url(const char *url, const char *problem)
{
    buf problems = {0};
    bool is_good = data_sqlite.check(url, &problems);
    CHECK_TEXT(problems.data, problem);
    CHECK(is_good == (problem == NULL));
    buf_free(&problems);
}

TEST(a_url_is_checked_before_anything_is_opened)
{
    check_url("sqlite::memory:", NULL);
    check_url("sqlite:not-there-yet.db", NULL);
    check_url("sqlite:/tmp/not-there-yet.db", NULL);
    check_url("sqlite:///tmp/not-there-yet.db", NULL);
    check_url("sqlite:", "sqlite:: names no file\n");
    check_url("sqlite:/nope/x.db", "sqlite:/nope/x.db: the folder /nope does not exist\n");
    check_url("sqlite:nope/x.db", "sqlite:nope/x.db: the folder ./nope does not exist\n");
    check_url("sqlite:/etc/passwd/x.db", "sqlite:/etc/passwd/x.db: the folder /etc/passwd is not a folder\n");
    check_url("sqlite:/tmp", "sqlite:/tmp: is not a file\n");
    check_url("sqlite://host/x.db", "sqlite://host/x.db: names another machine; write sqlite:file.db or "
                                    "sqlite:/folder/file.db\n");
    check_url("sqlite:x.db?mode=rwc",
              "sqlite:x.db?mode=rwc: has other options after '?' than mode=ro, mode=rw and immutable=1\n");
}

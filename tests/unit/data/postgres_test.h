/** Shared by the tests of the PostgreSQL engine: a database in a loop, coroutines that use it, a proxy that
 * misbehaves. Without TERN_TEST_POSTGRES (see tests/postgres.py) they are skipped. */
#ifndef TESTS_POSTGRES_TEST_H
#define TESTS_POSTGRES_TEST_H

#include "check.h"
#include "data/engine.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef TERN_WITH_POSTGRES
/* A build without the engine, whose tests are skipped: TERN_TEST_POSTGRES is not set there. */
static const data_engine no_engine;
#define data_postgres no_engine
#endif

static data_database *db;
static data_engine_options db_options = {.pool = 4, .wait_timeout_ms = 3000};
static unsigned still_running;

static inline const char *test_setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        check_skip("no PostgreSQL: run it by `python3 tests/postgres.py PROGRAM`, as scripts/test does");
    return value;
}

/* -- coroutines -- */

typedef struct test_body {
    void (*run)(void *arg);
    void *arg;
    coro *co; /* NULL once it has ended */
} test_body;

static inline void body_main(void *arg)
{
    test_body *body = arg;
    body->co = coro_self();
    body->run(body->arg);
    body->co = NULL;
    if (--still_running == 0)
        loop_stop();
}

/** Starts a coroutine: from the test itself, before run_bodies, or from another one. */
static inline void start_body(test_body *body, void (*run)(void *arg), void *arg)
{
    *body = (test_body){run, arg, NULL};
    still_running++;
    CHECK(coro_spawn(body_main, body, NULL, NULL) != NULL);
}

static inline void open_at(const char *url)
{
    db_options.url = url;
    CHECK(loop_open());
    db = data_postgres.open(&db_options);
    CHECK(db != NULL);
}

static inline void open_database(void)
{
    open_at(test_setting("TERN_TEST_POSTGRES"));
}

static inline void open_through_proxy(void)
{
    open_at(test_setting("TERN_TEST_POSTGRES_PROXY"));
}

/** Runs the coroutines to the end, then closes the database. */
static inline void run_bodies(void)
{
    loop_run();
    CHECK_INT(still_running, 0);
    data_postgres.close(db);
    loop_close();
    coro_trim(0);
}

static inline void body_plain(void *run)
{
    ((void (*)(void))run)();
}

/** One coroutine with the database. */
static inline void with_database(void (*run)(void))
{
    static test_body body;
    open_database();
    start_body(&body, body_plain, (void *)run);
    run_bodies();
}

static inline void with_proxy(void (*run)(void))
{
    static test_body body;
    open_through_proxy();
    start_body(&body, body_plain, (void *)run);
    run_bodies();
}

static inline void pause_ms(uint64_t ms)
{
    uint64_t until_ms = loop_after_ms(ms);
    while (coro_wait(until_ms) == CORO_WOKEN)
        continue;
}

/* -- statements -- */

/** The result of one: the first column of its first row, read as text or as a whole number. */
typedef struct answer {
    bool is_ok;
    int64_t number, affected;
    unsigned rows;
    char text[200];
    data_error error;
} answer;

typedef struct ask_options {
    data_session *session; /* NULL: any connection */
    unsigned id;           /* 0: not kept prepared */
    bool reads;            /* does not write */
    bool as_text;
    uint64_t within_ms; /* 0: no deadline */
} ask_options;

static inline bool keep_first(data_run *run, const data_row *row)
{
    answer *to = run->sink;
    const char *problem = NULL, *text = NULL;
    bool is_null = false;
    char lent[512];
    arena a;
    if (to->rows++ > 0 || row->columns == 0)
        return true;
    arena_init(&a, lent, sizeof lent, 1 << 20);
    if (to->number == 1) /* read as text */
        problem = data_postgres.column_read(row, 0, TERN_TYPE(tern_text), &text, &is_null, &a);
    else
        problem = data_postgres.column_read(row, 0, TERN_TYPE(tern_int64), &to->number, &is_null, &a);
    snprintf(to->text, sizeof to->text, "%s", text != NULL ? text : is_null ? "null" : "");
    if (problem != NULL)
        data_refuse(&run->error, TERN_DATA_BAD_VALUE, "%s", problem);
    arena_free(&a);
    return problem == NULL;
}

static inline answer ask_with(const char *sql, tern_args args, ask_options options)
{
    uint8_t kinds[16];
    char lent[512];
    arena a;
    answer got = {.number = options.as_text};
    for (unsigned i = 0; i < args.count; i++)
        kinds[i] = (uint8_t)args.items[i].kind;
    const data_statement statement = {.sql = sql,
                                      .sql_len = strlen(sql),
                                      .id = options.id,
                                      .arg_count = args.count,
                                      .kinds = kinds,
                                      .writes = !options.reads};
    arena_init(&a, lent, sizeof lent, 1 << 20);
    data_run run = {.statement = &statement,
                    .args = args.items,
                    .memory = &a,
                    .deadline_ms = options.within_ms != 0 ? loop_after_ms(options.within_ms) : 0,
                    .on_row = keep_first,
                    .sink = &got};
    got.is_ok = options.session != NULL ? data_postgres.session_run(options.session, &run)
                                        : data_postgres.run(db, &run);
    arena_free(&a);
    got.affected = run.affected;
    got.error = run.error;
    return got;
}

#define NO_ARGS ((tern_args){0})
/** `ask("select $1", TERN_ARGS(7), .reads = true)` */
#define ask(sql, args, ...) ask_with(sql, args, (ask_options){__VA_ARGS__})

/** For statements that must succeed. */
static inline answer must(const char *sql)
{
    answer got = ask(sql, NO_ARGS, .id = 0);
    if (!got.is_ok)
        check_fail(__FILE__, __LINE__, "%s: %s", sql, got.error.message);
    return got;
}

/* -- the proxy -- */

/** Sends a command to the proxy of tests/postgres.py ("cut", "freeze", "cut_after 100", "passed"). Returns
 * the number it answers with. */
static inline long tell_proxy(const char *what)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port =
                                      htons((uint16_t)atoi(test_setting("TERN_TEST_POSTGRES_CONTROL"))),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    CHECK(dprintf(fd, "%s\n", what) > 0);
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    CHECK(got > 0);
    text[got] = '\0';
    return atol(text);
}

#endif

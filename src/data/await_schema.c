#include "data/await_schema.h"
#include "data/execute.h"
#include "data/migrate/migrate.h"
#include "data/worker_database.h"
#include "runtime/loop.h"
#include "runtime/offload.h"

#include <tern/log.h>
#include <tern/task.h>

#include <string.h>

enum { PAUSE_MS = 1000 }; /* between checks while the tables are wrong */

static const char *program_name;
static tern_mutex looking;
static uint64_t again_at_ms;

/** Joins lines into one. */
static const char *in_one_line(buf *problems)
{
    while (problems->len > 0 && problems->data[problems->len - 1] == '\n')
        problems->data[--problems->len] = '\0';
    for (size_t i = 0; i < problems->len; i++)
        if (problems->data[i] == '\n')
            problems->data[i] = ';';
    return problems->data != NULL ? problems->data : "out of memory";
}

void data_check_later(const char *program, buf *problems)
{
    tern_log(TERN_LOG_WARN, "started without the database; its tables are checked once it is reachable: %s",
             in_one_line(problems));
    buf_free(problems);
    program_name = program;
    data_self.is_unchecked = true;
}

/** The engine finds out in bounded time whether the database is reachable; the check itself only waits. */
static void need_database(tern_ctx *c)
{
    static const data_statement ask = {.sql = "select 1", .sql_len = sizeof "select 1" - 1};
    data_run run = {.statement = &ask, .memory = ctx_arena(c), .deadline_ms = data_deadline_ms()};
    if (!data_self.engine->run(data_self.primary, &run))
        data_answer(c, &run.error, NULL, NULL);
}

typedef struct look_job {
    data_schema_state state;
    buf problems;
} look_job;

/** Runs on a thread of the pool. */
static void look(void *arg)
{
    look_job *job = arg;
    job->state = data_schema_check(&data_self.options, program_name, &job->problems);
}

static void look_once(void)
{
    look_job job = {.state = DATA_SCHEMA_UNKNOWN};
    if (loop_self.now_ms < again_at_ms || !offload_run(look, &job))
        return;
    data_self.is_unchecked = job.state != DATA_SCHEMA_FITS;
    if (data_self.is_unchecked) {
        again_at_ms = loop_self.now_ms + PAUSE_MS;
        tern_log(TERN_LOG_ERROR, "the database cannot be used: %s", in_one_line(&job.problems));
    }
    buf_free(&job.problems);
}

void data_check_now(tern_ctx *c)
{
    need_database(c);
    tern_lock(c, &looking); /* the others wait for the first one's check */
    if (data_self.is_unchecked)
        look_once();
    tern_unlock(c, &looking);
    if (data_self.is_unchecked)
        tern_fail(c, 503, "the database cannot be used yet");
}

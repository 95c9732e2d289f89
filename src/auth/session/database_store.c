/**
 * The store of sessions, tern_cache and tern_idempotency in the application's database.
 *
 * Keys may have any bytes and any length, so a row has their digest. Every call is one statement; what has to be compared
 * is compared by it, so that requests at once on several machines agree. Times are the wall clock's.
 *
 * A purge has a number from a row of its own that is never removed: a number that went back would hide purges.
 */
#include "crypto/base64url.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/sodium.h"

#include <tern/cache.h>
#include <tern/data.h>
#include <tern/sql.h>

#include <string.h>
#include <time.h>

TERN_MODEL_WITH(tern_stored_row, (.table = "stored_value"),
    (const char *, name,    .key = true, .max_length = 43),
    (tern_bytes,   value),
    (int64_t,      ends_ms, .index = true),
    (int64_t,      number))

enum { KEY_TEXT = BASE64URL_LEN(MAC_BYTES), CLEAN_EVERY = 64 };

static const uint64_t LONGEST_MS = 400ull * 24 * 60 * 60 * 1000;
static const char counter[] = "purges"; /* shorter than any digest */

/* What a call works on, and its outcome. */
typedef struct job {
    void (*statement)(tern_ctx *c, struct job *j);
    char name[KEY_TEXT + 1];
    tern_bytes value, old;
    int64_t now_ms, ends_ms, number, changed;
    tern_str found;
} job;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void name_it(job *j, char kind, tern_str key)
{
    uint8_t digest[MAC_BYTES];
    mac_digest(key.data, key.len, digest);
    base64url_write(digest, sizeof digest, j->name);
    j->name[KEY_TEXT] = '\0';
    if (kind != '\0')
        j->name[0] = kind; /* not a letter of a digest's text */
}

static job job_of(void (*statement)(tern_ctx *c, job *j), tern_str key, tern_str value, tern_stay stay)
{
    job j = {.statement = statement,
             .value = {(const uint8_t *)(value.data != NULL ? value.data : ""), value.len}};
    j.now_ms = now_ms();
    j.ends_ms = j.now_ms + (int64_t)(stay.ms == 0 || stay.ms > LONGEST_MS ? LONGEST_MS : stay.ms);
    name_it(&j, '\0', key);
    return j;
}

static void work(tern_ctx *c, void *arg)
{
    job *j = arg;
    j->statement(c, j);
}

/* A hundred rows at most, so that no request pays for all. */
static void clean(tern_ctx *c, job *j)
{
    j->changed = tern_sql_run(c,
                              "delete from stored_value where name in "
                              "(select name from stored_value where ends_ms <= ? order by ends_ms limit 100)",
                              j->now_ms);
}

static tern_stored run(tern_ctx *c, job *j)
{
    return !tern_attempt(c, work, j) ? TERN_STORED_AWAY : j->changed != 0 ? TERN_STORED : TERN_STORED_NOT;
}

static tern_stored write_it(tern_ctx *c, job *j)
{
    uint8_t dice = 1;
    tern_stored outcome = run(c, j);
    if (outcome == TERN_STORED && random_bytes(&dice, 1) && dice % CLEAN_EVERY == 0) {
        job cleaning = {.statement = clean, .now_ms = j->now_ms};
        tern_attempt(c, work, &cleaning);
    }
    return outcome;
}

/* -- statements -- */

static void select_it(tern_ctx *c, job *j)
{
    tern_bytes_list found = tern_sql_pluck(
        c, tern_bytes, "select value from stored_value where name = ? and ends_ms > ?", j->name, j->now_ms);
    j->changed = (int64_t)found.count;
    if (found.count != 0) {
        char *kept = tern_alloc(c, found.items[0].len + 1);
        if (found.items[0].len != 0)
            memcpy(kept, found.items[0].data, found.items[0].len);
        j->found = (tern_str){kept, found.items[0].len};
    }
}

static void put_it(tern_ctx *c, job *j)
{
    j->changed =
        tern_sql_run(c,
                     "insert into stored_value (name, value, ends_ms, number) values (?, ?, ?, 0) "
                     "on conflict (name) do update set value = excluded.value, ends_ms = excluded.ends_ms",
                     j->name, j->value, j->ends_ms);
}

static void add_it(tern_ctx *c, job *j)
{
    j->changed =
        tern_sql_run(c,
                     "insert into stored_value (name, value, ends_ms, number) values (?, ?, ?, 0) "
                     "on conflict (name) do update set value = excluded.value, ends_ms = excluded.ends_ms "
                     "where stored_value.ends_ms <= ?",
                     j->name, j->value, j->ends_ms, j->now_ms);
}

static void replace_it(tern_ctx *c, job *j)
{
    j->changed = tern_sql_run(
        c, "update stored_value set value = ?, ends_ms = ? where name = ? and value = ? and ends_ms > ?",
        j->value, j->ends_ms, j->name, j->old, j->now_ms);
}

static void remove_it(tern_ctx *c, job *j)
{
    j->changed =
        j->old.data == NULL
            ? tern_sql_run(c, "delete from stored_value where name = ?", j->name)
            : tern_sql_run(c, "delete from stored_value where name = ? and value = ?", j->name, j->old);
}

static void count_it(tern_ctx *c, job *j)
{
    j->number = tern_sql_int(c, "select number from stored_value where name = ?", j->name);
    j->changed = 1;
}

static void raise_it(tern_ctx *c, job *j)
{
    tern_sql_run(c,
                 "insert into stored_value (name, value, ends_ms, number) values (?, ?, ?, 1) "
                 "on conflict (name) do update set number = stored_value.number + 1",
                 counter, j->value, INT64_MAX);
    j->changed =
        tern_sql_run(c,
                     "insert into stored_value (name, value, ends_ms, number) "
                     "select ?, value, ?, number from stored_value where name = ? "
                     "on conflict (name) do update set number = excluded.number, ends_ms = excluded.ends_ms",
                     j->name, j->ends_ms, counter);
}

/* -- the store's calls -- */

static const tern_stay longest;

static tern_stored get(tern_ctx *c, const tern_store *store, tern_str key, tern_str *value)
{
    (void)store;
    job j = job_of(select_it, key, (tern_str){0}, longest);
    tern_stored outcome = run(c, &j);
    *value = j.found;
    return outcome;
}

static tern_stored put(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    (void)store;
    job j = job_of(put_it, key, value, stay);
    return write_it(c, &j);
}

static tern_stored add(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    (void)store;
    job j = job_of(add_it, key, value, stay);
    return write_it(c, &j);
}

static tern_stored replace(tern_ctx *c, const tern_store *store, tern_str key, tern_str old, tern_str value,
                           tern_stay stay)
{
    (void)store;
    job j = job_of(replace_it, key, value, stay);
    j.old = (tern_bytes){(const uint8_t *)(old.data != NULL ? old.data : ""), old.len};
    return write_it(c, &j);
}

static tern_stored remove_value(tern_ctx *c, const tern_store *store, tern_str key, tern_str old)
{
    (void)store;
    job j = job_of(remove_it, key, (tern_str){0}, longest);
    j.old = (tern_bytes){(const uint8_t *)old.data, old.len};
    return run(c, &j);
}

static tern_stored number_of(tern_ctx *c, const char *name, uint64_t *number)
{
    job j = {.statement = count_it};
    memcpy(j.name, name, strlen(name) + 1);
    tern_stored outcome = run(c, &j);
    *number = (uint64_t)j.number;
    return outcome;
}

static tern_stored moment(tern_ctx *c, const tern_store *store, uint64_t *now)
{
    (void)store;
    return number_of(c, counter, now);
}

static tern_stored purge(tern_ctx *c, const tern_store *store, tern_str name)
{
    (void)store;
    job j = job_of(raise_it, name, (tern_str){0}, longest);
    name_it(&j, '.', name);
    return write_it(c, &j);
}

static tern_stored is_purged(tern_ctx *c, const tern_store *store, const tern_str *names, unsigned count,
                             uint64_t since)
{
    uint64_t number;
    tern_stored outcome = moment(c, store, &number);
    if (outcome != TERN_STORED || number == since)
        return outcome == TERN_STORED ? TERN_STORED_NOT : outcome;
    for (unsigned i = 0; i < count; i++) {
        job j = {0};
        name_it(&j, '.', names[i]);
        outcome = number_of(c, j.name, &number);
        if (outcome != TERN_STORED || number > since)
            return outcome;
    }
    return TERN_STORED_NOT;
}

static void prepare(tern_app *app, tern_store *store)
{
    const char *problem;
    (void)store;
    if (!sodium_load(&problem))
        tern_mistake(app, "tern_database_store: %s", problem);
}

tern_store *tern_database_store(tern_app *app)
{
    static const tern_store store = {.name = "database",
                                     .prepare = prepare,
                                     .get = get,
                                     .put = put,
                                     .add = add,
                                     .replace = replace,
                                     .remove = remove_value,
                                     .moment = moment,
                                     .purge = purge,
                                     .is_purged = is_purged};
    tern_tables_of(app, "tern_database_store", (tern_type *const[]){TERN_TYPE(tern_stored_row), NULL});
    return tern_keep(&store, sizeof store);
}

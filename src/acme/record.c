#include "acme/record.h"

#include "acme/jws.h"
#include "schema/json/json.h"

#include <tern/log.h>

#include <stdio.h>

TERN_MODEL_WITH(Record, (.ignore_unknown = true),
    (const char *, wanted, .optional = true),
    (const char *, directory, .optional = true),
    (const char *, order, .optional = true),
    (const char *, challenge, .optional = true),
    (int64_t, failures, .fallback = "0", .min = 0, .max = 1000000),
    (int64_t, unfinished, .fallback = "0", .min = 0, .max = 1000000),
    (int64_t, next_try_at, .fallback = "0", .min = 0),
    (int64_t, issued_at, .fallback = "0", .min = 0),
    (int64_t, renew_at, .fallback = "0", .min = 0),
    (int64_t, window_start, .fallback = "0", .min = 0),
    (int64_t, window_end, .fallback = "0", .min = 0),
    (int64_t, window_check_at, .fallback = "0", .min = 0))

static void file_name(const char *name, char out[STORE_NAME_BYTES])
{
    snprintf(out, STORE_NAME_BYTES, "acme/records/%s.json", name);
}

static bool decode(tern_str json, arena *a, record *out)
{
    Record r;
    tern_faults faults;
    buf problems = {0};
    bool is_prepared = Record_type.plan != NULL || schema_prepare(TERN_TYPE(Record), &problems);
    buf_free(&problems);
    faults_init(&faults, a);
    const json_limits limits = {.depth = 4, .items = 100};
    const place top = {.name = "record"};
    if (!is_prepared || !json_decode(TERN_TYPE(Record), &r, json, &limits, &top, a, &faults))
        return false;
    *out = (record){.wanted = r.wanted,
                    .directory = r.directory,
                    .order = r.order,
                    .challenge = r.challenge,
                    .failures = r.failures,
                    .unfinished = r.unfinished,
                    .next_try_at = r.next_try_at,
                    .issued_at = r.issued_at,
                    .renew_at = r.renew_at,
                    .window_start = r.window_start,
                    .window_end = r.window_end,
                    .window_check_at = r.window_check_at};
    return true;
}

bool record_read(const store *s, const char *name, arena *a, record *out, buf *problem)
{
    char file[STORE_NAME_BYTES];
    tern_str json;
    *out = (record){0};
    file_name(name, file);
    store_found found = store_read(s, file, a, &json, problem);
    if (found == STORE_FOUND && !decode(json, a, out))
        tern_log(TERN_LOG_WARN, "acme: %s/%s is malformed: it is begun again", s->path, file);
    return found != STORE_FAILED;
}

bool record_write(const store *s, const char *name, const record *r, arena *a, buf *problem)
{
    char file[STORE_NAME_BYTES];
    const Record written = {.wanted = r->wanted,
                            .directory = r->directory,
                            .order = r->order,
                            .challenge = r->challenge,
                            .failures = r->failures,
                            .unfinished = r->unfinished,
                            .next_try_at = r->next_try_at,
                            .issued_at = r->issued_at,
                            .renew_at = r->renew_at,
                            .window_start = r->window_start,
                            .window_end = r->window_end,
                            .window_check_at = r->window_check_at};
    file_name(name, file);
    tern_str json = jws_json(TERN_TYPE(Record), &written, a);
    if (json.data == NULL) {
        buf_add_text(problem, "out of memory");
        return false;
    }
    return store_write(s, file, json.data, json.len, problem);
}

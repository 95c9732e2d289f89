/* A step: recorded for the supervisor first, and only then sent. */
#include "app/fuzz/internal.h"
#include "base/clock.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXTS = 5 };

static char *header_lines(arena *a, const fuzz_step *step)
{
    buf out = {0};
    for (const char *const *line = step->headers; line != NULL && *line != NULL; line++)
        buf_add_printf(&out, "%s\n", *line);
    char *text = test_need(arena_text(a, out.len != 0 ? out.data : "", out.len));
    buf_free(&out);
    return text;
}

/** False when the log is full. */
static bool note(fuzz_case *c, const fuzz_step *step, uint32_t index)
{
    fuzz_shared *shared = c->run->shared;
    struct stat printed = {0};
    const char *headers = header_lines(c->arena, step);
    const tern_str texts[TEXTS] = {{step->method, strlen(step->method)},
                                   {step->path, strlen(step->path)},
                                   {step->type, step->type != NULL ? strlen(step->type) : 0},
                                   {headers, strlen(headers)},
                                   step->body};
    fuzz_record record = {.from = step->from, .from_len = (uint32_t)step->from_len};
    size_t size = sizeof record;
    for (unsigned i = 0; i < TEXTS; i++) {
        record.lens[i] = (uint32_t)texts[i].len;
        size += texts[i].len;
    }
    if (step->type == NULL)
        record.lens[2] = UINT32_MAX;
    size = (size + 7) & ~(size_t)7;
    if (size > FUZZ_LOG_BYTES - shared->log_used)
        return false;
    fstat(c->run->output_fd, &printed);
    record.output_at = (uint32_t)printed.st_size;
    record.bytes = (uint32_t)size;
    char *at = shared->log + shared->log_used;
    memcpy(at, &record, sizeof record);
    at += sizeof record;
    for (unsigned i = 0; i < TEXTS; i++) {
        if (texts[i].len != 0)
            memcpy(at, texts[i].data, texts[i].len);
        at += texts[i].len;
    }
    shared->log_used += record.bytes;
    shared->route = index;
    shared->steps++;
    return true;
}

/** Paths usually begin with an earlier Location. */
static void find_from(fuzz_case *c, fuzz_step *step)
{
    for (uint32_t i = 0; step->from < 0 && i < c->run->shared->steps; i++) {
        const char *location = c->locations[i];
        size_t len = location != NULL ? strlen(location) : 0;
        char next = len > 1 && strncmp(step->path, location, len) == 0 ? step->path[len] : 'x';
        if (next == '\0' || next == '/' || next == '?') {
            step->from = (int)i;
            step->from_len = len;
        }
    }
}

tern_answer *fuzz_case_send(fuzz_case *c, fuzz_step *step, uint32_t index, const char **wrong)
{
    fuzz_shared *shared = c->run->shared;
    const tern_test_request request = {.body = step->type != NULL ? step->body.data : NULL,
                                       .len = step->body.len,
                                       .type = step->type,
                                       .headers = step->headers};
    *wrong = NULL;
    find_from(c, step);
    uint64_t now_ms = clock_ms();
    if (c->began_ms == 0)
        c->began_ms = now_ms;
    bool is_long = now_ms > c->began_ms + FUZZ_CASE_MS && c->job->kind != FUZZ_REPLAY;
    if (c->is_full || is_long || shared->steps >= FUZZ_STEPS_MOST || !note(c, step, index)) {
        c->is_full = true;
        return NULL;
    }
    __atomic_store_n(&shared->step_began_ms, now_ms, __ATOMIC_RELEASE);
    tern_answer *a = test_send(c->t, step->method, step->path, &request, wrong);
    __atomic_store_n(&shared->step_began_ms, 0, __ATOMIC_RELEASE);
    shared->requests++;
    c->locations[shared->steps - 1] =
        a != NULL && a->status <= 299 ? tern_answer_header_of(a, "Location") : NULL;
    return a;
}

void fuzz_case_report(fuzz_case *c, const fuzz_breach *breach, uint32_t index, bool is_pair)
{
    fuzz_shared *shared = c->run->shared;
    for (uint32_t i = 0; i < shared->breaches; i++) {
        const fuzz_found *other = &shared->found[i];
        if (other->route == index && other->breach.promise == breach->promise &&
            strcmp(other->breach.field, breach->field) == 0)
            return;
    }
    if (shared->breaches >= FUZZ_BREACHES_MOST || shared->steps == 0)
        return;
    shared->found[shared->breaches++] = (fuzz_found){*breach, index, shared->steps - 1, is_pair};
}

/* -- read by the supervisor -- */

static const char *const *split_lines(arena *a, char *text)
{
    size_t count = 1;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == '\n';
    const char **lines = test_need(arena_alloc(a, count * sizeof *lines)), **line = lines;
    for (char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        *end = '\0';
        *line++ = text;
    }
    *line = NULL;
    return lines;
}

fuzz_step *fuzz_read_log(const fuzz_shared *shared, arena *a, unsigned *count)
{
    fuzz_step *steps = test_need(arena_alloc(a, (shared->steps + 1) * sizeof *steps));
    const char *at = shared->log;
    for (unsigned i = 0; i < shared->steps; i++) {
        fuzz_record record;
        char *texts[TEXTS];
        memcpy(&record, at, sizeof record);
        const char *text = at + sizeof record;
        for (unsigned j = 0; j < TEXTS; j++) {
            size_t len = record.lens[j] == UINT32_MAX ? 0 : record.lens[j];
            texts[j] = test_need(arena_text(a, text, len));
            text += len;
        }
        steps[i] = (fuzz_step){.method = texts[0],
                               .path = texts[1],
                               .type = record.lens[2] != UINT32_MAX ? texts[2] : NULL,
                               .headers = split_lines(a, texts[3]),
                               .body = {texts[4], record.lens[4]},
                               .from = record.from,
                               .from_len = record.from_len};
        at += record.bytes;
    }
    *count = shared->steps;
    return steps;
}

uint32_t fuzz_output_at(const fuzz_shared *shared, unsigned step)
{
    const char *at = shared->log;
    fuzz_record record = {0};
    for (unsigned i = 0; i <= step && i < shared->steps; i++) {
        memcpy(&record, at, sizeof record);
        at += record.bytes;
    }
    return record.output_at;
}

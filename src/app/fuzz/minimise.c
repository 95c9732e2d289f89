/* Reduces a finding: fewer requests before it, fewer fields in it, shorter texts. Each try runs in its own
 * process, and succeeds when the reply breaks the promise for the same reason as before. */
#include "app/fuzz/internal.h"
#include "base/clock.h"
#include "schema/value/value.h"

#include <string.h>

enum { TRIES_MOST = 300, MOST_MS = 8000 };

typedef struct shrinker {
    fuzz_run *run;
    fuzz_finding *finding;
    unsigned tries;
    uint64_t until_ms;
} shrinker;

static bool is_of_process(fuzz_promise promise)
{
    return promise <= FUZZ_NO_LEAK;
}

/** Whether these steps, the last of which is the finding's, have the same result. */
static bool is_same(shrinker *s, const fuzz_step *steps, unsigned count)
{
    char why[FUZZ_WHY_BYTES];
    const fuzz_job job = {
        .kind = FUZZ_REPLAY, .steps = steps, .step_count = count, .sought = &s->finding->found};
    fuzz_promise promise = s->finding->found.breach.promise;
    if (s->tries++ >= TRIES_MOST || clock_ms() > s->until_ms)
        return false;
    fuzz_promise end = fuzz_run_job(s->run, &job, why, sizeof why);
    if (is_of_process(promise))
        return end == promise && s->run->shared->steps == count;
    return s->run->shared->has_reproduced;
}

/* -- fewer steps -- */

/** The steps without `len` of them from `at`. A path that began with the Location of a removed step stays
 * unchanged. */
static fuzz_step *without(arena *a, const fuzz_step *steps, unsigned count, unsigned at, unsigned len)
{
    fuzz_step *rest = test_need(arena_alloc(a, count * sizeof *rest));
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++) {
        if (i >= at && i < at + len)
            continue;
        rest[kept] = steps[i];
        int from = steps[i].from;
        if (from >= (int)(at + len))
            rest[kept].from = from - (int)len;
        else if (from >= (int)at)
            rest[kept].from = -1;
        kept++;
    }
    return rest;
}

static void drop_steps(shrinker *s)
{
    fuzz_finding *f = s->finding;
    unsigned fixed = f->found.is_pair ? 2 : 1;
    if (f->step_count <= fixed)
        return;
    for (unsigned size = f->step_count - fixed; size > 0; size = size > 1 ? (size + 1) / 2 : 0)
        for (unsigned at = 0; at + fixed + size <= f->step_count;) {
            fuzz_step *rest = without(s->run->arena, f->steps, f->step_count, at, size);
            int from = f->steps[f->step_count - 1].from; /* the step that created the requested resource */
            bool is_needed = from >= (int)at && from < (int)(at + size);
            if (!is_needed && is_same(s, rest, f->step_count - size)) {
                f->steps = rest;
                f->step_count -= size;
            } else {
                at += size;
            }
        }
}

/* -- smaller steps -- */

/** Tries `changed` instead of the step of that number, and keeps it if the result is the same. */
static bool try_step(shrinker *s, unsigned number, fuzz_step changed)
{
    fuzz_finding *f = s->finding;
    fuzz_step *steps = test_need(arena_alloc(s->run->arena, f->step_count * sizeof *steps));
    memcpy(steps, f->steps, f->step_count * sizeof *steps);
    steps[number] = changed;
    if (!is_same(s, steps, f->step_count))
        return false;
    f->steps = steps;
    return true;
}

static void drop_query(shrinker *s, unsigned number)
{
    for (unsigned skip = 0;;) {
        fuzz_step step = s->finding->steps[number];
        const char *at = strchr(step.path, '?');
        for (unsigned i = 0; at != NULL && i < skip; i++)
            at = strchr(at + 1, '&');
        if (at == NULL || at[1] == '\0')
            return;
        const char *end = at + 1 + strcspn(at + 1, "&");
        char mark = *end == '\0' ? '\0' : *at;
        step.path = test_need(arena_printf(s->run->arena, "%.*s%s%s", (int)(at - step.path), step.path,
                                           mark == '\0'  ? ""
                                           : mark == '?' ? "?"
                                                         : "&",
                                           mark == '\0' ? "" : end + 1));
        if (!try_step(s, number, step))
            skip++;
    }
}

static void drop_headers(shrinker *s, unsigned number)
{
    for (unsigned i = 0; s->finding->steps[number].headers[i] != NULL;) {
        fuzz_step step = s->finding->steps[number];
        unsigned count = 0, kept = 0;
        while (step.headers[count] != NULL)
            count++;
        const char **rest = test_need(arena_alloc(s->run->arena, (count + 1) * sizeof *rest));
        for (unsigned j = 0; j < count; j++)
            if (j != i)
                rest[kept++] = step.headers[j];
        rest[kept] = NULL;
        step.headers = rest;
        if (!try_step(s, number, step))
            i++;
    }
}

/* -- JSON -- */

static bool try_json(shrinker *s, unsigned number, const tern_value *body)
{
    json_out out;
    fuzz_step step = s->finding->steps[number];
    json_out_init(&out, s->run->arena, 256);
    if (!value_print(body, &out, 0))
        return false;
    step.body = (tern_str){test_need(arena_text(s->run->arena, out.data, out.len)), out.len};
    return try_step(s, number, step);
}

/** Halves a text while the result is the same. */
static void shorten(shrinker *s, unsigned number, const tern_value *body, tern_value *text)
{
    while (text->form == VALUE_TEXT && text->len > 1) {
        tern_value before = *text;
        uint32_t len = text->len / 2;
        while (len > 0 && ((unsigned char)text->text[len] & 0xc0) == 0x80)
            len--;
        text->text = test_need(arena_text(s->run->arena, text->text, len));
        text->len = len;
        if (len == 0 || !try_json(s, number, body)) {
            *text = before;
            return;
        }
    }
}

static void shrink_value(shrinker *s, unsigned number, const tern_value *body, tern_value *value,
                         unsigned depth)
{
    enum { DEEPEST = 8, MOST_ITEMS = 64 };
    if (value->form == VALUE_TEXT)
        shorten(s, number, body, value);
    if ((value->form != VALUE_ARRAY && value->form != VALUE_OBJECT) || depth > DEEPEST)
        return;
    for (size_t i = 0; i < tern_value_count(value) && i < MOST_ITEMS;) {
        tern_value before = *value;
        size_t bytes = tern_value_count(value) * (value->form == VALUE_OBJECT ? 2 : 1) * sizeof *value->items;
        tern_value *items = test_need(arena_alloc(s->run->arena, bytes));
        if (value->is_boxed)
            return;
        memcpy(items, value->items, bytes);
        if (tern_value_remove_at(value, i) && try_json(s, number, body))
            continue;
        before.items = items; /* the value's children have moved up */
        *value = before;
        shrink_value(s, number, body, tern_value_at(value, i), depth + 1);
        i++;
    }
}

static void shrink_json(shrinker *s, unsigned number)
{
    const fuzz_step *step = &s->finding->steps[number];
    value_error error;
    if (step->type == NULL || strcmp(step->type, "application/json") != 0)
        return;
    tern_str text = {test_need(arena_text(s->run->arena, step->body.data, step->body.len)), step->body.len};
    tern_value *body = value_parse(s->run->arena, text, NULL, &error);
    if (body != NULL)
        shrink_value(s, number, body, body, 0);
}

void fuzz_minimise(fuzz_run *run, fuzz_finding *finding)
{
    shrinker s = {.run = run, .finding = finding, .until_ms = clock_ms() + MOST_MS};
    finding->is_steady = is_same(&s, finding->steps, finding->step_count);
    if (!finding->is_steady)
        return;
    if (finding->found.breach.promise == FUZZ_NO_HANG) { /* each try that hangs takes long */
        fuzz_step *last =
            &finding
                 ->steps[finding->step_count - 1]; /* a path from another step's Location stays unchanged */
        last->from = -1;
        if (is_same(&s, last, 1)) {
            finding->steps = last;
            finding->step_count = 1;
        }
        return;
    }
    drop_steps(&s);
    bool is_of_pages = finding->found.breach.promise == FUZZ_PAGES; /* pages of two sizes may share a row */
    for (unsigned i = finding->step_count - (is_of_pages ? 2 : 0); i-- > 0;) {
        drop_query(&s, i);
        drop_headers(&s, i);
        shrink_json(&s, i);
    }
}

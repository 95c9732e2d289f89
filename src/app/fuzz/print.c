/* Findings for people: the promise, the reply, and a test that shows it. */
#include "app/fuzz/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* -- C -- */

enum { PIECE = 76 };

/** A C literal, in several pieces if it is long. */
static void add_literal(buf *out, const char *text, size_t len)
{
    size_t column = 0;
    buf_add_text(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (column >= PIECE && c < 0x80) {
            buf_add_text(out, "\"\n        \"");
            column = 0;
        }
        if (c == '"' || c == '\\')
            buf_add_printf(out, "\\%c", c);
        else if (c == '?' && i > 0 && text[i - 1] == '?')
            buf_add_text(out, "\\?"); /* otherwise it could form a trigraph */
        else if (c < 0x20 || c >= 0x7f)
            buf_add_printf(out, "\\%03o", c);
        else
            buf_add(out, &text[i], 1);
        column += c < 0x20 || c >= 0x7f ? 4 : 1;
    }
    buf_add_text(out, "\"");
}

static void add_text(buf *out, const char *text)
{
    add_literal(out, text, strlen(text));
}

static void add_name(buf *out, const fuzz_run *run, const fuzz_finding *f, unsigned number)
{
    const route *r = router_at(run->app->router, f->found.route);
    char name[160];
    size_t len = (size_t)snprintf(name, sizeof name, "fuzz_%u_%s_%s", number,
                                  fuzz_promises[f->found.breach.promise].name,
                                  r->name != NULL           ? r->name
                                  : r->handler.name != NULL ? r->handler.name
                                                            : "route");
    for (size_t i = 0; i < len && i < sizeof name - 1; i++)
        if (!isalnum((unsigned char)name[i]))
            name[i] = '_';
    buf_add_text(out, name);
}

static bool has_nul(tern_str text)
{
    return memchr(text.data, '\0', text.len) != NULL;
}

static void add_body(buf *out, const fuzz_step *step)
{
    bool is_json = strcmp(step->type, "application/json") == 0,
         is_text = step->body.len != 0 && !has_nul(step->body);
    bool is_form = strcmp(step->type, "application/x-www-form-urlencoded") == 0;
    if (is_text && (is_json || is_form)) {
        buf_add_text(out, is_json ? ",\n        .json = " : ",\n        .form = ");
        add_literal(out, step->body.data, step->body.len);
        return;
    }
    buf_add_text(out, ",\n        .type = ");
    add_text(out, step->type);
    buf_add_text(out, ", .body = ");
    add_literal(out, step->body.data, step->body.len);
    if (!is_text)
        buf_add_printf(out, ", .len = %zu", step->body.len);
}

static void add_path(buf *out, const fuzz_step *step)
{
    if (step->from < 0) {
        add_text(out, step->path);
        return;
    }
    const char *rest = step->path + step->from_len;
    if (*rest == '\0') {
        buf_add_printf(out, "tern_answer_header_of(a%d, \"Location\")", step->from);
        return;
    }
    buf_add_printf(out, "tern_test_sprintf(t, \"%%s%%s\", tern_answer_header_of(a%d, \"Location\"), ",
                   step->from);
    add_text(out, rest);
    buf_add_text(out, ")");
}

static bool is_looked_at(const fuzz_finding *f, unsigned number)
{
    unsigned last = f->step_count - 1;
    if (number == last)
        return f->found.breach.promise > FUZZ_NO_LEAK && f->found.breach.promise != FUZZ_ANSWERS;
    for (unsigned i = number + 1; i < f->step_count; i++)
        if (f->steps[i].from == (int)number)
            return true;
    return f->found.is_pair && number + 1 == last;
}

static void add_step(buf *out, const fuzz_finding *f, unsigned number)
{
    const fuzz_step *step = &f->steps[number];
    buf_add_text(out, "    ");
    if (is_looked_at(f, number))
        buf_add_printf(out, "tern_answer *a%u = ", number);
    buf_add_text(out, "tern_test_send(t, ");
    add_text(out, step->method);
    buf_add_text(out, ", ");
    add_path(out, step);
    if (step->type != NULL)
        add_body(out, step);
    for (unsigned i = 0; step->headers[i] != NULL; i++) {
        buf_add_text(out, i == 0 ? ",\n        .headers = TERN_HEADERS(" : ", ");
        add_text(out, step->headers[i]);
    }
    buf_add_text(out, step->headers[0] != NULL ? "));\n" : ");\n");
}

static void add_page_check(buf *out, const fuzz_finding *f)
{
    unsigned of_one = 0, of_other = 0, last = f->step_count - 1;
    sscanf(f->found.breach.want, "%u %u", &of_one, &of_other);
    buf_add_text(out, "    tern_value *one = tern_answer_json(");
    buf_add_printf(out, "a%u), *other = tern_answer_json(a%u);\n", last - 1, last);
    buf_add_printf(
        out,
        "    one = tern_value_at(tern_value_get(one, \"items\") ? tern_value_get(one, \"items\") : one, %u);\n"
        "    other = tern_value_at(tern_value_get(other, \"items\") ? tern_value_get(other, \"items\") : "
        "other, %u);\n"
        "    tern_check(!tern_value_equal(one, other));\n",
        of_one, of_other);
}

static void add_naming_check(buf *out, const fuzz_finding *f)
{
    unsigned last = f->step_count - 1;
    buf_add_printf(out, "    tern_check_status(a%u, 422);\n    tern_check_json(a%u, \"/errors/0/location\", ",
                   last, last);
    add_text(out, f->found.breach.want);
    buf_add_printf(out, ");\n    tern_check_json(a%u, \"/errors/1\", NULL);\n", last);
}

static void add_check(buf *out, const fuzz_run *run, const fuzz_finding *f)
{
    const route *r = router_at(run->app->router, f->found.route);
    int status = r->options.status != 0 ? r->options.status : 200;
    unsigned last = f->step_count - 1;
    switch (f->found.breach.promise) {
    case FUZZ_NO_5XX:
        buf_add_printf(out, "    tern_check(a%u->status < 500);\n", last);
        break;
    case FUZZ_RETURNS:
        buf_add_printf(out, "    tern_check_returns(t, a%u);\n", last);
        break;
    case FUZZ_DOCUMENTED:
        buf_add_printf(out, "    tern_check_status(a%u, %d);\n", last, status);
        break;
    case FUZZ_NAMES_FIELD:
        add_naming_check(out, f);
        break;
    case FUZZ_TAKES_VALID:
        buf_add_printf(out, "    tern_check(a%u->status != 422);\n", last);
        break;
    case FUZZ_REFUSES_BROKEN:
        buf_add_printf(out, "    tern_check(a%u->status >= 400);\n", last);
        break;
    case FUZZ_KEEPS_SECRET:
        buf_add_printf(out, "    tern_check_without(a%u, ", last);
        add_text(out, f->found.breach.want);
        buf_add_text(out, ");\n");
        break;
    case FUZZ_PAGES:
        add_page_check(out, f);
        break;
    case FUZZ_ALLOW:
        buf_add_printf(out, "    tern_check(tern_answer_header_of(a%u, \"Allow\") != NULL);\n", last);
        break;
    case FUZZ_HEAD:
        buf_add_printf(out, "    tern_check_status(a%u, a%u->status);\n", last, last - 1);
        if (f->found.breach.want[0] != '\0')
            buf_add_printf(out, "    tern_check_header(a%u, \"%s\", tern_answer_header_of(a%u, \"%s\"));\n",
                           last, f->found.breach.want, last - 1, f->found.breach.want);
        break;
    default: /* the request itself ends the test */
        break;
    }
}

static void add_test(buf *out, const fuzz_run *run, const fuzz_finding *f, unsigned number)
{
    buf_add_text(out, "TERN_TEST(");
    add_name(out, run, f, number);
    if (f->found.breach.promise == FUZZ_NO_HANG)
        buf_add_printf(out, ", .seconds = %u", run->step_ms / 1000);
    buf_add_text(out, ")\n{\n");
    if (run->shared->has_before)
        buf_add_printf(out, "    %s(t);\n", run->options->name);
    for (unsigned i = 0; i < f->step_count; i++)
        add_step(out, f, i);
    add_check(out, run, f);
    buf_add_text(out, "}\n");
}

/* -- words -- */

static void add_indented(buf *out, const char *text, unsigned most)
{
    while (*text != '\0' && most-- > 0) {
        size_t len = strcspn(text, "\n");
        buf_add_printf(out, " *   %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/** Text that can be in a C comment. */
static const char *comment_text(arena *a, const char *text)
{
    char *copy = test_need(arena_text(a, text, strlen(text)));
    for (char *at = copy; (at = strstr(at, "*/")) != NULL;)
        at[1] = '|';
    for (char *at = copy; (at = strstr(at, "/*")) != NULL;)
        at[0] = '|';
    for (char *at = copy; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 && *at != '\n')
            *at = ' ';
    return copy;
}

void fuzz_print(const fuzz_run *run, const fuzz_finding *f, unsigned number, buf *out)
{
    enum { LINES = 16 };
    const route *r = router_at(run->app->router, f->found.route);
    const fuzz_breach *b = &f->found.breach;
    buf_add_printf(out, "\n/* %u. %s %s%s%s: %s (%s).\n", number, r->method_name, r->pattern,
                   b->field[0] != '\0' ? ", " : "", comment_text(run->arena, b->field),
                   fuzz_promises[b->promise].words, fuzz_promises[b->promise].name);
    buf_add_printf(out, " * %s.%s Seed %llu.\n", comment_text(run->arena, b->why),
                   f->is_steady ? "" : " It did not come again when the same requests were repeated.",
                   (unsigned long long)run->seed);
    if (f->output != NULL && f->output[0] != '\0' && b->promise <= FUZZ_NO_5XX) {
        buf_add_text(out, " * What the application printed:\n");
        add_indented(out, comment_text(run->arena, f->output), LINES);
    }
    buf_add_text(out, " */\n");
    add_test(out, run, f, number);
}

void fuzz_print_summary(const fuzz_run *run, uint64_t ms, buf *out)
{
    const fuzz_shared *shared = run->shared;
    unsigned count = router_count(run->app->router), asked = 0;
    for (unsigned i = 0; i < count && i < FUZZ_ROUTES_MOST; i++)
        asked += shared->asked[i] > 0;
    buf_add_printf(out, "fuzz: seed %llu, %llu requests to %u route%s in %llu.%03llu s, %u finding%s\n",
                   (unsigned long long)run->seed, (unsigned long long)shared->requests, asked,
                   asked == 1 ? "" : "s", (unsigned long long)ms / 1000, (unsigned long long)ms % 1000,
                   run->finding_count, run->finding_count == 1 ? "" : "s");
    for (unsigned i = 0; i < count && i < FUZZ_ROUTES_MOST; i++) {
        const route *r = router_at(run->app->router, i);
        if (!fuzz_is_aimed_at(run, r) || shared->taken_of[i] > 0)
            continue;
        if (shared->asked[i] == 0)
            buf_add_printf(out, "fuzz: %s %s was not asked: %s\n", r->method_name, r->pattern,
                           shared->is_stuck[i] ? "no valid request could be made"
                                               : "there were not enough requests for all routes");
        else
            buf_add_printf(out, "fuzz: %s %s never succeeded in %u requests (the last status was %u)\n",
                           r->method_name, r->pattern, shared->asked[i], shared->status_of[i]);
    }
}

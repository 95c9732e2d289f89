/* `APP check`. */
#include "data/check/check.h"
#include "data/check/database.h"
#include "data/check/source.h"
#include "data/worker_database.h"

#include <stdlib.h>
#include <string.h>

typedef struct check_flags {
    bool is_json, is_strict, wants_sqlite, wants_both;
} check_flags;

enum { ENGINES_MOST = 2 };

/* -- which databases -- */

/** False with a line. */
static bool choose_engines(migrate_command *c, const check_flags *flags, const check_engine **chosen)
{
    const data_engine *own = data_engine_of(c->options->url), *in_memory = data_engine_of("sqlite::memory:");
    bool is_server = own != NULL && !own->is_in_files;
    unsigned count = 0;
    if (flags->wants_both && !is_server)
        return command_fail(c,
                            "check --both: name the PostgreSQL database with --database-url postgres://...");
    if (c->options->unmanaged && (flags->wants_sqlite || flags->wants_both) && is_server)
        return command_fail(c, "check: the tables are .unmanaged, so they cannot be made in SQLite");
    if (!is_server || flags->wants_sqlite || flags->wants_both)
        chosen[count++] = in_memory != NULL ? in_memory->checker : NULL;
    if (is_server && !flags->wants_sqlite)
        chosen[count++] = own->checker;
    for (unsigned i = 0; i < count; i++)
        if (chosen[i] == NULL)
            return command_fail(c, "check: this program has been built without that database's engine");
    return true;
}

/* -- the calls -- */

/** Whether a condition on the same model is written, and thus checked, shortly before the call. */
static bool is_checked_elsewhere(const check_run *run, const check_call *call)
{
    enum { LINES_MOST = 60 };
    size_t len, own_len;
    unsigned own_line = check_place_line(call->note->place, &own_len);
    for (unsigned i = 0; i < run->notes->count; i++) {
        const tern_sql_note *note = run->notes->items[i];
        unsigned line = check_place_line(note->place, &len);
        if (note->type == call->note->type && strncmp(note->call, "TERN_CHECKED(", 13) == 0 &&
            len == own_len && memcmp(note->place, call->note->place, len) == 0 && line <= own_line &&
            own_line - line <= LINES_MOST)
            return true;
    }
    return false;
}

static void tell_of_other_texts(check_run *run, const check_call *call)
{
    if (call->has_other_text && !call->is_trusted && !is_checked_elsewhere(run, call))
        check_add(
            run, call, CHECK_NOTE, "elsewhere",
            "its text is not written in the call, so it is not checked (TERN_CHECKED(%s, \"...\") where it is "
            "written has it checked)",
            call->note->type != NULL ? call->note->type->name : "Model");
}

/** Reports words that tern_allow does not know: they would allow nothing. */
static void check_allowance(check_run *run, const tern_sql_note *note)
{
    static const char *const known[] = {"any",    "elsewhere", "kind",   "name",   "null", "order",
                                        "result", "scan",      "syntax", "values", "use"};
    tern_str name, rest, word;
    if (!source_call((tern_str){note->call, strlen(note->call)}, &name, &rest) ||
        !source_is(name, "tern_allow") || !source_next(&rest, ',', &word))
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (source_is(word, known[i]))
            return;
    const char *message =
        arena_printf(run->memory,
                     "there is no \"%.*s\" to allow; it is one of any, elsewhere, kind, name, "
                     "null, order, result, scan, syntax, values, use",
                     (int)word.len, word.data);
    if (message != NULL)
        check_report_add(run->report,
                         &(check_problem){CHECK_ERROR, note->place, "use", "tern_allow", message, 0});
}

static void prove_all(check_run *run)
{
    data_self.engine = run->engine->data; /* whose SQL is built */
    for (unsigned i = 0; i < run->notes->count && !run->is_gone; i++) {
        check_call *call = arena_alloc(run->memory, sizeof *call);
        run->report->is_memory_short |= call == NULL;
        if (call == NULL)
            return;
        if (!check_call_read(call, run->notes->items[i], run->notes, run->memory)) {
            check_allowance(run, run->notes->items[i]);
            continue;
        }
        check_prove(run, call);
        tell_of_other_texts(run, call);
    }
}

static bool check_with(migrate_command *c, const check_engine *engine, const check_notes *notes,
                       check_report *report, unsigned *checked)
{
    buf problem = {0};
    check_run run = {.engine = engine,
                     .client = &c->client,
                     .notes = notes,
                     .report = report,
                     .memory = &c->memory,
                     .problem = &problem};
    const data_engine *before = data_self.engine;
    if (!check_database_open(c, engine))
        return false;
    prove_all(&run);
    data_self.engine = before;
    engine->close(&c->client);
    *checked = run.checked;
    if (run.is_gone)
        command_fail(c, "check: %s: %s", engine->label,
                     problem.data != NULL ? problem.data : "out of memory");
    buf_free(&problem);
    return !run.is_gone;
}

/* -- output -- */

static int by_place(const void *a, const void *b)
{
    const check_problem *x = a, *y = b;
    int order = check_place_compare(x->place, y->place);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static void add_count(buf *out, unsigned count, const char *what)
{
    buf_add_printf(out, "%s%u %s%s", out->len != 0 ? ", " : "", count, what, count == 1 ? "" : "s");
}

static void add_summary(const migrate_command *c, const check_report *report, unsigned checked,
                        const check_engine *const *chosen, buf *out)
{
    buf counts = {0};
    if (report->counts[CHECK_ERROR] != 0)
        add_count(&counts, report->counts[CHECK_ERROR], "error");
    if (report->counts[CHECK_WARNING] != 0)
        add_count(&counts, report->counts[CHECK_WARNING], "warning");
    if (report->counts[CHECK_NOTE] != 0)
        add_count(&counts, report->counts[CHECK_NOTE], "note");
    buf_add_printf(out, "%s: %u call%s checked with ", c->program, checked, checked == 1 ? "" : "s");
    for (unsigned i = 0; chosen[i] != NULL; i++)
        buf_add_printf(out, "%s%s", i == 0 ? "" : " and ", chosen[i]->label);
    buf_add_printf(out, ": %s\n", counts.len != 0 ? counts.data : "no problems");
    buf_free(&counts);
}

static int tell(migrate_command *c, const check_flags *flags, check_report *report, unsigned checked,
                const check_engine *const *chosen)
{
    buf out = {0};
    if (report->count > 1)
        qsort(report->items, report->count, sizeof *report->items, by_place);
    if (flags->is_json) {
        check_report_json(report, checked, &out);
    } else {
        check_report_lines(report, &out);
        add_summary(c, report, checked, chosen, &out);
    }
    if (report->is_memory_short || out.failed)
        command_fail(c, "check: out of memory");
    else
        fwrite(out.data, 1, out.len, stdout);
    buf_free(&out);
    return report->counts[CHECK_ERROR] != 0 ||
           (flags->is_strict && report->counts[CHECK_WARNING] + report->counts[CHECK_NOTE] != 0);
}

int command_check(migrate_command *c)
{
    const check_flags flags = {.is_json = command_take_flag(c, "--json"),
                               .is_strict = command_take_flag(c, "--strict"),
                               .wants_sqlite = command_take_flag(c, "--sqlite"),
                               .wants_both = command_take_flag(c, "--both")};
    const check_engine *chosen[ENGINES_MOST + 1] = {NULL};
    check_report report = {.memory = &c->memory};
    check_notes notes;
    unsigned checked = 0;
    if (!command_has_no_more(c) || !choose_engines(c, &flags, chosen) ||
        !check_notes_find(&notes, &c->memory, &c->problems) || !command_read_folder(c))
        return 1;
    if (!check_add_resources(&notes, &c->memory, c->app))
        return command_fail(c, "check: out of memory"), 1;
    for (unsigned i = 0; chosen[i] != NULL; i++)
        if (!check_with(c, chosen[i], &notes, &report, &checked))
            return 1;
    return tell(c, &flags, &report, checked, chosen);
}

#include "data/check/report.h"

#include "data/check/notes.h"

#include <string.h>

static const char *const weights[] = {
    [CHECK_ERROR] = "error", [CHECK_WARNING] = "warning", [CHECK_NOTE] = "note"};

void check_report_add(check_report *report, const check_problem *problem)
{
    for (unsigned i = 0; i < report->count; i++)
        if (report->items[i].place == problem->place &&
            strcmp(report->items[i].message, problem->message) == 0)
            return;
    check_problem *grown = arena_resize(report->memory, report->items, (report->count + 1) * sizeof *grown);
    report->is_memory_short |= grown == NULL;
    if (grown == NULL)
        return;
    report->items = grown;
    grown[report->count] = *problem;
    grown[report->count].number = report->count;
    report->count++;
    report->counts[problem->weight]++;
}

void check_report_lines(const check_report *report, buf *out)
{
    for (unsigned i = 0; i < report->count; i++) {
        const check_problem *p = &report->items[i];
        buf_add_printf(out, "%s: %s: %s: %s [%s]\n", p->place, weights[p->weight], p->call, p->message,
                       p->word);
    }
}

static void add_member(buf *out, const char *name, const char *text, size_t len)
{
    buf_add_printf(out, "\"%s\":\"", name);
    buf_add_json(out, text, len);
    buf_add_text(out, "\"");
}

void check_report_json(const check_report *report, unsigned checked, buf *out)
{
    buf_add_text(out, "{\"problems\":[");
    for (unsigned i = 0; i < report->count; i++) {
        const check_problem *p = &report->items[i];
        size_t file_len;
        unsigned line = check_place_line(p->place, &file_len);
        buf_add_text(out, i == 0 ? "{" : ",{");
        add_member(out, "file", p->place, file_len);
        buf_add_printf(out, ",\"line\":%u,", line);
        add_member(out, "weight", weights[p->weight], strlen(weights[p->weight]));
        buf_add_text(out, ",");
        add_member(out, "word", p->word, strlen(p->word));
        buf_add_text(out, ",");
        add_member(out, "call", p->call, strlen(p->call));
        buf_add_text(out, ",");
        add_member(out, "message", p->message, strlen(p->message));
        buf_add_text(out, "}");
    }
    buf_add_printf(out, "],\"checked\":%u}\n", checked);
}

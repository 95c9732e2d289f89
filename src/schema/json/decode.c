/** Decodes a whole text into one value, and reports the fault that ends it early. */
#include "schema/json/read.h"

bool json_stop_memory(json_reader *r)
{
    r->faults->is_memory_short = true;
    return json_stop_code(r, "no_memory", "needs more memory than allowed");
}

/** The reader needs a NUL after the text; most bodies have one, other texts are copied. */
static bool end_with_nul(json_reader *r, tern_str text)
{
    if (*r->end == '\0')
        return true;
    if (!json_charge(r, text.len + 1))
        return false;
    const char *copy = arena_text(r->arena, text.data, text.len);
    if (copy == NULL)
        return json_stop_memory(r);
    r->begin = r->at = r->counted = r->line_begin = copy;
    r->end = copy + text.len;
    return true;
}

/** Adds the fault that ended the reading, and drops all earlier ones. The message follows "the body ": "has
 * too many values (line 1, column 65)". */
static void add_stop(json_reader *r, const place *where)
{
    json_count_lines(r, r->at);
    unsigned line = r->line, column = (unsigned)(r->at - r->line_begin) + 1;
    const char *at_end = r->at == r->end ? ", but the text ends" : "";
    if (strcmp(r->code, "not_json") == 0)
        fault_add(r->faults, where, r->code, NULL, NULL, "is not JSON, line %u, column %u: %s%s", line,
                  column, r->stop, at_end);
    else
        fault_add(r->faults, where, r->code, NULL, NULL, "%s, line %u, column %u", r->stop, line, column);
}

bool json_decode(const tern_type *type, void *out, tern_str text, const json_limits *limits,
                 const place *where, arena *a, tern_faults *faults)
{
    _Alignas(16) char pile[JSON_PILE_BYTES];
    json_reader r;
    json_reader_init(&r, text, limits);
    r.arena = a;
    r.faults = faults;
    r.pile = pile;
    r.pile_end = pile + sizeof pile;
    fault **end_before = faults->end;
    unsigned count_before = faults->count;
    bool is_right = end_with_nul(&r, text);
    if (is_right) {
        json_space(&r);
        is_right = json_read_value(&r, type, out, where);
    }
    if (r.stop == NULL && (json_space(&r) != '\0' || r.at != r.end))
        json_stop(&r, "expected nothing after the value");
    if (r.stop == NULL)
        return is_right && faults->count == count_before && !faults->is_memory_short;
    faults->end = end_before;
    *end_before = NULL;
    faults->count = count_before;
    if (!faults->is_memory_short)
        add_stop(&r, where);
    return false;
}

#include "schema/faults.h"

#include <stdarg.h>
#include <string.h>

void faults_init(tern_faults *faults, arena *a)
{
    *faults = (tern_faults){.arena = a, .end = &faults->first};
}

/** A copy of a step's name. A long one that the client made up (a map key, an unknown key) is cut at the end
 * of a character: a reply need not repeat all of it. */
static const char *keep_name(tern_faults *faults, const char *name)
{
    enum { SHOWN_BYTES = 100 };
    size_t len = strnlen(name, SHOWN_BYTES + 1);
    if (len <= SHOWN_BYTES)
        return arena_text(faults->arena, name, len);
    for (len = SHOWN_BYTES; len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80;)
        len--;
    return arena_printf(faults->arena, "%.*s...", (int)len, name);
}

/** Copies the steps of a place, which are on the caller's stack. */
static bool keep_place(tern_faults *faults, fault *f, const place *where)
{
    for (const place *step = where; step != NULL; step = step->up)
        f->depth++;
    f->names = arena_alloc(faults->arena, f->depth * sizeof *f->names);
    f->indexes = arena_alloc(faults->arena, f->depth * sizeof *f->indexes);
    if (f->names == NULL || f->indexes == NULL)
        return false;
    unsigned at = f->depth;
    for (const place *step = where; step != NULL; step = step->up) {
        at--;
        f->names[at] = NULL;
        f->indexes[at] = step->index;
        if (step->name != NULL && (f->names[at] = keep_name(faults, step->name)) == NULL)
            return false;
    }
    return true;
}

/** The texts, except `message`, are the caller's literals or in the same arena. */
__attribute__((format(printf, 4, 0))) static void add(tern_faults *faults, const place *where, fault sketch,
                                                      const char *format, va_list args)
{
    if (faults->said != NULL && faults->count > faults->said_from)
        return;
    faults->count++;
    if (faults->count > FAULTS_MOST)
        return;
    fault *f = arena_alloc(faults->arena, sizeof *f);
    if (f != NULL) {
        *f = sketch;
        f->message = faults->said != NULL ? faults->said : arena_vprintf(faults->arena, NULL, format, args);
        if (faults->whose != NULL && f->message != NULL)
            f->message = arena_printf(faults->arena, "%s%s", faults->whose, f->message);
    }
    if (f == NULL || f->message == NULL || !keep_place(faults, f, where)) {
        faults->is_memory_short = true;
        return;
    }
    *faults->end = f;
    faults->end = &f->next;
}

void fault_add(tern_faults *faults, const place *where, const char *code, const char *limit_name,
               const char *limit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(faults, where, (fault){.code = code, .limit_name = limit_name, .limit = limit}, format, args);
    va_end(args);
}

static bool is_same(const fault *a, const fault *b)
{
    if (a->depth != b->depth || strcmp(a->code, b->code) != 0 || strcmp(a->message, b->message) != 0)
        return false;
    for (unsigned i = 0; i < a->depth; i++)
        if (a->names[i] != NULL && b->names[i] != NULL
                ? strcmp(a->names[i], b->names[i]) != 0
                : a->names[i] != b->names[i] || a->indexes[i] != b->indexes[i])
            return false;
    return true;
}

void faults_join(tern_faults *faults, tern_faults *more)
{
    faults->is_memory_short |= more->is_memory_short;
    unsigned kept = 0;
    for (fault *f = more->first, *next; f != NULL; f = next, kept++) {
        const fault *same = faults->first;
        next = f->next;
        while (same != NULL && !is_same(same, f))
            same = same->next;
        if (same != NULL || faults->count++ >= FAULTS_MOST)
            continue;
        f->next = NULL;
        *faults->end = f;
        faults->end = &f->next;
    }
    faults->count += more->count - kept; /* faults that were only counted */
}

void tern_fault_add(tern_faults *faults, const char *name, const char *code, const char *format, ...)
{
    const place field = {.up = faults->here, .name = name};
    va_list args;
    va_start(args, format);
    add(faults, name != NULL ? &field : faults->here, (fault){.code = code}, format, args);
    va_end(args);
}

/** The place from step `from` on: "items[3].price". */
static void print_steps(const fault *f, unsigned from, buf *out)
{
    for (unsigned i = from; i < f->depth; i++) {
        if (f->names[i] == NULL)
            buf_add_printf(out, "[%zu]", f->indexes[i]);
        else
            buf_add_printf(out, "%s%s", i > from ? "." : "", f->names[i]);
    }
}

const char *faults_wanted(const tern_faults *faults, arena *a)
{
    const fault *f = faults->first;
    if (f == NULL)
        return "smaller: memory is used up";
    buf text = {.limit = 1024};
    buf_add_text(&text, "JSON of its type (");
    print_steps(f, 1, &text);
    buf_add_printf(&text, "%s%s)", f->depth > 1 ? " " : "", f->message);
    const char *kept = !text.failed ? arena_text(a, text.data, text.len) : NULL;
    buf_free(&text);
    return kept != NULL ? kept : "JSON of its type";
}

bool faults_print(const tern_faults *faults, buf *out)
{
    for (const fault *f = faults->first; f != NULL; f = f->next) {
        print_steps(f, 0, out);
        buf_add_printf(out, "%s%s\n", f->depth > 0 ? ": " : "", f->message);
    }
    if (faults->count > FAULTS_MOST)
        buf_add_printf(out, "and %u more\n", faults->count - FAULTS_MOST);
    return !out->failed;
}

static void print_text(buf *out, const char *text)
{
    buf_add(out, "\"", 1);
    buf_add_json(out, text, strlen(text));
    buf_add(out, "\"", 1);
}

static void print_location(const fault *f, buf *out)
{
    buf_add(out, "[", 1);
    for (unsigned i = 0; i < f->depth; i++) {
        if (i > 0)
            buf_add(out, ",", 1);
        if (f->names[i] == NULL)
            buf_add_printf(out, "%zu", f->indexes[i]);
        else
            print_text(out, f->names[i]);
    }
    buf_add(out, "]", 1);
}

/** The fault as it is reported; false when out of memory. `text` is scratch space. */
static bool tell(const fault *f, arena *a, buf *text, tern_fault *told)
{
    bool has_source = f->depth > 0 && f->names[0] != NULL;
    *told = (tern_fault){.source = has_source ? f->names[0] : "",
                         .code = f->code,
                         .message = f->message,
                         .limit_name = f->limit_name,
                         .limit = f->limit};
    text->len = 0;
    print_location(f, text);
    told->location = !text->failed ? arena_text(a, text->data, text->len) : NULL;
    text->len = 0;
    print_steps(f, 1, text);
    told->field = !text->failed ? arena_text(a, text->data, text->len) : NULL;
    return told->location != NULL && told->field != NULL;
}

const tern_fault *faults_list(const tern_faults *faults, arena *a, size_t *count)
{
    *count = faults->count < FAULTS_MOST ? faults->count : FAULTS_MOST;
    tern_fault *list = arena_alloc(a, (*count + 1) * sizeof *list);
    buf text = {0};
    size_t at = 0;
    bool fits = list != NULL;
    for (const fault *f = faults->first; f != NULL && fits; f = f->next)
        fits = tell(f, a, &text, &list[at++]);
    *count = at;
    buf_free(&text);
    return fits ? list : NULL;
}

static void print_place(const tern_fault *f, buf *out)
{
    if (f->location != NULL) {
        buf_add_text(out, f->location);
        return;
    }
    buf_add(out, "[", 1);
    print_text(out, f->source != NULL ? f->source : "body");
    if (f->field != NULL && *f->field != '\0') {
        buf_add(out, ",", 1);
        print_text(out, f->field);
    }
    buf_add(out, "]", 1);
}

bool faults_print_json(const tern_fault *list, size_t count, buf *out)
{
    buf_add(out, "[", 1);
    for (const tern_fault *f = list; f != list + count; f++) {
        buf_add_text(out, f != list ? ",{\"location\":" : "{\"location\":");
        print_place(f, out);
        buf_add_text(out, ",\"code\":");
        print_text(out, f->code != NULL ? f->code : "wrong");
        buf_add_text(out, ",\"message\":");
        print_text(out, f->message != NULL ? f->message : "");
        if (f->limit_name != NULL)
            buf_add_printf(out, ",\"%s\":%s", f->limit_name, f->limit);
        buf_add(out, "}", 1);
    }
    return buf_add(out, "]", 1);
}

/** Prints a tern_value as text, and converts it to and from models through text. */
#include "schema/json/write.h"
#include "schema/scalar.h"
#include "schema/value/value.h"

#include <string.h>

typedef struct printer {
    writer w;
    unsigned indent;
} printer;

static char *print_value(printer *p, char *at, const tern_value *v);

/** A new line for the next item, or for the bracket that closes. */
static char *print_line(printer *p, char *at)
{
    if (p->indent == 0)
        return at;
    size_t blanks = (size_t)p->indent * p->w.depth;
    at = writer_room(&p->w, at, blanks + 1);
    if (at == NULL)
        return NULL;
    *at++ = '\n';
    memset(at, ' ', blanks);
    return at + blanks;
}

static char *print_key(printer *p, char *at, const tern_value *key)
{
    at = write_text(&p->w, at, key->text, key->len);
    if (at == NULL)
        return NULL;
    *at++ = ':';
    if (p->indent != 0)
        *at++ = ' ';
    return at;
}

static char *print_items(printer *p, char *at, const tern_value *v)
{
    const tern_value *items = value_items(v);
    size_t count = value_count(v), parts = v->form == VALUE_OBJECT ? 2 : 1;
    *at++ = v->form == VALUE_OBJECT ? '{' : '[';
    if (++p->w.depth > WRITE_DEPTH_MOST)
        return write_refusal(&p->w, JSON_TOO_DEEP);
    for (size_t i = 0; i < count && at != NULL; i++) {
        if (i != 0)
            *at++ = ',';
        at = print_line(p, at);
        if (at != NULL && parts == 2)
            at = print_key(p, at, &items[2 * i]);
        if (at != NULL)
            at = print_value(p, at, &items[parts * i + parts - 1]);
    }
    p->w.depth--;
    if (at != NULL && count != 0)
        at = print_line(p, at);
    if (at == NULL)
        return NULL;
    *at++ = v->form == VALUE_OBJECT ? '}' : ']';
    return writer_room(&p->w, at, 0);
}

/** Reserves the writer's slack after the text written, for a comma or a bracket. */
static char *print_value(printer *p, char *at, const tern_value *v)
{
    static const char words[] = "falsetruenull";
    at = writer_room(&p->w, at, SCALAR_PRINT_BYTES);
    if (at == NULL)
        return NULL;
    switch (v->form) {
    case VALUE_BOOL:
        memcpy(at, v->is_true ? words + 5 : words, 5);
        return at + (v->is_true ? 4 : 5);
    case VALUE_INT:
        return at + number_print_i64(v->i, at);
    case VALUE_UINT:
        return at + number_print_u64(v->u, at);
    case VALUE_DOUBLE:
        return write_double(&p->w, at, v->d);
    case VALUE_DIGITS:
        at = writer_room(&p->w, at, v->len);
        return at != NULL ? (char *)memcpy(at, v->text, v->len) + v->len : NULL;
    case VALUE_TEXT:
        return write_text(&p->w, at, v->text, v->len);
    case VALUE_ARRAY:
    case VALUE_OBJECT:
        return print_items(p, at, v);
    default:
        memcpy(at, words + 9, 4);
        return at + 4;
    }
}

bool value_print(const tern_value *value, json_out *out, unsigned indent)
{
    static const tern_value null = {.form = VALUE_NULL};
    printer p = {.indent = indent};
    char *at = writer_begin(&p.w, out);
    size_t before = out->len;
    return at != NULL && writer_finish(&p.w, print_value(&p, at, value != NULL ? value : &null), before);
}

/** Parses text that was just printed: it is trusted, so only the arena limits it. */
static tern_value *parse_printed(arena *a, json_out *out)
{
    const json_limits limits = {.depth = WRITE_DEPTH_MOST, .items = SIZE_MAX, .memory_bytes = SIZE_MAX};
    value_error error;
    if (!json_out_reserve(out, 1))
        return NULL;
    out->data[out->len] = '\0';
    return value_parse(a, (tern_str){out->data, out->len}, &limits, &error);
}

tern_value *value_of_model(arena *a, const tern_type *type, const void *model)
{
    json_out out;
    json_out_init(&out, a, 256);
    return json_encode(type, model, &out) ? parse_printed(a, &out) : NULL;
}

bool value_to_model(arena *a, const tern_value *value, const tern_type *type, void *model, const place *where,
                    tern_faults *faults)
{
    json_out out;
    json_out_init(&out, a, 256);
    if (!value_print(value, &out, 0) || !json_out_reserve(&out, 1)) {
        faults->is_memory_short = true;
        return false;
    }
    out.data[out.len] = '\0';
    return json_decode(type, model, (tern_str){out.data, out.len}, NULL, where, a, faults);
}

tern_value *value_of_any(arena *a, tern_any any)
{
    json_out out;
    json_out_init(&out, a, any.len + 1);
    if (out.failed)
        return NULL;
    if (any.len == 0)
        return value_null(a);
    memcpy(out.data, any.data, any.len);
    out.len = any.len;
    return parse_printed(a, &out);
}

/** The host of a route as the server of its operation. */
#include "app/openapi/internal.h"
#include "app/provide/provide.h"

#include "schema/json/append.h"

#include <string.h>

/** The field that is filled from a parameter of the host; NULL if none. */
static const bind_field *find_field(const route *r, unsigned param)
{
    for (unsigned n = 0; n < provide_input_count(r); n++) {
        const bind_plan *bind = provide_input(r, n);
        for (unsigned i = 0; bind != NULL && i < bind->count; i++)
            if (bind->fields[i].source == TERN_FROM_HOST && bind->fields[i].param == param)
                return &bind->fields[i];
    }
    return NULL;
}

/** Prints the choices of a field, of which the first is the default; false if it has none. */
static bool print_choices(const bind_field *field, buf *out)
{
    const char *const *choices = field != NULL ? field->f->field->choices : NULL;
    if (choices == NULL || *choices == NULL)
        return false;
    append_key(out, "enum");
    append_open(out, '[');
    for (const char *const *choice = choices; *choice != NULL; choice++)
        append_text(out, *choice);
    append_close(out, ']');
    append_member(out, "default", choices[0]);
    return true;
}

/** A variable; its default is an example, or its own name. */
static void print_variable(tern_str name, const bind_field *field, const route_kind *is, buf *out)
{
    const char *example = field != NULL ? field->f->field->example : NULL;
    const char *help = field != NULL ? field->f->field->help : NULL;
    append_comma(out);
    append_slice(out, name.data, name.len);
    buf_add_text(out, ":");
    append_open(out, '{');
    if (!print_choices(field, out)) {
        append_key(out, "default");
        if (example == NULL && is != NULL)
            example = is->example;
        append_slice(out, example != NULL ? example : name.data,
                     example != NULL ? strlen(example) : name.len);
    }
    append_member(out, "description", help != NULL ? help : is != NULL ? is->description : NULL);
    append_close(out, '}');
}

void openapi_print_host(const openapi_document *doc, const route *r, buf *out)
{
    bool is_wildcard = r->host[0] == '*';
    unsigned number = r->path_param_count;
    (void)doc;
    append_raw(out, "\"servers\":[{\"url\":\"//");
    if (r->host_piece_count == 0)
        buf_add_text(out, is_wildcard ? "{subdomain}" : "");
    for (unsigned i = 0; i < r->host_piece_count; i++) {
        const pattern_piece *piece = &r->host_pieces[i];
        bool is_text = piece->kind == SEGMENT_TEXT;
        buf_add_text(out, i != 0 && piece->begins_segment ? "." : "");
        buf_add_text(out, is_text ? "" : "{");
        buf_add_json(out, piece->text.data, piece->text.len);
        buf_add_text(out, is_text ? "" : "}");
    }
    if (r->host_piece_count == 0)
        buf_add_json(out, r->host + is_wildcard, strlen(r->host + is_wildcard));
    buf_add_text(out, "\"");
    if (is_wildcard || r->host_piece_count != 0) {
        append_raw(out, "\"variables\":{");
        if (is_wildcard)
            append_raw(out, "\"subdomain\":{\"default\":\"www\",\"description\":\"One or more labels\"}");
        for (unsigned i = 0; i < r->host_piece_count; i++) {
            const pattern_piece *piece = &r->host_pieces[i];
            if (piece->kind != SEGMENT_TEXT)
                print_variable(piece->text, find_field(r, number++), piece->is, out);
        }
        buf_add_text(out, "}");
    }
    buf_add_text(out, "}]");
}

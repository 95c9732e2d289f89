/** A single field of a form, for middleware that runs before the handler reads its input. */
#include "app/ctx.h"
#include "base/text.h"
#include "http/form.h"
#include "http/multipart.h"

#include <tern/security.h>

#include <string.h>

static bool is_type(const char *type, const char *wanted)
{
    size_t len = strlen(wanted);
    return strlen(type) >= len && text_equal_nocase(type, wanted, len) && strchr("; \t", type[len]) != NULL;
}

static const char *find_in_pairs(tern_ctx *c, tern_str wanted)
{
    form_walk walk;
    form_result result;
    tern_str name, value;
    form_begin(&walk, c->x->body);
    while ((result = form_next(&walk, &name, &value)) == FORM_PAIR || result == FORM_BAD_NAME) {
        size_t len;
        bool is_short = false;
        if (result != FORM_PAIR || name.len != wanted.len || memcmp(name.data, wanted.data, name.len) != 0)
            continue;
        const char *text = form_decode(ctx_arena(c), value, &len, &is_short);
        return is_short ? ctx_need(c, NULL) : text;
    }
    return NULL;
}

/** The content of the part that has begun; NULL when the body breaks off in it. */
static const char *part_text(tern_ctx *c, multipart *m, tern_str *input)
{
    tern_str piece;
    char *text = ctx_need(c, arena_alloc(ctx_arena(c), input->len + 1)), *at = text;
    for (;;) {
        switch (multipart_next(m, input, &piece)) {
        case MULTIPART_DATA:
            memcpy(at, piece.data, piece.len);
            at += piece.len;
            break;
        case MULTIPART_PART_END:
            *at = '\0';
            return memchr(text, '\0', (size_t)(at - text)) == NULL ? text : NULL;
        default:
            return NULL;
        }
    }
}

static const char *find_in_parts(tern_ctx *c, const char *type, tern_str wanted)
{
    multipart m = {0};
    tern_str input = c->x->body, piece;
    if (multipart_open(&m, (tern_str){type, strlen(type)}) != NULL)
        return NULL;
    for (;;) {
        multipart_event event = multipart_next(&m, &input, &piece);
        if (event == MULTIPART_MORE || event == MULTIPART_ERROR)
            return NULL;
        if (event == MULTIPART_PART && m.part.filename.data == NULL && m.part.name.len == wanted.len &&
            memcmp(m.part.name.data, wanted.data, wanted.len) == 0)
            return part_text(c, &m, &input);
    }
}

const char *tern_form_field(tern_ctx *c, const char *name)
{
    const char *type = tern_header(c, "Content-Type");
    const tern_str wanted = {name, strlen(name)};
    if (type == NULL || c->x->policy.is_streamed)
        return NULL;
    if (is_type(type, "application/x-www-form-urlencoded"))
        return find_in_pairs(c, wanted);
    return is_type(type, "multipart/form-data") ? find_in_parts(c, type, wanted) : NULL;
}

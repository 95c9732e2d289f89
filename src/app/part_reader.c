/** Multipart forms for handlers that take them part by part. */
#include "app/ctx.h"
#include "base/text.h"
#include "http/media.h"
#include "http/multipart.h"

#include <tern/upload.h>

#include <inttypes.h>
#include <string.h>

enum { PIECE_BYTES = 16 * 1024 };

/** The state of the request's form, in its memory. */
typedef struct part_reader {
    ctx_after after; /* by which it is found again */
    tern_part part;
    bool is_open;   /* the part's end has not been read */
    bool has_ended; /* the body's end has */
    unsigned parts;
    uint64_t bytes; /* of the part so far */
    tern_part_options limits;
    tern_str input; /* what is left of `piece` */
    multipart m;
    char piece[PIECE_BYTES];
} part_reader;

static void nothing_to_do(tern_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
}

static part_reader *open_reader(tern_ctx *c)
{
    const char *type = tern_header(c, "Content-Type");
    if (c->is_bound)
        ctx_fail(c, 500, "the body was already read as the handler's model");
    if (type == NULL || !media_is(media_type((tern_str){type, strlen(type)}), "multipart/form-data"))
        ctx_fail(c, 415, "the body must be multipart/form-data");
    part_reader *r = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *r));
    memset(r, 0, offsetof(part_reader, m));
    const char *wrong = multipart_open(&r->m, (tern_str){type, strlen(type)});
    if (wrong != NULL)
        tern_fail(c, 400, "the form is broken: %s", wrong);
    r->after = (ctx_after){.next = c->after, .run = nothing_to_do, .arg = r};
    c->after = &r->after;
    return r;
}

/** The request's reader; NULL before the first part. */
static part_reader *reader_of(const tern_ctx *c)
{
    for (const ctx_after *after = c->after; after != NULL; after = after->next)
        if (after->run == nothing_to_do)
            return after->arg;
    return NULL;
}

/** The next event of the form, reading more of the body where it is needed. MULTIPART_MORE at the body's end. */
static multipart_event next_event(tern_ctx *c, part_reader *r, tern_str *piece)
{
    for (;;) {
        multipart_event event = multipart_next(&r->m, &r->input, piece);
        if (event == MULTIPART_ERROR)
            tern_fail(c, 400, "the form is broken: %s", r->m.reason);
        if (event != MULTIPART_MORE)
            return event;
        r->input = (tern_str){r->piece, tern_body_read(c, r->piece, sizeof r->piece)};
        if (r->input.len == 0)
            return MULTIPART_MORE;
    }
}

static void take_part(tern_ctx *c, part_reader *r)
{
    const multipart_part *part = &r->m.part;
    r->parts++;
    if (r->limits.max_parts != 0 && r->parts > r->limits.max_parts)
        tern_fail(c, 413, "the form has more than %u parts", r->limits.max_parts);
    r->part = (tern_part){
        .name = part->name.data, .filename = part->filename.data, .content_type = part->type.data};
    r->bytes = 0;
    r->is_open = true;
}

const tern_part *tern_part_next_with(tern_ctx *c, const tern_part_options *options)
{
    part_reader *r = reader_of(c);
    tern_str piece;
    if (r == NULL)
        r = open_reader(c);
    r->limits = *options;
    while (!r->has_ended) {
        switch (next_event(c, r, &piece)) {
        case MULTIPART_PART:
            take_part(c, r);
            return &r->part;
        case MULTIPART_MORE:
            r->has_ended = true;
            if (!multipart_is_whole(&r->m))
                ctx_fail(c, 400, "the form is broken: it has no end");
            break;
        default: /* the rest of the part before */
            break;
        }
    }
    r->is_open = false;
    return NULL;
}

static void add_bytes(tern_ctx *c, part_reader *r, size_t len)
{
    r->bytes += len;
    if (r->limits.max_bytes != 0 && r->bytes > r->limits.max_bytes)
        tern_fail(c, 413, "part \"%s\" has more than %" PRIu64 " bytes", r->part.name, r->limits.max_bytes);
}

tern_str tern_part_read(tern_ctx *c)
{
    part_reader *r = reader_of(c);
    tern_str piece;
    if (r == NULL || !r->is_open)
        return TERN_STR("");
    const multipart_event event = next_event(c, r, &piece);
    if (event == MULTIPART_DATA) {
        add_bytes(c, r, piece.len);
        return piece;
    }
    r->is_open = false;
    if (event == MULTIPART_MORE)
        ctx_fail(c, 400, "the form is broken: it has no end");
    return TERN_STR("");
}

const char *tern_part_text(tern_ctx *c, size_t max_bytes)
{
    const part_reader *r = reader_of(c);
    tern_str piece;
    size_t len = 0, room = 0;
    char *text = NULL;
    while ((piece = tern_part_read(c)).len != 0) {
        if (piece.len > max_bytes - len)
            tern_fail(c, 413, "part \"%s\" has more than %zu bytes", r->part.name, max_bytes);
        if (text == NULL || len + piece.len + 1 > room) {
            room = 2 * len + piece.len + 1;
            char *grown = ctx_need(c, arena_alloc(ctx_arena(c), room));
            if (text != NULL)
                memcpy(grown, text, len);
            text = grown;
        }
        memcpy(text + len, piece.data, piece.len);
        len += piece.len;
    }
    if (text == NULL)
        return "";
    text[len] = '\0';
    if (memchr(text, '\0', len) != NULL || !utf8_valid(text, len))
        tern_fail(c, 400, "part \"%s\" is not text in UTF-8", r->part.name);
    return text;
}

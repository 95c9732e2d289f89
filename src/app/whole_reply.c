/** Replies that other requests may get: made without the conditions of the request, and with the names of the
 * headers that they may differ by. */
#include "app/ctx.h"
#include "base/text.h"

#include <string.h>

enum { READS_MAX = 32 };

struct ctx_reads {
    unsigned count;
    bool is_lost; /* there were too many, or no memory for a name */
    tern_str names[READS_MAX];
};

/* What a request asks of the reply's form: a cache does it itself. */
static const tern_str conditions[] = {{"If-None-Match", 13},     {"If-Modified-Since", 17},
                                      {"If-Match", 8},           {"If-Unmodified-Since", 19},
                                      {"If-Range", 8},           {"Range", 5}};

static bool is_condition(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (conditions[i].len == len && text_equal_nocase(conditions[i].data, name, len))
            return true;
    return false;
}

void ctx_note_read(tern_ctx *c, const char *name)
{
    ctx_reads *reads = c->reads;
    size_t len = strlen(name);
    if (is_condition(name, len))
        return;
    for (unsigned i = 0; i < reads->count; i++)
        if (reads->names[i].len == len && text_equal_nocase(reads->names[i].data, name, len))
            return;
    const char *kept = reads->count < READS_MAX ? arena_text(ctx_arena(c), name, len) : NULL;
    if (kept == NULL)
        reads->is_lost = true;
    else
        reads->names[reads->count++] = (tern_str){kept, len};
}

static const char *list_reads(tern_ctx *c, const ctx_reads *reads)
{
    size_t len = 0;
    if (reads->is_lost)
        return "*";
    for (unsigned i = 0; i < reads->count; i++)
        len += reads->names[i].len + 2;
    char *list = tern_alloc(c, len + 1), *at = list;
    for (unsigned i = 0; i < reads->count; i++) {
        if (i != 0)
            at = stpcpy(at, ", ");
        at = stpcpy(at, reads->names[i].data);
    }
    return list;
}

const http_request *ctx_without_conditions(tern_ctx *c, const http_request *request)
{
    bool has_any = false;
    for (unsigned i = 0; i < request->header_count && !has_any; i++)
        has_any = is_condition(request->headers[i].name, request->headers[i].name_len);
    if (!has_any)
        return request;
    http_request *copy = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *copy));
    *copy = *request;
    copy->headers =
        ctx_need(c, arena_alloc(ctx_arena(c), request->header_count * sizeof *copy->headers));
    copy->header_count = 0;
    for (unsigned i = 0; i < request->header_count; i++)
        if (!is_condition(request->headers[i].name, request->headers[i].name_len))
            copy->headers[copy->header_count++] = request->headers[i];
    return copy;
}

tern_reply tern_next_whole(tern_ctx *c, const char **read)
{
    const http_request *request = c->x->request;
    ctx_reads *outer = c->reads, *reads = tern_alloc(c, sizeof *reads);
    c->x->request = ctx_without_conditions(c, request);
    c->reads = reads;
    tern_reply reply = tern_next(c);
    c->reads = outer;
    c->x->request = request;
    for (unsigned i = 0; outer != NULL && i < reads->count; i++)
        ctx_note_read(c, reads->names[i].data);
    *read = list_reads(c, reads);
    return reply;
}

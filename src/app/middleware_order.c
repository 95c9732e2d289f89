/** Orders of middleware that do harm, and are refused before the application listens. */
#include "app/middleware.h"

#include <string.h>

#define STAGE(name) (1u << TERN_STAGE_##name)

/** A piece of the stage `inner` must not be inside of one of the stages `outer`. */
typedef struct order_rule {
    unsigned outer; /* STAGE bits */
    tern_stage inner;
    const char *why; /* after the names of the two: what would happen */
} order_rule;

/* docs/middleware.md has this table too. */
static const order_rule rules[] = {
    {STAGE(HOST) | STAGE(ADMIT) | STAGE(LIMIT) | STAGE(AUTH), TERN_STAGE_CLIENT,
     "it would see the proxy's address, not the client's"},
    {STAGE(LOG), TERN_STAGE_REQUEST_ID, "what is logged outside of it would have another id than the reply"},
    {STAGE(CACHE), TERN_STAGE_REQUEST_ID, "a kept reply would have the id of another request"},
    {STAGE(AUTH), TERN_STAGE_HOST,
     "it would ask for a password that came to the wrong host, or over plain HTTP"},
    {STAGE(CSRF), TERN_STAGE_REWRITE, "it would see another method or path than the handler"},
    {STAGE(AUTH), TERN_STAGE_CORS, "a preflight request has no credentials, so it would be refused"},
    {STAGE(ETAG) | STAGE(CACHE), TERN_STAGE_COMPRESS,
     "an encoded body would reach clients that asked for another encoding"},
    {STAGE(BODY), TERN_STAGE_COMPRESS, "it would see the encoded body of the reply"},
    {STAGE(CSRF) | STAGE(IDEMPOTENCY) | STAGE(BODY), TERN_STAGE_DECOMPRESS,
     "it would read the body before that is decoded"},
    {STAGE(CACHE) | STAGE(IDEMPOTENCY), TERN_STAGE_AUTH,
     "a kept reply would reach clients that are not allowed to have it"},
    {STAGE(CACHE), TERN_STAGE_CSRF, "a kept reply would reach requests that are to be refused"},
};

static const char *file_of(const tern_middleware *m)
{
    return m->file != NULL ? m->file : "?";
}

static bool is_same_piece(const tern_middleware *a, const tern_middleware *b)
{
    return a->run == b->run || (a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0);
}

/** Adds a line, unless another route has led to it already. */
static void report(buf *problems, const buf *line)
{
    if (line->failed)
        problems->failed = true;
    else if (problems->len == 0 || strstr(problems->data, line->data) == NULL)
        buf_add(problems, line->data, line->len);
}

static bool check_pair(const tern_middleware *outer, const tern_middleware *inner, buf *problems)
{
    buf line = {0};
    if (inner->stage == outer->stage && !inner->repeats && inner->skip == NULL && outer->skip == NULL &&
        is_same_piece(outer, inner))
        buf_add_printf(&line,
                       "%s:%d: %s is already around these routes (%s:%d): remove one of the two, or have "
                       "each .skip the other's requests\n",
                       file_of(inner), inner->line, inner->name, file_of(outer), outer->line);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (inner->stage == rules[i].inner && (rules[i].outer & 1u << outer->stage) != 0)
            buf_add_printf(&line, "%s:%d: %s must be outside of %s (%s:%d), because inside of it %s\n",
                           file_of(inner), inner->line, inner->name, outer->name, file_of(outer), outer->line,
                           rules[i].why);
    bool is_right = line.len == 0 && !line.failed;
    if (!is_right)
        report(problems, &line);
    buf_free(&line);
    return is_right;
}

bool middleware_order_check(const tern_middleware *chain, buf *problems)
{
    bool is_right = true;
    for (const tern_middleware *inner = chain; inner->run != NULL; inner++) {
        if (inner->stage == TERN_STAGE_ANY)
            continue;
        for (const tern_middleware *outer = chain; outer != inner; outer++)
            if (outer->stage != TERN_STAGE_ANY)
                is_right &= check_pair(outer, inner, problems);
    }
    return is_right;
}

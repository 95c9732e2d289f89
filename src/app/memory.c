/** The request's memory. */
#include "app/ctx.h"
#include "runtime/cpu_limit.h"

#include <stdarg.h>
#include <string.h>

void *ctx_need(tern_ctx *c, void *block)
{
    if (block == NULL)
        ctx_fail(c, 503, "the request needs more memory than allowed");
    return block;
}

const char *ctx_text(tern_ctx *c, tern_str text)
{
    return ctx_need(c, arena_text(ctx_arena(c), text.data, text.len));
}

void *tern_alloc(tern_ctx *c, size_t size)
{
    cpu_limit_check();
    void *block = ctx_need(c, arena_alloc(ctx_arena(c), size));
    return memset(block, 0, size);
}

char *tern_strdup(tern_ctx *c, const char *text)
{
    cpu_limit_check();
    return ctx_need(c, arena_text(ctx_arena(c), text, strlen(text)));
}

char *tern_sprintf(tern_ctx *c, const char *format, ...)
{
    va_list args;
    cpu_limit_check();
    va_start(args, format);
    char *text = arena_vprintf(ctx_arena(c), NULL, format, args);
    va_end(args);
    return ctx_need(c, text);
}

void tern_defer(tern_ctx *c, void (*undo)(void *arg), void *arg)
{
    scope_add_defer(&c->scope, undo, arg);
}

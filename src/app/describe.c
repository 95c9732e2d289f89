/** Describes the running request for a crash report: async-signal-safe, so nothing here allocates, locks or
 * formats through libc. */
#include "app/ctx.h"
#include "runtime/coro.h"

#include <string.h>

enum { PATH_SHOWN_BYTES = 200 };

typedef struct writer {
    char *out;
    size_t len, size;
} writer;

static void put(writer *w, const char *text, size_t len)
{
    size_t room = w->size - w->len;
    size_t n = len < room ? len : room;
    memcpy(w->out + w->len, text, n);
    w->len += n;
}

static void put_text(writer *w, const char *text)
{
    put(w, text, strlen(text));
}

/** Visible ASCII unchanged, every other byte as \xHH: a path cannot forge a line of the report. */
static void put_escaped(writer *w, tern_str text, size_t most)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = text.len < most ? text.len : most;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        char escaped[4] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
        if (byte > 0x20 && byte < 0x7f && byte != '\\')
            put(w, &text.data[i], 1);
        else
            put(w, escaped, sizeof escaped);
    }
    if (len < text.len)
        put_text(w, "...");
}

size_t app_describe(void *app, char *out, size_t size)
{
    (void)app;
    const coro *self = coro_self();
    tern_ctx *c = self != NULL ? self->request : NULL;
    if (c == NULL)
        return 0;
    writer w = {.out = out, .size = size};
    put_escaped(&w, c->x->request->method_text, 32);
    put_text(&w, " ");
    put_escaped(&w, c->x->request->path, PATH_SHOWN_BYTES);
    if (c->match.route != NULL) {
        put_text(&w, " route=");
        put_text(&w, c->match.route->pattern);
    }
    if (c->request_id[0] != '\0' || request_id_make(c->request_id)) {
        put_text(&w, " request=");
        put_text(&w, c->request_id);
    }
    return w.len;
}

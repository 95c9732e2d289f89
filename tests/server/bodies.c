/** Bodies in every form: compressed, tagged, in binary formats; for test_bodies.py. */
#include <tern.h>

#include <string.h>

TERN_MODEL(Place, (double, x), (double, y))
TERN_MODEL(Item, (int64_t, id, .read_only = true), (const char *, name, .max_length = 100), (bool, done, .optional = true),
           (tern_bytes, data, .optional = true), (tern_datetime, at, .optional = true), (tern_uuid, uid, .optional = true),
           (tern_date, day, .optional = true), (tern_decimal, price, .optional = true), (double, size, .optional = true),
           (tern_text_list, tags, .optional = true), (Place, place, .optional = true), (tern_any, more, .optional = true),
           (uint64_t, large, .optional = true))

TERN_HANDLER(echo, Item, in)
{
    in->id = 7;
    return tern_json(c, Item, in);
}

TERN_HANDLER(text)
{
    const int64_t size = tern_query_int(c, "size", 20000);
    char *data = tern_alloc(c, (size_t)size + 1);
    for (int64_t i = 0; i < size; i++)
        data[i] = "the quick brown fox jumps over the lazy dog\n"[(i + i / 700) % 44];
    return tern_text(c, data);
}

static void write_events(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        tern_stream_printf(out, "data: %d\n\n", i);
        tern_stream_flush(out);
        tern_sleep(c, i < 2 ? 300 : 0);
    }
}

TERN_HANDLER(events)
{
    return tern_stream_reply(c, "text/event-stream", write_events, NULL);
}

static void write_lines(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)c, (void)arg;
    for (int i = 0; i < 20000; i++)
        tern_stream_printf(out, "{\"number\":%d}\n", i);
}

TERN_HANDLER(lines)
{
    return tern_stream_reply(c, "application/x-ndjson", write_lines, NULL);
}

TERN_HANDLER(count)
{
    char piece[4096];
    size_t n, sum = 0;
    while ((n = tern_body_read(c, piece, sizeof piece)) > 0)
        sum += n;
    return tern_textf(c, "%zu", sum);
}

static tern_reply as_json(tern_ctx *c)
{
    return tern_json_text(c, "{\"form\":\"json\"}");
}

static tern_reply as_page(tern_ctx *c)
{
    return tern_html(c, "<p>page</p>");
}

TERN_HANDLER(forms)
{
    return tern_format(c, {"application/json", as_json}, {"text/html", as_page});
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.limits.body_bytes = 4 << 20);
    tern_formats(app, TERN_MSGPACK | TERN_CBOR);
    tern_use(app, tern_compress(), tern_etag(), tern_decompress());
    tern_post(app, "/echo", echo, .returns = TERN_TYPE(Item));
    tern_get(app, "/text", text);
    tern_get(app, "/events", events);
    tern_get(app, "/lines", lines);
    tern_post(app, "/count", count, .stream_body = true);
    tern_get(app, "/forms", forms);
    return tern_run(app, argc, argv);
}

/**
 * Replies with a content coding.
 *
 * Hot path: whole bodies. They are encoded with an encoder that the worker keeps, into a block that it keeps, and only
 * the encoded bytes are copied to the request's memory.
 */
#include <tern/coding.h>

#include "app/conditions.h"
#include "app/ctx.h"
#include "base/mem.h"
#include "codec/codec.h"

#include <tern/log.h>
#include <tern/task.h>

#include <string.h>

enum {
    ASIDE_BYTES = 64 * 1024,   /* from here on the hand-over to a thread is a fifth of the work or less */
    WHOLE_BYTES = 1024 * 1024, /* above it a body is encoded while it is sent, in little memory */
    PIECE_BYTES = 16 * 1024,   /* of encoded bytes of a stream */
    SLICE_BYTES = 32 * 1024    /* of bytes of a stream, after which other requests may run */
};

_Static_assert((int)TERN_GZIP == (int)CODEC_GZIP && (int)TERN_BROTLI == (int)CODEC_BROTLI &&
                   (int)TERN_ZSTD == (int)CODEC_ZSTD,
               "the public codings are those of the codec layer");

const char *tern_coding_name(tern_coding coding)
{
    return codec_name((codec_kind)coding);
}

/* -- memory of a worker -- */

static char *scratch; /* for the encoded form of a small body; NULL until needed */

static void tidy(void *unused)
{
    (void)unused;
    codec_tidy();
}

static void stop(void *unused)
{
    (void)unused;
    codec_forget();
    mem_free(scratch);
    scratch = NULL;
}

bool tern_need_coding(tern_app *app, tern_coding coding, const char **problem)
{
    static const app_hook hook = {.tidy = tidy, .stop = stop};
    bool has_hook = false;
    for (const app_hook *h = app->hooks; h != NULL; h = h->next)
        has_hook |= h->tidy == tidy;
    if (!has_hook)
        app_add_hook(app, &hook);
    return codec_load((codec_kind)coding, CODEC_ENCODES, problem);
}

/** The encoder, or NULL when there is none. */
static codec_encoder *take(tern_ctx *c, codec_kind kind, int level, size_t whole_bytes)
{
    const char *problem;
    int least, most, usual;
    codec_levels(kind, &least, &most, &usual);
    if (!codec_load(kind, CODEC_ENCODES, &problem)) {
        char label[160];
        tern_log(TERN_LOG_WARN, "%s: the reply is not encoded: %s", ctx_route_label(c, label, sizeof label),
                 problem);
        return NULL;
    }
    level = level == 0 ? usual : level < least ? least : level > most ? most : level;
    return codec_encoder_take(kind, level, whole_bytes);
}

/* -- whole bodies -- */

/** One body on its way through an encoder, perhaps on another thread. */
typedef struct job {
    codec_encoder *encoder;
    tern_str data;
    char *out;
    size_t room, len; /* len: of the encoded form; 0 when there is none */
} job;

static void work(void *arg)
{
    job *j = arg;
    j->len = codec_encode_whole(j->encoder, j->data.data, j->data.len, j->out, j->room);
}

static void give_encoder(void *arg)
{
    codec_encoder_give(arg);
}

/** Encodes a small body here. */
static const char *encode_here(tern_ctx *c, job *j)
{
    if (scratch == NULL)
        scratch = mem_alloc(ASIDE_BYTES);
    j->out = scratch;
    j->room = j->data.len; /* a longer form is of no use */
    if (scratch != NULL)
        work(j);
    codec_encoder_give(j->encoder);
    return j->len != 0 ? arena_text(ctx_arena(c), j->out, j->len) : NULL;
}

/** Encodes a large body on a thread of the pool. The encoder is given back when the middleware that called ends: also
 * if the request is cancelled while it waits for a thread. */
static const char *encode_aside(tern_ctx *c, job *j)
{
    tern_defer(c, give_encoder, j->encoder);
    j->room = j->data.len;
    j->out = arena_resize(ctx_arena(c), NULL, j->room);
    if (j->out == NULL)
        return NULL;
    tern_offload(c, work, j);
    if (j->len == 0)
        return NULL;
    char *shrunk = arena_resize(ctx_arena(c), j->out, j->len);
    return shrunk != NULL ? shrunk : j->out;
}

static bool encode_bytes(tern_ctx *c, tern_reply *reply, codec_kind kind, int level)
{
    job j = {.encoder = take(c, kind, level, reply->len), .data = {reply->data, reply->len}};
    if (j.encoder == NULL)
        return false;
    const char *data = reply->len < ASIDE_BYTES ? encode_here(c, &j) : encode_aside(c, &j);
    if (data == NULL)
        return false;
    reply->data = data;
    reply->len = j.len;
    return true;
}

/* -- streams -- */

typedef struct encoding_stream {
    codec_encoder *encoder;
    uint8_t *piece;
} encoding_stream;

static void release(tern_ctx *c, void *arg)
{
    (void)c;
    encoding_stream *s = arg;
    codec_encoder_give(s->encoder);
}

static void encode(tern_ctx *c, encoding_stream *s, tern_stream *next, tern_str data, codec_step step)
{
    bool has_more = true;
    codec_bytes bytes = {(const uint8_t *)data.data, data.len, s->piece, PIECE_BYTES};
    while (has_more) {
        bytes.out = s->piece;
        bytes.out_room = PIECE_BYTES;
        if (!codec_encode(s->encoder, &bytes, step, &has_more))
            ctx_fail(c, 503, "out of memory while the reply was encoded");
        tern_stream_write(next, s->piece,
                          PIECE_BYTES - bytes.out_room); /* lets others run, also when it is empty */
    }
}

static void write_encoded(tern_ctx *c, tern_stream *next, const void *data, size_t len, void *arg)
{
    const char *at = data;
    while (len > 0) {
        const size_t slice = len < SLICE_BYTES ? len : SLICE_BYTES;
        encode(c, arg, next, (tern_str){at, slice}, CODEC_GO_ON);
        at += slice;
        len -= slice;
    }
}

static void flush_encoded(tern_ctx *c, tern_stream *next, void *arg)
{
    encode(c, arg, next, (tern_str){NULL, 0}, CODEC_FLUSH);
}

static void end_encoded(tern_ctx *c, tern_stream *next, void *arg)
{
    encode(c, arg, next, (tern_str){NULL, 0}, CODEC_END);
}

/** A large body as a stream. */
static void write_bytes(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)c;
    const tern_str *data = arg;
    tern_stream_write(out, data->data, data->len);
}

static tern_reply streamed(tern_ctx *c, tern_reply reply)
{
    tern_str *data = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *data));
    *data = (tern_str){reply.data, reply.len};
    reply.kind = TERN_REPLY_STREAM;
    reply.write = write_bytes;
    reply.arg = data;
    return reply;
}

static bool encode_stream(tern_ctx *c, tern_reply *reply, codec_kind kind, int level)
{
    encoding_stream *s = arena_alloc(ctx_arena(c), sizeof *s);
    uint8_t *piece = arena_alloc(ctx_arena(c), PIECE_BYTES);
    if (s == NULL || piece == NULL)
        return false;
    *s = (encoding_stream){.piece = piece};
    tern_after(c, release, s);
    s->encoder = take(c, kind, level, 0);
    if (s->encoder == NULL)
        return false;
    *reply =
        tern_filter_stream(c, *reply, &(tern_stream_filter){write_encoded, flush_encoded, end_encoded, s});
    return true;
}

/* -- the headers -- */

tern_reply tern_encoded(tern_ctx *c, tern_reply reply, tern_coding coding, int level)
{
    const char *name = codec_name((codec_kind)coding);
    if (http_field_get(c->x, "Content-Encoding") != NULL)
        return reply;
    reply = tern_read_file(c, reply);
    if (reply.kind == TERN_REPLY_BYTES && reply.len == 0)
        return reply;
    if (reply.kind == TERN_REPLY_BYTES && reply.len > WHOLE_BYTES)
        reply = streamed(c, reply);
    const bool is_encoded = reply.kind == TERN_REPLY_BYTES
                                ? encode_bytes(c, &reply, (codec_kind)coding, level)
                                : encode_stream(c, &reply, (codec_kind)coding, level);
    if (!is_encoded)
        return reply;
    if (!http_field_put(c->x, "Content-Encoding", name, true))
        ctx_need(c, NULL);
    http_field_remove(c->x, "Accept-Ranges");
    conditions_name_form(c, name);
    return reply;
}

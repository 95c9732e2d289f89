#include "app/decoded.h"

#include "base/text.h"
#include "codec/codec.h"
#include "http/media.h"

#include <tern/coding.h>
#include <tern/task.h>

#include <string.h>

enum {
    RATIO = 100,               /* bodies of JSON shrink 5 to 50 times */
    FREE_BYTES = 64 * 1024,    /* decoded bytes for which the ratio does not count: a few blanks shrink 1000 times */
    PIECE_BYTES = 16 * 1024,   /* of encoded bytes of a stream */
    TURN_BYTES = 64 * 1024     /* decoded bytes, after which other requests may run */
};

/** A body being decoded. */
typedef struct ctx_decoding {
    codec_decoder *decoder;
    codec_bytes bytes; /* what is left of the input, and the room for output */
    uint64_t taken, made, max_bytes;
    unsigned max_ratio;
    bool has_ended; /* the last member is whole: only another one may follow */
    bool is_at_end; /* of the input */
    uint8_t *piece; /* of a streamed body */
} ctx_decoding;

static const struct {
    const char *name;
    codec_kind kind;
} names[] = {{"gzip", CODEC_GZIP}, {"x-gzip", CODEC_GZIP}, {"deflate", CODEC_DEFLATE}, {"br", CODEC_BROTLI}, {"zstd", CODEC_ZSTD}};
enum { NAMES = sizeof names / sizeof *names };

bool tern_need_decoding(const char *coding, const char **problem)
{
    *problem = "it is not a content coding";
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i].name, coding) == 0)
            return codec_load(names[i].kind, CODEC_DECODES, problem);
    return false;
}

/* -- refusals -- */

/** 415 with the codings that are taken: RFC 9110 section 12.5.3. */
_Noreturn static void refuse_coding(tern_ctx *c, const char *detail)
{
    static const codec_kind kinds[] = {CODEC_GZIP, CODEC_DEFLATE, CODEC_BROTLI, CODEC_ZSTD};
    char list[64] = "identity", *at = list;
    const char *problem;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (codec_load(kinds[i], CODEC_DECODES, &problem))
            at = stpcpy(stpcpy(at, at != list ? ", " : ""), codec_name(kinds[i]));
    ctx_fail_field(c, 415, detail, &(http_field){"Accept-Encoding", tern_strdup(c, list), 15, (uint32_t)strlen(list)});
}

static void check_size(tern_ctx *c, const ctx_decoding *d)
{
    if (d->made > d->max_bytes)
        tern_fail(c, 413, "the decoded body has more than %llu bytes", (unsigned long long)d->max_bytes);
    if (d->made > FREE_BYTES && d->made / d->max_ratio > d->taken)
        tern_fail(c, 413, "the decoded body is more than %u times as large as the encoded one", d->max_ratio);
}

/* -- decoding -- */

/** Decodes input into the room for output until one of them is used up. */
static void decode_some(tern_ctx *c, ctx_decoding *d)
{
    const size_t in_before = d->bytes.in_len, room_before = d->bytes.out_room;
    if (d->has_ended && d->bytes.in_len != 0) {
        if (!codec_decoder_again(d->decoder))
            ctx_fail(c, 400, "the encoded body has bytes after its end");
        d->has_ended = false;
    }
    const codec_result result = codec_decode(d->decoder, &d->bytes);
    d->taken += in_before - d->bytes.in_len;
    d->made += room_before - d->bytes.out_room;
    check_size(c, d);
    if (result == CODEC_NO_MEMORY)
        ctx_need(c, NULL);
    if (result == CODEC_BROKEN)
        ctx_fail(c, 400, "the body is not of the coding that Content-Encoding names");
    d->has_ended = result == CODEC_ENDED;
    if (in_before == d->bytes.in_len && room_before == d->bytes.out_room && result == CODEC_WANTS_INPUT && d->is_at_end)
        ctx_fail(c, 400, "the encoded body ends too early");
}

static void release(tern_ctx *c, void *arg)
{
    (void)c;
    codec_decoder_give(((ctx_decoding *)arg)->decoder);
}

/** The room for output, enlarged when it is full: never more than one byte above the limit. */
static char *make_room(tern_ctx *c, ctx_decoding *d, char *text, size_t *room)
{
    if (d->bytes.out_room != 0)
        return text;
    size_t more = *room == 0 ? 4 * d->bytes.in_len + 64 : 2 * *room;
    if (more > d->max_bytes + 1)
        more = (size_t)d->max_bytes + 1;
    text = ctx_need(c, arena_resize(ctx_arena(c), text, more + 1)); /* and the NUL that follows bodies */
    d->bytes.out = (uint8_t *)text + d->made;
    d->bytes.out_room = more - (size_t)d->made;
    *room = more;
    return text;
}

static void decode_whole(tern_ctx *c, ctx_decoding *d)
{
    http_exchange *x = c->x;
    char *text = NULL;
    size_t room = 0;
    uint64_t turn = TURN_BYTES;
    d->bytes = (codec_bytes){.in = (const uint8_t *)x->body.data, .in_len = x->body.len};
    d->is_at_end = true;
    while (!d->has_ended || d->bytes.in_len != 0) {
        text = make_room(c, d, text, &room);
        if (d->made >= turn) {
            turn = d->made + TURN_BYTES;
            tern_sleep(c, 0);
        }
        const size_t before = d->bytes.out_room;
        if (before > TURN_BYTES)
            d->bytes.out_room = TURN_BYTES;
        const size_t given = d->bytes.out_room;
        decode_some(c, d);
        d->bytes.out_room = before - (given - d->bytes.out_room);
    }
    text = text != NULL ? text : ctx_need(c, arena_alloc(ctx_arena(c), 1));
    text[d->made] = '\0';
    x->body = (tern_str){text, (size_t)d->made};
}

size_t decoded_read(tern_ctx *c, void *out, size_t size)
{
    ctx_decoding *d = c->decoding;
    d->bytes.out = out;
    d->bytes.out_room = size;
    while (d->bytes.out_room == size) {
        if (d->bytes.in_len == 0 && !d->is_at_end) {
            const long n = http_body_read(c->x, (char *)d->piece, PIECE_BYTES);
            if (n < 0) {
                const char *detail = NULL;
                const int status = http_body_error(c->x, &detail);
                ctx_fail(c, status, detail);
            }
            d->is_at_end = n == 0;
            d->bytes.in = d->piece;
            d->bytes.in_len = (size_t)n;
        }
        if (d->is_at_end && d->has_ended && d->bytes.in_len == 0)
            return 0;
        if (d->bytes.in_len != 0 || !d->has_ended)
            decode_some(c, d);
    }
    return size - d->bytes.out_room;
}

/* -- the request -- */

/** Hides a header that is no longer true. */
static void hide_header(tern_ctx *c, const char *name)
{
    unsigned from = 0;
    http_header *h;
    while ((h = http_request_header(c->x->request, name, strlen(name), &from)) != NULL)
        h->name_len = 0;
}

/** The one coding of the body; false when it has none. */
static bool find_coding(tern_ctx *c, codec_kind *kind)
{
    const char *list = ctx_header_list(c, "Content-Encoding"), *problem;
    tern_str rest = {list, strlen(list)}, coding;
    bool has_one = false;
    while (ctx_list_next(&rest, &coding)) {
        size_t i = 0;
        if (media_is(coding, "identity"))
            continue;
        if (has_one)
            refuse_coding(c, "the body has more than one Content-Encoding");
        while (i < NAMES && !media_is(coding, names[i].name))
            i++;
        if (i == NAMES || !codec_load(names[i].kind, CODEC_DECODES, &problem))
            refuse_coding(c, "the body has a Content-Encoding that is not known here");
        *kind = names[i].kind;
        has_one = true;
    }
    return has_one;
}

void tern_decode_body(tern_ctx *c, size_t max_bytes, unsigned max_ratio)
{
    codec_kind kind = CODEC_GZIP;
    http_exchange *x = c->x;
    const bool has_body = x->policy.is_streamed ? x->request->has_body : x->body.len != 0;
    if (!x->request->is_encoded || c->match.route == NULL || !find_coding(c, &kind))
        return;
    hide_header(c, "Content-Encoding");
    if (!has_body)
        return;
    hide_header(c, "Content-Length");
    ctx_decoding *d = tern_alloc(c, sizeof *d);
    d->max_bytes = max_bytes != 0 ? max_bytes : x->policy.max_bytes;
    d->max_ratio = max_ratio != 0 ? max_ratio : RATIO;
    tern_after(c, release, d);
    d->decoder = ctx_need(c, codec_decoder_take(kind));
    if (!x->policy.is_streamed) {
        decode_whole(c, d);
        return;
    }
    d->piece = ctx_need(c, arena_alloc(ctx_arena(c), PIECE_BYTES));
    c->decoding = d;
}

/** The kinds, and the encoders that this worker keeps. Hot path: codec_encoder_take, codec_encoder_give. */
#include "codec/codec.h"

#include "codec/way.h"

#include <string.h>

enum { KEPT_MOST = 32 }; /* encoders that wait for their next reply; there are rarely more than two */

static const struct {
    const char *name;
    int least, most, usual; /* levels */
} kinds[CODEC_KINDS] = {
    [CODEC_GZIP] = {"gzip", 1, 12, 6},      [CODEC_BROTLI] = {"br", 1, 11, 4},
    [CODEC_ZSTD] = {"zstd", 1, 19, 3}, /* above 19 the window is larger than browsers take: RFC 9659 */
    [CODEC_DEFLATE] = {"deflate", 1, 9, 6}, [CODEC_MESSAGES] = {"permessage-deflate", 1, 9, 3},
};

/** Of several that do the same, the first that can be loaded is used. */
static const codec_encoding *const encodings[] = {
#if TERN_WITH_LIBDEFLATE
    &codec_libdeflate_encoding,
#endif
#if TERN_WITH_ZLIB
    &codec_zlib_encoding,
    &codec_zlib_messages_encoding,
#endif
#if TERN_WITH_BROTLI
    &codec_brotli_encoding,
#endif
#if TERN_WITH_ZSTD
    &codec_zstd_encoding,
#endif
    NULL};

static const codec_decoding *const decodings[CODEC_KINDS] = {
#if TERN_WITH_ZLIB
    [CODEC_GZIP] = &codec_zlib_decoding,     [CODEC_DEFLATE] = &codec_zlib_decoding,
    [CODEC_MESSAGES] = &codec_zlib_decoding,
#endif
#if TERN_WITH_BROTLI
    [CODEC_BROTLI] = &codec_brotli_decoding,
#endif
#if TERN_WITH_ZSTD
    [CODEC_ZSTD] = &codec_zstd_decoding,
#endif
};

static struct {
    codec_encoder *first;
    unsigned count;
} kept;

const char *codec_name(codec_kind kind)
{
    return kinds[kind].name;
}

void codec_levels(codec_kind kind, int *least, int *most, int *usual)
{
    *least = kinds[kind].least;
    *most = kinds[kind].most;
    *usual = kinds[kind].usual;
}

/* -- the libraries -- */

static const char *built_without(codec_kind kind)
{
    static const char *const problems[CODEC_KINDS] = {
        [CODEC_GZIP] = "this build has no gzip: install zlib1g-dev and build again",
        [CODEC_BROTLI] = "this build has no br: install libbrotli-dev and build again",
        [CODEC_ZSTD] = "this build has no zstd: install libzstd-dev and build again",
        [CODEC_DEFLATE] = "this build has no deflate: install zlib1g-dev and build again",
        [CODEC_MESSAGES] = "this build has no deflate: install zlib1g-dev and build again"};
    return problems[kind];
}

static const codec_encoding *encoding_for(codec_kind kind, bool is_stream, const char **problem)
{
    *problem = built_without(kind);
    for (size_t i = 0; encodings[i] != NULL; i++)
        if (encodings[i]->kind == kind && (is_stream ? encodings[i]->is_stream : encodings[i]->is_whole) &&
            encodings[i]->load(problem))
            return encodings[i];
    return NULL;
}

bool codec_load(codec_kind kind, codec_use use, const char **problem)
{
    if (use == CODEC_ENCODES)
        return encoding_for(kind, false, problem) != NULL && encoding_for(kind, true, problem) != NULL;
    *problem = built_without(kind);
    return decodings[kind] != NULL && decodings[kind]->load(problem);
}

/* -- encoders -- */

static codec_encoder *take_kept(codec_kind kind, int level, bool is_stream)
{
    for (codec_encoder **at = &kept.first; *at != NULL; at = &(*at)->next) {
        codec_encoder *e = *at;
        if (e->way->kind != kind || e->level != level || e->is_stream != is_stream)
            continue;
        *at = e->next;
        kept.count--;
        return e;
    }
    return NULL;
}

static codec_encoder *make(codec_kind kind, int level, bool is_stream)
{
    const char *problem;
    const codec_encoding *way = encoding_for(kind, is_stream, &problem);
    codec_encoder *e = way != NULL ? way->make(level, is_stream) : NULL;
    if (e != NULL) {
        e->way = way;
        e->level = level;
        e->is_stream = is_stream;
    }
    return e;
}

codec_encoder *codec_encoder_take(codec_kind kind, int level, size_t whole_bytes)
{
    const bool is_stream = whole_bytes == 0;
    codec_encoder *e = take_kept(kind, level, is_stream);
    if (e == NULL)
        e = make(kind, level, is_stream);
    if (e == NULL || e->way->begin(e, whole_bytes))
        return e;
    e->way->free(e);
    return NULL;
}

void codec_encoder_give(codec_encoder *e)
{
    if (e == NULL)
        return;
    if (e->way->end != NULL)
        e->way->end(e);
    if (kept.count == KEPT_MOST) {
        e->way->free(e);
        return;
    }
    e->is_idle = false;
    e->next = kept.first;
    kept.first = e;
    kept.count++;
}

size_t codec_bound(codec_kind kind, size_t len)
{
    const char *problem;
    const codec_encoding *way = encoding_for(kind, false, &problem);
    return way != NULL ? way->bound(len) : 0;
}

size_t codec_encode_whole(codec_encoder *e, const void *data, size_t len, void *out, size_t room)
{
    return e->way->whole(e, data, len, out, room);
}

bool codec_encode(codec_encoder *e, codec_bytes *bytes, codec_step step, bool *has_more)
{
    return e->way->step(e, bytes, step, has_more);
}

static void free_kept(bool only_idle)
{
    for (codec_encoder **at = &kept.first; *at != NULL;) {
        codec_encoder *e = *at;
        if (only_idle && !e->is_idle) {
            e->is_idle = true;
            at = &e->next;
            continue;
        }
        *at = e->next;
        kept.count--;
        e->way->free(e);
    }
}

void codec_tidy(void)
{
    free_kept(true);
}

void codec_forget(void)
{
    free_kept(false);
}

/* -- decoders -- */

codec_decoder *codec_decoder_take(codec_kind kind)
{
    codec_decoder *d = decodings[kind]->make(kind);
    if (d != NULL) {
        d->way = decodings[kind];
        d->kind = kind;
    }
    return d;
}

void codec_decoder_give(codec_decoder *d)
{
    if (d != NULL)
        d->way->free(d);
}

codec_result codec_decode(codec_decoder *d, codec_bytes *bytes)
{
    return d->way->decode(d, bytes);
}

bool codec_decoder_again(codec_decoder *d)
{
    return d->way->again(d);
}

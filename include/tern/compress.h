/** Middleware for bodies in fewer bytes. docs/bodies.md explains it. */
#ifndef TERN_COMPRESS_H
#define TERN_COMPRESS_H

#include <tern/coding.h>
#include <tern/middleware.h>

typedef struct tern_compress_options {
    /* the codings that clients may choose from, best first; default "zstd, br, gzip". Of those that a client likes
     * equally the first is used. One whose library is missing is left out, with a line in the log. */
    const char *codings;
    size_t min_bytes; /* bodies below it are sent as they are: default 1,000 */
    /* the media types that are worth it: "text/star" and "star+json" (a star is '*') stand for families. The default is
     * text, JSON, XML, JavaScript, SVG, WebAssembly, MessagePack, CBOR and fonts that are not compressed by themselves. */
    const char *types;
    int gzip_level, brotli_level, zstd_level; /* defaults 6, 4, 3: see tern_coding */
    bool (*skip)(tern_ctx *c);
} tern_compress_options;
tern_middleware tern_compress_with(const tern_compress_options *options);
/**
 * Compresses replies as the client's Accept-Encoding allows: tern_use(app, tern_compress()).
 *
 * Left as they are: bodies below `.min_bytes` and of other types; replies after tern_no_compress; those with a
 * Content-Encoding, a Content-Range, `Cache-Control: no-transform` or the status 204, 205 or 206; files of which the client wants
 * a range. A streamed reply is sent as it is flushed, so events and lines of JSON arrive at once. Adds `Vary:
 * Accept-Encoding` to each reply that it might have compressed. Use it outside of middleware that reads bodies.
 */
#define tern_compress(...) tern_compress_with(&(tern_compress_options){__VA_ARGS__})

/**
 * Leaves this request's reply uncompressed. For replies that hold both a secret (a token, a session's number) and text
 * of the request: who can make a browser send many such requests learns the secret by the length of the compressed
 * replies (BREACH, CVE-2013-3587).
 */
void tern_no_compress(tern_ctx *c);

typedef struct tern_decompress_options {
    size_t max_bytes;   /* of a decoded body: default as many as the route takes */
    unsigned max_ratio; /* how many times larger than the encoded body, after 64 KiB: default 100 */
    bool (*skip)(tern_ctx *c);
} tern_decompress_options;
tern_middleware tern_decompress_with(const tern_decompress_options *options);
/** Decodes requests' bodies in gzip, deflate, br and zstd, for handlers, models, forms and uploads: tern_decode_body says
 * what is refused. Without it a request with a Content-Encoding is a 415. */
#define tern_decompress(...) tern_decompress_with(&(tern_decompress_options){__VA_ARGS__})

#endif

/**
 * The HPACK decoder of libnghttp2, loaded when the first connection needs HTTP/2: other programs do not need the
 * library.
 *
 * The members of `nghttp2` are its functions, without the prefix of their names.
 */
#ifndef HTTP_H2_NGHTTP2_H
#define HTTP_H2_NGHTTP2_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#define NGHTTP2_FUNCTIONS(X)                                                                                 \
    X(hd_inflate_new2)                                                                                       \
    X(hd_inflate_del)                                                                                        \
    X(hd_inflate_hd2)                                                                                        \
    X(hd_inflate_end_headers)

typedef struct nghttp2_functions {
#define X(name) __typeof__(nghttp2_##name) *name;
    NGHTTP2_FUNCTIONS(X)
#undef X
} nghttp2_functions;

extern nghttp2_functions nghttp2;

/** Loads the library once in a process; false, with `*problem`, when it is not installed or too old. */
bool nghttp2_load(const char **problem);

#endif

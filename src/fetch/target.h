/** The URL of a call, in parts. */
#ifndef FETCH_TARGET_H
#define FETCH_TARGET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Texts are in the arena, NUL-terminated. */
typedef struct fetch_target {
    const char *url;    /* the whole, without a fragment */
    const char *origin; /* "http://name:80": what connections are kept by */
    const char *shown;  /* the URL without its query, for messages */
    const char *path;   /* with the query; begins with '/' */
    const char *host;   /* as it is in the URL; an IPv6 address has its brackets */
    size_t origin_len;
    uint16_t port;
    bool is_tls;
    bool is_usual; /* a name or a dotted IPv4 address: no literal of another form */
} fetch_target;

/**
 * Reads an absolute http or https URL, and adds `query` (pairs of names and values, ended by a NULL name; NULL: none).
 *
 * Usual URLs are read here; all others by libcurl, which normalizes them.
 *
 * @return NULL, or what is wrong with it, for people.
 */
const char *target_read(fetch_target *t, arena *a, const char *url, const char *const *query);
/** The same of a Location, relative to `from`. */
const char *target_follow(fetch_target *t, arena *a, const fetch_target *from, const char *location);

/** Appends pairs as application/x-www-form-urlencoded to `out`, which has pairs_bytes() of room; returns the end. */
char *pairs_write(char *out, const char *const *pairs);
size_t pairs_bytes(const char *const *pairs);

#endif

/** A piece of text that something else owns. */
#ifndef TERN_STR_H
#define TERN_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * `len` bytes at `data`, not NUL-terminated unless the call that returned it says so. `data` may be NULL only
 * when `len` is 0. A slice owns nothing: it is valid as long as what it points into.
 */
typedef struct tern_str {
    const char *data;
    size_t len;
} tern_str;

/** The slice of a string literal: `TERN_STR("text")`. */
#define TERN_STR(literal) ((tern_str){(literal), sizeof(literal) - 1})

/** The headers of a request to send, each "Name: value": `.headers = TERN_HEADERS("X-Token: secret")`. */
#define TERN_HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif

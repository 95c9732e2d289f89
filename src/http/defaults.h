/**
 * Fields that every reply has unless the application sets them itself: the safe headers of browsers.
 *
 * They never change while a process serves, so HTTP/1.1 has their lines joined, and HTTP/2 keeps each in the client's
 * table, where it is one byte. A reply without a field of the same name pays for a copy of these bytes and no more.
 */
#ifndef HTTP_DEFAULTS_H
#define HTTP_DEFAULTS_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_exchange http_exchange;

enum { HTTP_DEFAULTS_MAX = 12, HTTP_DEFAULTS_BYTES = 4096 /* of all lines, at most */ };

/* The set of all of them: a 304 has none, as the reply in the client's cache has them (RFC 9110 section 15.4.5). */
#define DEFAULTS_ALL (~0U)

typedef struct http_default {
    const char *name, *value; /* a valid field */
    bool is_for_pages;        /* only of replies that browsers show as a page that can run scripts */
} http_default;

/** As a process uses them; zeroed: none. Numbers of fields are those of a bit in a set of them. */
typedef struct http_defaults {
    unsigned count;
    uint64_t name_lens; /* bit n: some name has n bytes */
    size_t bytes;       /* of all lines */
    tern_str names[HTTP_DEFAULTS_MAX], values[HTTP_DEFAULTS_MAX];
    unsigned for_pages; /* the set of those for pages */
    tern_str lines[2];  /* "Name: value\r\n" of those for all replies; and of all, for pages */
    char *text;         /* of `lines` */
} http_defaults;

/** Joins the lines; false, with no default at all, if there are too many, they are too long, or memory is short. The
 * texts of `list` must outlive `d`. */
bool defaults_join(http_defaults *d, const http_default *list, unsigned count);
void defaults_free(http_defaults *d);

/** Whether browsers show this type as a page that can run scripts. */
bool defaults_is_page(const char *type, size_t len);

/** Those which the reply's own fields replace; one that is set to "" is dropped from both. Only for a reply that has
 * fields. */
unsigned defaults_replaced(const http_defaults *d, http_exchange *x);

/** Whether the reply is a page, by `type` (NULL: none) or its own Content-Type. */
bool defaults_is_page_of(const http_exchange *x, const char *type, size_t type_len);

#endif

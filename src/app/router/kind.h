/** The kinds of parameters beyond int and uuid: `{day:date}`, and an application's own. */
#ifndef APP_ROUTER_KIND_H
#define APP_ROUTER_KIND_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct route_kind {
    const struct route_kind *next; /* registered before it; NULL for Tern's own */
    const char *name;
    bool (*check)(tern_str value); /* never with a '/'; NULL: `pattern` is the check */
    const char *pattern;           /* a regular expression of all values, and maybe more; NULL: unknown */
    const char *format;            /* for documentation, as `description` and `example` are; NULL: none */
    const char *description, *example;
    unsigned length; /* bytes of every value; 0: they differ */
    unsigned order;  /* of precedence: narrow kinds first; 0 for all kinds of the application */
} route_kind;

/** The kind of that name among the application's or Tern's own; NULL if none. */
const route_kind *route_kind_find(const route_kind *own, tern_str name);
/** "alnum, alpha, ..." for messages. */
extern const char route_kind_names[];

#endif

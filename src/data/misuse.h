/** Where a program uses the data layer as it must not. */
#ifndef DATA_MISUSE_H
#define DATA_MISUSE_H

#include "app/ctx.h"

/**
 * Leaves the handler with 500. The sentence is the developer's: it goes to the log, with the route, and not a
 * word of it to the client. Needs no memory.
 */
_Noreturn void data_misuse(tern_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

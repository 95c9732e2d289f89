/** Reports incorrect use of the data layer by a program. */
#ifndef DATA_MISUSE_H
#define DATA_MISUSE_H

#include "app/ctx.h"

/**
 * Ends the request with 500. The sentence is for the developer: it goes to the log, with the route, and never
 * to the client. Needs no memory.
 */
_Noreturn void data_misuse(tern_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

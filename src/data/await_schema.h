/**
 * A database that was away when the application started: whether its tables are those of the models is looked
 * at as soon as it is there.
 */
#ifndef DATA_AWAIT_SCHEMA_H
#define DATA_AWAIT_SCHEMA_H

#include "base/buf.h"

#include <tern/context.h>

/** At start, in the master: workers are to look. `problems` say why it could not be done now; they are logged
 * and emptied. `program` must stay. */
void data_check_later(const char *program, buf *problems);

/** In a worker, in a request, while data_self.is_unchecked: returns once the tables are right, or leaves with
 * 503 in bounded time. */
void data_check_now(tern_ctx *c);

#endif

/**
 * For a database that was unreachable when the application started: checks that its tables match the models
 * as soon as it is reachable.
 */
#ifndef DATA_AWAIT_SCHEMA_H
#define DATA_AWAIT_SCHEMA_H

#include "base/buf.h"

#include <tern/context.h>

/** Called at start, in the master: workers must check the tables. `problems` says why the check was not
 * possible now; they are logged and cleared. `program` must stay valid. */
void data_check_later(const char *program, buf *problems);

/** Called by a request in a worker while data_self.is_unchecked: returns once the tables are right, or ends
 * the request with 503 in bounded time. */
void data_check_now(tern_ctx *c);

#endif

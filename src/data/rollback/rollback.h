/**
 * An engine that stands before another and lets nothing stay: for tests.
 *
 * All that is asked of its database happens on one connection, in one transaction that is never committed.
 * It is rolled back when the database is closed, and as well when the process dies, since the connection ends
 * with it. A statement of its own is a savepoint in it, and so is a transaction: to the rest of the data
 * layer they succeed and fail as ever.
 */
#ifndef DATA_ROLLBACK_H
#define DATA_ROLLBACK_H

#include "data/engine.h"

/**
 * Puts the rolling back before `engine`. There is one in a process: the answer of an earlier call is void.
 *
 * What is different from `engine`: one coroutine at a time has the connection, the others wait; transactions
 * have no isolation level of their own; what a database checks only at a commit is not checked; a connection
 * that is lost takes everything with it, so that all that follows is refused.
 */
const data_engine *data_rollback_before(const data_engine *engine);

#endif

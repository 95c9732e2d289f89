/**
 * An engine that wraps another and keeps no changes: for tests.
 *
 * Everything runs on one connection, in one transaction that is never committed. It is rolled back when the
 * database is closed, and also when the process dies, because the connection ends with it. Each single
 * statement and each transaction is a savepoint in it: for the rest of the data layer they succeed and fail
 * as usual.
 */
#ifndef DATA_ROLLBACK_H
#define DATA_ROLLBACK_H

#include "data/engine.h"

/**
 * Returns an engine that wraps `engine`. A process has only one: the result of an earlier call becomes
 * invalid.
 *
 * It differs from `engine`: one coroutine at a time has the connection, the others wait; transactions have no
 * isolation level; checks at commit do not happen; a lost connection loses everything, so that all later
 * statements are refused.
 */
const data_engine *data_rollback_before(const data_engine *engine);

#endif

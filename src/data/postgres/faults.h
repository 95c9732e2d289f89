/** What PostgreSQL says went wrong, in the data layer's words. */
#ifndef POSTGRES_FAULTS_H
#define POSTGRES_FAULTS_H

#include "data/engine.h"
#include "data/postgres/libpq.h"

/** Nothing is wrong: the texts of an error mean nothing then, and their cache lines are left alone. */
static inline void fault_clear(data_error *error)
{
    error->fault = TERN_DATA_OK;
    error->is_cancelled = false;
    error->is_outdated = false;
}

/** Fills `error` from a result that is an error of the statement `sql`. Returns false, as data_refuse does. */
bool fault_of_result(const PGresult *result, const char *sql, data_error *error);
/** Which side of a foreign key is broken, by the server's words in any language and the statement. */
data_reference fault_reference(const char *message, const char *sql);
/** Fault of an SQLSTATE ("23505"); "" and NULL, as libpq gives for a broken connection, are TERN_DATA_AWAY.
 */
tern_data_fault fault_of_state(const char *state);

/** What the error of a statement that was prepared earlier may come of. */
typedef enum fault_origin {
    FAULT_OF_STATEMENT, /* itself */
    FAULT_OF_NAME,      /* nothing is prepared by its name, or was already */
    FAULT_OF_TABLES,    /* tables or types have changed since it was prepared */
    FAULT_OF_VALUE      /* a value, or the type that a parameter had as it was prepared */
} fault_origin;

/** By SQLSTATE and what else is the same in every language. Of a fault of names or tables nothing was done.
 */
fault_origin fault_origin_of(const PGresult *result);

/** One line of a message of libpq, which ends each with a newline; at most `room` bytes with the NUL. */
void fault_line(const char *message, char *line, size_t room);
/** What to do about a message on connecting or closing; NULL when nothing is known. */
const char *fault_advice(const char *message);
/** What the server or a pooler said, in an error, before it closed the connection; and what to do about it.
 */
void fault_of_closing(const PGresult *result, char *line, size_t room);
/** What a connection could not be made for, and what to do about it. Holds no password. */
void fault_of_connecting(PGconn *conn, char *line, size_t room);

#endif

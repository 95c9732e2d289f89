/** Translates PostgreSQL's errors into those of the data layer. */
#ifndef POSTGRES_FAULTS_H
#define POSTGRES_FAULTS_H

#include "data/engine.h"
#include "data/postgres/libpq.h"

/** Marks success: the texts of an error have no meaning then, and their cache lines are not touched. */
static inline void fault_clear(data_error *error)
{
    error->fault = TERN_DATA_OK;
    error->is_cancelled = false;
    error->is_outdated = false;
}

/** Fills `error` from a result that is an error of the statement `sql`. Returns false, like data_refuse. */
bool fault_of_result(const PGresult *result, const char *sql, data_error *error);
/** Which side of a foreign key is violated, from the server's message in any language and the statement. */
data_reference fault_reference(const char *message, const char *sql);
/** Fault of an SQLSTATE ("23505"); "" and NULL, as libpq gives for a broken connection, are
 * TERN_DATA_AWAY. */
tern_data_fault fault_of_state(const char *state);

/** The possible causes of an error of a statement that was prepared earlier. */
typedef enum fault_origin {
    FAULT_OF_STATEMENT, /* the statement itself */
    FAULT_OF_NAME,      /* its name is not prepared, or was prepared already */
    FAULT_OF_TABLES,    /* tables or types have changed since it was prepared */
    FAULT_OF_VALUE      /* a value, or the type of a parameter when it was prepared */
} fault_origin;

/**
 * Decides by SQLSTATE and other language-independent fields. After a fault of names or tables, nothing has
 * been done.
 */
fault_origin fault_origin_of(const PGresult *result);

/** Copies a message of libpq as one line; libpq ends each with a newline. At most `room` bytes including the
 * NUL. */
void fault_line(const char *message, char *line, size_t room);
/** The fix for a message on connecting or closing; NULL when unknown. */
const char *fault_advice(const char *message);
/** Records the error that the server or a pooler sent before it closed the connection, and the fix. */
void fault_of_closing(const PGresult *result, char *line, size_t room);
/** Why a connection failed, and the fix. Contains no password. */
void fault_of_connecting(PGconn *conn, char *line, size_t room);

#endif

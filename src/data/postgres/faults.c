#include "data/postgres/faults.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * The first entry that is a prefix of the SQLSTATE applies (errcodes.txt of PostgreSQL, appendix A of its
 * manual).
 */
static const struct {
    const char *state;
    tern_data_fault fault;
} states[] = {
    {"23505", TERN_DATA_UNIQUE},      {"23P01", TERN_DATA_UNIQUE},      /* exclusion constraints */
    {"23503", TERN_DATA_FOREIGN_KEY}, {"23001", TERN_DATA_FOREIGN_KEY}, /* on delete restrict */
    {"23502", TERN_DATA_NOT_NULL},    {"23514", TERN_DATA_CHECK},
    {"22", TERN_DATA_BAD_VALUE},      {"40001", TERN_DATA_CONFLICT},
    {"40P01", TERN_DATA_CONFLICT},    {"40003", TERN_DATA_AWAY}, /* outcome unknown */
    {"55P03", TERN_DATA_BUSY},                                   /* lock not available */
    {"55006", TERN_DATA_BUSY},                                   /* object in use */
    {"57014", TERN_DATA_TIMEOUT},     {"57P05", TERN_DATA_AWAY}, /* idle session timeout */
    {"57P0", TERN_DATA_AWAY},                                    /* shutting down, crashed, starting up */
    {"25P03", TERN_DATA_AWAY}, /* idle in transaction timeout: the session is closed */
    {"25006", TERN_DATA_AWAY}, /* read-only: a standby, or a primary that is becoming one */
    {"08", TERN_DATA_AWAY},           {"53300", TERN_DATA_BUSY}, /* too many connections */
    {"53", TERN_DATA_FULL},           {"54", TERN_DATA_REFUSED}, /* too complex, too many columns */
    {"42", TERN_DATA_REFUSED},        {"0A", TERN_DATA_REFUSED},
    {"25", TERN_DATA_REFUSED}, /* not allowed in this transaction state */
    {"28", TERN_DATA_AWAY},    /* password or permission to connect */
    {"3D", TERN_DATA_AWAY},    /* no such database */
    {"P0", TERN_DATA_REFUSED}, /* raised in PL/pgSQL */
};

tern_data_fault fault_of_state(const char *state)
{
    if (state == NULL || state[0] == '\0')
        return TERN_DATA_AWAY;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return states[i].fault;
    return TERN_DATA_FAILED;
}

static bool has_field(const PGresult *result, int field)
{
    const char *value = libpq.resultErrorField(result, field);
    return value != NULL && value[0] != '\0';
}

/* The server reports its C functions by the same names in every language, and in all versions so far. */
static bool is_raised_by(const PGresult *result, const char *function)
{
    const char *name = libpq.resultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    return name != NULL && strcmp(name, function) == 0;
}

static bool is_of_changed_tables(const PGresult *result, const char *state)
{
    if (strcmp(state, "XX000") == 0) /* a parameter's type has been dropped */
        return is_raised_by(result, "getTypeInputInfo") || is_raised_by(result, "getTypeBinaryInputInfo");
    if (has_field(result, PG_DIAG_CONTEXT)) /* raised inside a function that the statement called */
        return false;
    if (strcmp(state, "0A000") == 0) /* otherwise mostly: the server lacks a feature */
        return is_raised_by(result, "RevalidateCachedQuery");
    /* An error has a position in the text while it is parsed: here for the second time, since a table has
     * changed. */
    return strncmp(state, "42", 2) == 0 && has_field(result, PG_DIAG_STATEMENT_POSITION);
}

fault_origin fault_origin_of(const PGresult *result)
{
    static const char *const of_values[] = {"22P02", "22P03", "22007", "22008"};
    const char *state = libpq.resultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL)
        return FAULT_OF_STATEMENT;
    if ((strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0) && !has_field(result, PG_DIAG_CONTEXT))
        return FAULT_OF_NAME;
    if (is_of_changed_tables(result, state))
        return FAULT_OF_TABLES;
    for (size_t i = 0; i < sizeof of_values / sizeof *of_values; i++)
        if (strcmp(state, of_values[i]) == 0)
            return FAULT_OF_VALUE;
    return FAULT_OF_STATEMENT;
}

void fault_line(const char *message, char *line, size_t room)
{
    size_t len = 0;
    bool is_broken = false;
    for (; message != NULL && *message != '\0' && len + 3 < room; message++) {
        if (*message == '\n' || *message == '\t') {
            is_broken = len > 0;
            continue;
        }
        if (is_broken)
            line[len++] = ';', line[len++] = ' ';
        is_broken = false;
        line[len++] = *message;
    }
    line[len] = '\0';
}

/* Copies a field of the result; longer ones are truncated. */
static void copy_field(const PGresult *result, int field, char *to, size_t room)
{
    const char *value = libpq.resultErrorField(result, field);
    snprintf(to, room, "%s", value != NULL ? value : "");
}

/* The column list of "Key (owner, title)=(7, secret) already exists.": the only part without values. The
 * column list comes first in other languages too. */
static void copy_key_columns(const PGresult *result, char *to, size_t room)
{
    const char *detail = libpq.resultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *begin = detail != NULL ? strchr(detail, '(') : NULL;
    const char *end = begin != NULL ? strstr(begin, ")=(") : NULL;
    if (end != NULL)
        snprintf(to, room, "%.*s", (int)(end - begin - 1), begin + 1);
}

/* The fix where a value's type is the cause. The type is that of its C kind, or for a text that of its
 * context. */
static const char *cast_advice(const char *state)
{
    if (state != NULL && strcmp(state, "42P18") == 0)
        return "; say what the value is: cast(? as text)";
    if (state != NULL && (strcmp(state, "42883") == 0 || strcmp(state, "42804") == 0))
        return "; if a value is of another type, cast it: cast(? as integer)";
    return "";
}

/* The server has one SQLSTATE for both sides, and only its message says which. If the message is not English,
 * the kind of the statement decides, where it can violate only one side. */
data_reference fault_reference(const char *message, const char *sql)
{
    if (strstr(message, "insert or update on table") != NULL)
        return DATA_REFERENCE_MISSING;
    if (strstr(message, "update or delete on table") != NULL)
        return DATA_REFERENCE_HELD;
    if (strncasecmp(sql, "insert ", 7) == 0)
        return DATA_REFERENCE_MISSING;
    return strncasecmp(sql, "delete ", 7) == 0 ? DATA_REFERENCE_HELD : DATA_REFERENCE_UNKNOWN;
}

bool fault_of_result(const PGresult *result, const char *sql, data_error *error)
{
    const char *state = libpq.resultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    *error = (data_error){.fault = fault_of_state(state),
                          .is_read_only = state != NULL && strcmp(state, "25006") == 0};
    copy_field(result, PG_DIAG_CONSTRAINT_NAME, error->constraint, sizeof error->constraint);
    copy_field(result, PG_DIAG_TABLE_NAME, error->table, sizeof error->table);
    copy_field(result, PG_DIAG_COLUMN_NAME, error->columns, sizeof error->columns);
    if (error->fault == TERN_DATA_UNIQUE || error->fault == TERN_DATA_FOREIGN_KEY)
        copy_key_columns(result, error->columns, sizeof error->columns);
    if (error->fault == TERN_DATA_FOREIGN_KEY)
        error->reference = fault_reference(message != NULL ? message : "", sql);
    char line[sizeof error->message];
    fault_line(message != NULL ? message : libpq.resultErrorMessage(result), line, sizeof line);
    if (state != NULL)
        snprintf(error->message, sizeof error->message, "%.*s (SQLSTATE %.5s)%s",
                 180 - (int)strlen(cast_advice(state)), line, state, cast_advice(state));
    else
        snprintf(error->message, sizeof error->message, "%s", line);
    return false;
}

/* Before libpq 19, the error of a failed connection has no SQLSTATE. It is recognized by the server's
 * message, which is English unless lc_messages differs. The first entry that the message contains applies. */
static const struct {
    const char *part, *advice;
} advice[] = {
    {"too many", "raise the server's max_connections, or lower .pool or the number of workers"},
    {"password authentication failed", "check user and password in the database's URL"},
    {"no password supplied", "give a password in the database's URL"},
    {"no pg_hba.conf entry", "allow this host and user in the server's pg_hba.conf"},
    {"database \"", "create it (createdb), or correct the name in the database's URL"},
    {"role \"", "create the user (createuser), or correct the name in the database's URL"},
    {"remaining connection slots", "raise the server's max_connections, or lower .pool or the workers"},
    {"starting up", "it will be ready soon"},
    {"shutting down", "it will be tried again"},
    /* of pgbouncer, which speaks no other language */
    {"unsupported startup parameter",
     "the pooler does not take it: name it in its ignore_startup_parameters, or set it by \"alter role\""},
    {"statement pooling mode", "set pgbouncer's pool_mode to transaction or session"},
};

const char *fault_advice(const char *message)
{
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (strstr(message, advice[i].part) != NULL)
            return advice[i].advice;
    return NULL;
}

static void add_advice(char *line, size_t room)
{
    const char *what_to_do = fault_advice(line);
    size_t len = strlen(line);
    if (what_to_do != NULL)
        snprintf(line + len, room - len, ": %s", what_to_do);
}

void fault_of_connecting(PGconn *conn, char *line, size_t room)
{
    fault_line(conn != NULL ? libpq.errorMessage(conn) : "out of memory", line, room);
    add_advice(line, room);
}

void fault_of_closing(const PGresult *result, char *line, size_t room)
{
    const char *message = libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    fault_line(message != NULL ? message : libpq.resultErrorMessage(result), line, room);
    add_advice(line, room);
}

/*
 * The reply to a client when a statement fails: the engine's message goes to the log, never into the reply.
 */
#include "base/log_limit.h"
#include "data/execute.h"
#include "runtime/loop.h"

#include <tern/log.h>

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *code;   /* in the reply's `errors`, when a field caused it */
    const char *detail; /* for the client */
} answers[] = {
    [TERN_DATA_UNIQUE] = {409, "unique", "another row has this value already"},
    [TERN_DATA_FOREIGN_KEY] = {409, "foreign_key",
                               "this refers to a row that does not exist, or other rows refer to it"},
    [TERN_DATA_NOT_NULL] = {422, "missing", "a value is missing"},
    [TERN_DATA_CHECK] = {422, "check", "a value breaks a rule of its table"},
    [TERN_DATA_BAD_VALUE] = {422, "bad_value", "a value is not one that its column can hold"},
    [TERN_DATA_STALE] = {409, "stale", "the row was changed since it was read"},
    [TERN_DATA_CONFLICT] = {503, NULL, "other requests changed the same rows; please try again"},
    [TERN_DATA_BUSY] = {503, NULL, "the database is too busy; please try again"},
    [TERN_DATA_AWAY] = {503, NULL, "the database cannot be reached"},
    [TERN_DATA_TIMEOUT] = {504, NULL, "the database took too long"},
    [TERN_DATA_FULL] = {507, NULL, "the database has no space left"},
    [TERN_DATA_REFUSED] = {500, NULL, NULL},
    [TERN_DATA_FAILED] = {500, NULL, NULL},
};

/** The field whose column is named first in "owner, title"; NULL when the table has no such column. */
static const data_column *column_of(const data_table *table, const char *columns)
{
    size_t len = strcspn(columns, ", ");
    return len != 0 ? data_table_column(table, columns, len) : NULL;
}

/**
 * The column of a constraint, found by the constraint's name: TABLE_COLUMN_check, TABLE_COLUMN_key,
 * TABLE_COLUMN_fkey, as ddl.c names them. The longest matching column wins.
 */
static const data_column *column_of_constraint(const data_table *table, const char *constraint)
{
    size_t table_len = strlen(table->name), most = 0;
    const data_column *found = NULL;
    if (strncmp(constraint, table->name, table_len) != 0 || constraint[table_len] != '_')
        return NULL;
    const char *rest = constraint + table_len + 1;
    for (unsigned i = 0; i < table->column_count; i++) {
        size_t len = strlen(table->columns[i].name);
        if (len > most && strncmp(rest, table->columns[i].name, len) == 0 && rest[len] == '_') {
            found = &table->columns[i];
            most = len;
        }
    }
    return found;
}

static const char *blamed_field(const data_table *table, const data_error *error)
{
    const data_column *column = NULL;
    if (table == NULL || (error->table[0] != '\0' && strcmp(error->table, table->name) != 0))
        return "";
    column = column_of(table, error->columns);
    if (column == NULL && error->constraint[0] != '\0')
        column = column_of_constraint(table, error->constraint);
    return column != NULL ? column->plan->key : "";
}

/* Logs that the database is in trouble. A line for every request would flood the log. */
static void log_trouble(const char *label, const data_error *error)
{
    static log_limit limits[TERN_DATA_FAILED + 1];
    log_limit *limit = &limits[error->fault];
    if (!log_limit_allows(limit, 1, loop_self.now_ms))
        return;
    if (limit->left_out > 0)
        tern_log(TERN_LOG_ERROR, "%s: the database says: %s (and to %u requests since the last such line)",
                 label, error->message, limit->left_out);
    else
        tern_log(TERN_LOG_ERROR, "%s: the database says: %s", label, error->message);
    limit->left_out = 0;
}

/** A more exact message for a foreign key or a conflict, where the engine knows more. */
static const char *detail_of(const data_error *error)
{
    if (error->is_outdated && error->fault == TERN_DATA_CONFLICT)
        return "the database's tables have just changed; please try again";
    if (error->fault == TERN_DATA_FOREIGN_KEY && error->reference == DATA_REFERENCE_MISSING)
        return "the row that this refers to does not exist";
    if (error->fault == TERN_DATA_FOREIGN_KEY && error->reference == DATA_REFERENCE_HELD)
        return "other rows refer to this one";
    if (error->is_read_only && error->fault == TERN_DATA_AWAY)
        return "the database can only be read at present";
    return answers[error->fault].detail;
}

static _Noreturn void fail(tern_ctx *c, const data_error *error, const char *field)
{
    int status = answers[error->fault].status;
    const char *detail = detail_of(error), *code = answers[error->fault].code;
    char label[160];
    if (c->data != NULL && c->data->words != NULL)
        snprintf(c->data->words, DATA_WORDS_BYTES, "%s", error->message);
    else if (status > 500)
        log_trouble(ctx_route_label(c, label, sizeof label), error);
    else if (status == 500)
        tern_log(TERN_LOG_ERROR, "%s: the database says: %s", ctx_route_label(c, label, sizeof label),
                 error->message);
    else if (tern_log_enabled(TERN_LOG_DEBUG))
        tern_log(TERN_LOG_DEBUG, "%s: the database says: %s", ctx_route_label(c, label, sizeof label),
                 error->message);
    tern_fault *fault = NULL;
    if (field[0] != '\0' && code != NULL && (fault = arena_alloc(ctx_arena(c), sizeof *fault)) != NULL) {
        *fault = (tern_fault){.source = "body", .field = field, .code = code, .message = detail};
        ctx_place_fault(c, fault);
    }
    ctx_fail_faults(c, status, detail, fault, fault != NULL);
}

bool data_answer(tern_ctx *c, const data_error *error, const data_table *table, tern_data_error *out)
{
    if (error->is_cancelled)
        unwind_throw(UNWIND_CANCELLED);
    if (c->data != NULL)
        c->data->last_fault = error->fault;
    const char *field = blamed_field(table, error);
    if (out == NULL)
        fail(c, error, field);
    *out = (tern_data_error){.fault = error->fault};
    snprintf(out->field, sizeof out->field, "%s", field);
    snprintf(out->message, sizeof out->message, "%s", error->message);
    return false;
}

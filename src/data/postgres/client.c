/* PostgreSQL for commands, through the libpq found at run time. */
#include "data/migrate/client/client.h"

#include "base/mem.h"
#include "data/postgres/faults.h"
#include "data/postgres/libpq.h"
#include "schema/scalar.h"

#include <stdio.h>
#include <string.h>

/** libpq's messages have several lines, some with a leading tab; this joins them into one. */
static void add_message(buf *problem, const char *message)
{
    static const char blank[] = " \t\r\n\v\f";
    message += strspn(message, blank);
    while (*message != '\0') {
        size_t word = strcspn(message, blank), gap = strspn(message + word, blank);
        buf_add(problem, message, word);
        if (message[word + gap] != '\0')
            buf_add_text(problem, memchr(message + word, '\n', gap) != NULL ? "; " : " ");
        message += word + gap;
    }
}

/** Reports the message, and the fix. */
static void add_message_and_advice(buf *problem, const char *message)
{
    const char *advice = fault_advice(message);
    add_message(problem, message);
    if (advice != NULL)
        buf_add_printf(problem, ": %s", advice);
}

static void hear_nothing(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/** Finds the password in the URL as written; 0 bytes without one. libpq treats an '@' or '/' in a password as
 * its end, and would report the rest as the name of a host: false for those. */
static bool find_password(const char *url, const char **password, size_t *len)
{
    const char *user = strstr(url, "://");
    user = user != NULL ? user + 3 : url;
    const char *end = user + strcspn(user, "/?"), *at = memchr(user, '@', (size_t)(end - user));
    const char *colon = memchr(user, ':', (size_t)(end - user));
    *password = colon != NULL ? colon + 1 : user;
    *len = colon != NULL && at != NULL && colon < at ? (size_t)(at - colon - 1) : 0;
    const char *other = strchr(at != NULL ? at + 1 : user, '@'), *query = strchr(user, '?');
    return other == NULL || (query != NULL && query < other);
}

/** Reports why the connection failed, without the password: libpq quotes a URL, or a part of it, that it does
 * not understand. */
static void add_refusal(buf *problem, const char *url, const char *message)
{
    const char *password;
    size_t len;
    find_password(url, &password, &len);
    char *quoted = len != 0 ? mem_text(password - 1, len + 2) : NULL; /* ":secret@" */
    bool tells = len != 0 && (quoted == NULL || strstr(message, quoted) != NULL ||
                              strstr(message, "percent-encoded") != NULL);
    buf_add_text(problem, "PostgreSQL: ");
    add_message_and_advice(
        problem,
        tells ? "the URL cannot be read; percent-encode the special characters in its parts" : message);
    mem_free(quoted);
}

/** The options for libpq to connect to the URL. */
typedef struct connection_options {
    const char *names[5], *values[5];
} connection_options;

static connection_options options_of(const char *url)
{
    return (connection_options){{"fallback_application_name", "connect_timeout", "client_encoding", "dbname"},
                                {"tern", "10", "UTF8", url}}; /* the URL wins */
}

static bool is_away(const char *url)
{
    const char *password;
    size_t len;
    const char *why;
    if (!find_password(url, &password, &len) || !libpq_load(&why))
        return false;
    const connection_options options = options_of(url);
    PGPing answer = libpq.pingParams(options.names, options.values, 1);
    return answer == PQPING_REJECT || answer == PQPING_NO_RESPONSE;
}

static void *open_connection(const char *url, bool may_make, buf *problem)
{
    (void)may_make; /* other commands create databases */
    const char *password;
    size_t len;
    if (!find_password(url, &password, &len)) {
        buf_add_text(problem, "PostgreSQL: write '@' in a password as %40 and '/' as %2F");
        return NULL;
    }
    const char *why;
    if (!libpq_load(&why)) {
        buf_add_text(problem, why);
        return NULL;
    }
    const connection_options options = options_of(url);
    PGconn *connection = libpq.connectdbParams(options.names, options.values, 1);
    if (connection != NULL && libpq.status(connection) == CONNECTION_OK) {
        libpq.setNoticeProcessor(connection, hear_nothing, NULL);
        return connection;
    }
    add_refusal(problem, url, connection != NULL ? libpq.errorMessage(connection) : "out of memory");
    libpq.finish(connection);
    return NULL;
}

static void close_connection(void *handle)
{
    libpq.finish(handle);
}

static bool is_good(ExecStatusType status)
{
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE ||
           status == PGRES_EMPTY_QUERY;
}

/** The server's error: the message, and the detail, which often contains the value. */
static void add_failure(PGconn *connection, const PGresult *result, buf *problem)
{
    const char *message = result != NULL ? libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *detail = result != NULL ? libpq.resultErrorField(result, PG_DIAG_MESSAGE_DETAIL) : NULL;
    add_message_and_advice(problem, message != NULL ? message : libpq.errorMessage(connection));
    if (detail != NULL) {
        buf_add_text(problem, " (");
        add_message(problem, detail);
        buf_add_text(problem, ")");
    }
}

static bool step(void *handle, const char **sql, const char *end, const char **begin, buf *problem)
{
    const char *from = client_skip_blanks(*sql, end), *behind = client_statement_end(from, end);
    *begin = from < end ? from : NULL;
    *sql = behind;
    if (from == end)
        return true;
    char *statement = mem_text(from, (size_t)(behind - from));
    if (statement == NULL) {
        buf_add_text(problem, "out of memory");
        return false;
    }
    PGresult *result = libpq.exec(handle, statement);
    bool is_done = result != NULL && is_good(libpq.resultStatus(result));
    if (!is_done)
        add_failure(handle, result, problem);
    libpq.clear(result);
    mem_free(statement);
    return is_done;
}

/* -- one statement with values, which are sent as text -- */

enum { ARGS_MOST = 128 };

/** Bytes as `\x00ff`. */
static bool add_bytes(arena *a, const tern_arg *arg, const char **out)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(a, 2 * arg->text.len + 3);
    *out = text;
    if (text == NULL)
        return false;
    *text++ = '\\';
    *text++ = 'x';
    for (size_t i = 0; i < arg->text.len; i++) {
        *text++ = digits[(unsigned char)arg->text.data[i] >> 4];
        *text++ = digits[arg->text.data[i] & 15];
    }
    *text = '\0';
    return true;
}

static bool text_of(arena *a, const tern_arg *arg, const char **out)
{
    char printed[SCALAR_PRINT_BYTES];
    *out = NULL;
    if (arg->is_null)
        return true;
    switch (arg->kind) {
    case TERN_ARG_BOOL:
        *out = arg->boolean ? "true" : "false";
        break;
    case TERN_ARG_INT:
        *out = arena_text(a, printed, number_print_i64(arg->integer, printed));
        break;
    case TERN_ARG_DOUBLE:
        *out = arena_text(a, printed, number_print_double(arg->real, printed));
        break;
    case TERN_ARG_BYTES:
        return add_bytes(a, arg, out);
    default:
        *out = arena_text(a, arg->text.data, arg->text.len);
        break;
    }
    return *out != NULL;
}

static bool pass_rows(const PGresult *result, migrate_on_row *on_row, void *arg)
{
    const char *values[ARGS_MOST];
    int columns = libpq.nfields(result) < ARGS_MOST ? libpq.nfields(result) : ARGS_MOST;
    for (int row = 0; on_row != NULL && row < libpq.ntuples(result); row++) {
        for (int i = 0; i < columns; i++)
            values[i] = libpq.getisnull(result, row, i) ? NULL : libpq.getvalue(result, row, i);
        if (!on_row(arg, values, (unsigned)columns))
            return false;
    }
    return true;
}

/** Reads every result, row by row, so that a large table is never in memory as a whole. */
static bool take_results(PGconn *connection, migrate_on_row *on_row, void *arg, buf *problem)
{
    bool is_done = true;
    PGresult *result;
    libpq.setSingleRowMode(connection);
    while ((result = libpq.getResult(connection)) != NULL) {
        if (is_done && !is_good(libpq.resultStatus(result))) {
            add_failure(connection, result, problem);
            is_done = false;
        }
        is_done = is_done && pass_rows(result, on_row, arg);
        libpq.clear(result);
    }
    return is_done;
}

static bool query(void *handle, const char *sql, const tern_arg *args, unsigned count, migrate_on_row *on_row,
                  void *arg, buf *problem)
{
    const char *values[ARGS_MOST];
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    bool is_done = count <= ARGS_MOST;
    for (unsigned i = 0; i < count && is_done; i++)
        is_done = text_of(&memory, &args[i], &values[i]);
    if (!is_done) {
        buf_add_text(problem, "out of memory");
    } else if (libpq.sendQueryParams(handle, sql, (int)count, NULL, values, NULL, NULL, 0) != 1) {
        add_failure(handle, NULL, problem);
        is_done = false;
    } else {
        is_done = take_results(handle, on_row, arg, problem);
    }
    arena_free(&memory);
    return is_done;
}

static bool is_in_transaction(void *handle)
{
    PGTransactionStatusType status = libpq.transactionStatus(handle);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

/* Advisory locks are numbers that applications agree on: "tern" and "migr" in ASCII. */
#define LOCK "(1952805486, 1835624306)"

static bool take_truth(void *arg, const char *const *values, unsigned count)
{
    *(bool *)arg = count != 0 && values[0] != NULL && values[0][0] == 't';
    return true;
}

static bool begin_alone(migrate_client *client, buf *problem)
{
    bool is_locked = false;
    if (!client_begin(client, "begin", problem))
        return false;
    bool is_asked = client_query(client, "select pg_try_advisory_xact_lock" LOCK, NULL, 0, take_truth,
                                 &is_locked, problem);
    if (is_asked && !is_locked) {
        fputs("another process is migrating this database; waiting for it\n", stderr);
        is_asked = client_query(client, "select pg_advisory_xact_lock" LOCK, NULL, 0, NULL, NULL, problem);
    }
    if (!is_asked)
        client_rollback(client);
    return is_asked;
}

/* Dates, times and intervals have the same format with any server settings. */
static const char settings[] =
    "select set_config('datestyle', 'ISO', true), set_config('timezone', 'UTC', true), "
    "set_config('intervalstyle', 'iso_8601', true), set_config('standard_conforming_strings', 'on', true)";

const migrate_driver client_postgres = {.dialect = DATA_POSTGRES,
                                        .open = open_connection,
                                        .close = close_connection,
                                        .is_away = is_away,
                                        .step = step,
                                        .query = query,
                                        .is_in_transaction = is_in_transaction,
                                        .begin_alone = begin_alone,
                                        .settings = settings};

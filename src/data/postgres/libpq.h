/**
 * libpq, loaded when a postgres:// URL asks for it: other programs do not need it.
 *
 * `libpq.getResult(conn)` is PQgetResult(conn), and so on.
 */
#ifndef POSTGRES_LIBPQ_H
#define POSTGRES_LIBPQ_H

#include <libpq-fe.h>
#include <stdbool.h>

#define LIBPQ_FUNCTIONS(X)                                                                                   \
    X(conninfoParse)                                                                                         \
    X(conninfoFree)                                                                                          \
    X(connectdbParams)                                                                                       \
    X(pingParams)                                                                                            \
    X(connectStartParams)                                                                                    \
    X(connectPoll)                                                                                           \
    X(finish)                                                                                                \
    X(status)                                                                                                \
    X(backendPID)                                                                                            \
    X(socket)                                                                                                \
    X(sslInUse)                                                                                              \
    X(sslStruct)                                                                                             \
    X(errorMessage)                                                                                          \
    X(setnonblocking)                                                                                        \
    X(setNoticeProcessor)                                                                                    \
    X(enterPipelineMode)                                                                                     \
    X(pipelineSync)                                                                                          \
    X(exec)                                                                                                  \
    X(prepare)                                                                                               \
    X(describePrepared)                                                                                      \
    X(sendPrepare)                                                                                           \
    X(sendQueryParams)                                                                                       \
    X(sendQueryPrepared)                                                                                     \
    X(setSingleRowMode)                                                                                      \
    X(flush)                                                                                                 \
    X(consumeInput)                                                                                          \
    X(isBusy)                                                                                                \
    X(getResult)                                                                                             \
    X(transactionStatus)                                                                                     \
    X(getCancel)                                                                                             \
    X(cancel)                                                                                                \
    X(freeCancel)                                                                                            \
    X(resultStatus)                                                                                          \
    X(resultErrorField)                                                                                      \
    X(resultErrorMessage)                                                                                    \
    X(ntuples)                                                                                               \
    X(nfields)                                                                                               \
    X(fname)                                                                                                 \
    X(ftype)                                                                                                 \
    X(ftable)                                                                                                \
    X(ftablecol)                                                                                             \
    X(getvalue)                                                                                              \
    X(getlength)                                                                                             \
    X(getisnull)                                                                                             \
    X(cmdStatus)                                                                                             \
    X(cmdTuples)                                                                                             \
    X(clear)                                                                                                 \
    X(freemem)

typedef struct libpq_functions {
#define X(name) __typeof__(PQ##name) *name;
    LIBPQ_FUNCTIONS(X)
#undef X
    /** A cancel request encrypted as its connection is: since libpq 17; NULL before. */
    void *(*cancelCreate)(PGconn *conn);
    int (*cancelBlocking)(void *pg_request);
    void (*cancelFinish)(void *pg_request);
    /** OpenSSL's SSL_has_pending, if this libpq uses OpenSSL; otherwise NULL. */
    int (*ssl_has_pending)(const void *ssl);
} libpq_functions;

extern libpq_functions libpq;

/** Loads the library once in a process; false, with `*problem`, when it is not installed or too old. */
bool libpq_load(const char **problem);

#endif

/**
 * hiredis' reader of replies, loaded at the first command: other programs do not need it.
 *
 * Only the reader is used. Its objects are made by reply.h in a request's memory, and commands are written by command.h:
 * that needs no allocation and knows the keys, which a cluster needs. Sockets are the worker's own (link.h).
 */
#ifndef REDIS_HIREDIS_H
#define REDIS_HIREDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#define HIREDIS_FUNCTIONS(X)                                                                                 \
    X(redisReaderCreateWithFunctions)                                                                        \
    X(redisReaderFree)                                                                                       \
    X(redisReaderFeed)                                                                                       \
    X(redisReaderGetReply)

typedef struct hiredis_functions {
#define X(name) __typeof__(name) *name;
    HIREDIS_FUNCTIONS(X)
#undef X
} hiredis_functions;

extern hiredis_functions hiredis;

/** Loads the library once in a process; false, with `*problem` a static text, when it is not installed. It must be of
 * the version of the headers, whose structures differ from one to the next. */
bool hiredis_load(const char **problem);

#endif

/** The databases behind four of the floor's pages: one table of functions an engine. */
#ifndef FLOOR_DATABASE_H
#define FLOOR_DATABASE_H

#include "page.h"
#include "rows.h"

#include <stdint.h>

/** What a client has asked for that is answered later. */
typedef struct job {
    struct job *next;
    int fd; /* of the client; -1: it is gone, and its answer is dropped */
    question asks;
    unsigned left;   /* results still to come */
    bool is_written; /* ASKS_CHANGES: the rows have been read, and their changes are on the way */
    unsigned count;
    world rows[WORLD_COUNT];
} job;

typedef struct database {
    /** Opens it for this worker and prepares its statements. Ends the program when that fails. */
    void (*open)(const char *url);
    /** Answers a client: now, or (`*later` is the job then) by client_answer. */
    reply (*ask)(question asks, int fd, job **later);
    /** A descriptor given to server_watch is ready. NULL: there are none. */
    void (*on_event)(int fd);
    /** The events of a turn have all been seen: sends what was asked in it. NULL: nothing waits. */
    void (*flush)(void);
} database;

/** The engine of a URL; ends the program where it is unknown or not built in. */
const database *database_of(const char *url);

extern const database sqlite_database, postgres_database;

#endif

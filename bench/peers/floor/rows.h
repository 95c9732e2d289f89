/** The rows behind the database pages, and the replies made of them: written byte by byte into one buffer. */
#ifndef FLOOR_ROWS_H
#define FLOOR_ROWS_H

#include <stddef.h>

enum { WORLD_ROWS = 10000, WORLD_COUNT = 20 /* rows a page */, FORTUNES_MAX = 63 };

typedef struct world {
    int id, random_number;
} world;

typedef struct fortune {
    int id;
    const char *message; /* UTF-8, ends with a NUL */
} fortune;

/** A whole reply, valid until the next one is made. */
typedef struct reply {
    const char *data;
    size_t len; /* 0: there is none yet */
} reply;

/** 1 to WORLD_ROWS. */
int random_row(void);

/** Gives `count` rows new numbers, and sorts them by id. */
void worlds_change(world *rows, unsigned count);

reply reply_world(const world *row);
reply reply_worlds(const world *rows, unsigned count);

/** Adds the fortune of the request, for which `rows` has room, and sorts. */
reply reply_fortunes(fortune *rows, unsigned count);

#endif

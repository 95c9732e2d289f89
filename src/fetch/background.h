/** Work that blocks, in a thread of its own: a name server that does not answer delays no one else. */
#ifndef FETCH_BACKGROUND_H
#define FETCH_BACKGROUND_H

#include "runtime/loop.h"

#include <stdatomic.h>

/** The first field of a block on the heap, which is freed after both the thread and the loop are done with it. */
typedef struct background {
    loop_source source;                    /* an eventfd, which the thread writes to */
    atomic_int users;                      /* the thread and the loop: the last one frees */
    void (*work)(struct background *b);    /* in the thread */
    void (*on_done)(struct background *b); /* once, on the loop's stack; NULL: forgotten */
} background;

/** Starts the work; `work` and `on_done` are set. False when no thread can be started: the block is the caller's. */
bool background_start(background *b);
/** `on_done` will not be called; the thread ends by itself. */
void background_forget(background *b);

#endif

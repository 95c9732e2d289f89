/** Requests over the library in which each allocation fails once: a request may fail, nothing else. */
#ifndef TESTS_DATA_SHORTAGE_H
#define TESTS_DATA_SHORTAGE_H

#include "library.h"

#include "base/mem.h"

static unsigned long shortage_at; /* the allocation that fails */
static bool shortage_has_ended;   /* no allocation was left to fail */

/** Wraps the handler under test. */
static void shortage_begin(void)
{
    mem_fail_at(shortage_at, 0);
}

static void shortage_end(void)
{
    shortage_has_ended = mem_tried() < shortage_at;
    mem_fail_at(0, 0);
}

/** Runs `handler` (library_run) until no allocation fails any more; fewer than `most` times. */
static void shortage_walk(const char *url, bool commits, unsigned long most,
                          tern_reply (*handler)(tern_ctx *c))
{
    shortage_has_ended = false;
    for (shortage_at = 1; !shortage_has_ended && shortage_at < most; shortage_at++) {
        library_run(url, commits, handler);
        mem_fail_at(0, 0);
        int status = library_request.reply.status;
        if (status != 204 && status != 500 && status != 503)
            check_fail(__FILE__, __LINE__, "allocation %lu: status %d", shortage_at, status);
        fake_close(&library_request);
    }
    CHECK(shortage_has_ended);
    CHECK(shortage_at > 5);
}

#endif

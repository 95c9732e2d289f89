/** Reads a text/event-stream: HTML standard, section 9.2.6. */
#ifndef FETCH_SSE_H
#define FETCH_SSE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { SSE_MOST_BYTES = 1024 * 1024 }; /* of an event */

/** Zeroed is the start of a stream; freed by sse_free. */
typedef struct sse_reader {
    buf line;          /* an unfinished line */
    buf event, data;   /* of the event that is being read */
    buf id;            /* the last one, which stays */
    unsigned retry_ms; /* the last one of this event; 0: none */
    bool after_cr;     /* a LF that comes next belongs to the line end before it */
    bool has_begun;    /* the byte order mark was looked for */
    bool has_data;
    bool is_given; /* event and data were returned: they are cleared by the next call */
    bool failed;   /* out of memory, or an event above SSE_MOST_BYTES */
} sse_reader;

/**
 * Reads from `text` up to the end of an event.
 *
 * @param used  receives how many bytes were read.
 * @return true when an event with data is complete: `r->event` (empty: "message"), `r->data` without its last line
 * end, `r->id`. False when all bytes were used, or `r->failed`.
 */
bool sse_read(sse_reader *r, const char *text, size_t len, size_t *used);
void sse_free(sse_reader *r);

#endif

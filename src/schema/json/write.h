/**
 * The writer inside json_encode and tern_value's printing: a place in a json_out, held in a register.
 *
 * Every `write_` function takes the place to write at and returns the one behind what it wrote; NULL when
 * out of memory (then out->failed is set), which every caller hands on.
 */
#ifndef SCHEMA_JSON_WRITE_H
#define SCHEMA_JSON_WRITE_H

#include "schema/json/json.h"

enum {
    WRITE_SLACK = 32,     /* bytes behind the room asked for that may be overwritten: copies go in blocks */
    WRITE_DEPTH_MOST = 64 /* nested lists, maps and models; readers refuse more by default */
};

typedef struct writer {
    char *end; /* of the room */
    json_out *out;
    unsigned depth;
} writer;

static inline char *writer_begin(writer *w, json_out *out)
{
    *w = (writer){.end = out->data + out->room, .out = out};
    return out->failed ? NULL : out->data + out->len;
}

/** Notes where the text ends: at `at`, or when that is NULL where it ended `before`. */
static inline bool writer_finish(const writer *w, const char *at, size_t before)
{
    w->out->len = at != NULL ? (size_t)(at - w->out->data) : before;
    return at != NULL;
}

/** Moves to a larger block; the slow half of writer_room. */
char *writer_grow(writer *w, char *at, size_t more);

/** Room for `more` bytes and the slack from `at` on; the text may have moved. */
static inline char *writer_room(writer *w, char *at, size_t more)
{
    return (size_t)(w->end - at) >= more + WRITE_SLACK ? at : writer_grow(w, at, more);
}

/** A JSON string with its quotes. `text` is not NULL. */
char *write_text(writer *w, char *at, const char *text, size_t len);
/** A double, or failure when it is not finite. */
char *write_double(writer *w, char *at, double value);
/** Notes that the value has no JSON, and why; returns NULL, which ends the writing. */
char *write_refusal(writer *w, json_refusal why);

#endif

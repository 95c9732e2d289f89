/**
 * The writer inside json_encode and tern_value's printing: a position in a json_out, kept in a register.
 *
 * Every `write_` function takes the position to write at and returns the end of what it wrote; NULL when out
 * of memory (then out->failed is set), which every caller returns too.
 */
#ifndef SCHEMA_JSON_WRITE_H
#define SCHEMA_JSON_WRITE_H

#include "schema/json/json.h"

enum {
    WRITE_SLACK = 32,     /* bytes after the room that may be overwritten: copies are in blocks */
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

/** Stores the end of the text: `at`, or `before` when `at` is NULL. */
static inline bool writer_finish(const writer *w, const char *at, size_t before)
{
    w->out->len = at != NULL ? (size_t)(at - w->out->data) : before;
    return at != NULL;
}

/** Moves the text to a larger block; the slow path of writer_room. */
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
/** Records why the value has no JSON; returns NULL, which ends the writing. */
char *write_refusal(writer *w, json_refusal why);

#endif

/**
 * Shared by the files of the JSON reader: the position in the text, and the reading functions.
 *
 * A reading function starts with `at` on the first byte of the value and leaves it after the last one. It
 * returns true when the value is valid. On false either a fault was added and the value was skipped, so that
 * reading continues, or `stop` is set and all reading functions return.
 */
#ifndef SCHEMA_JSON_READ_H
#define SCHEMA_JSON_READ_H

#include "schema/json/json.h"

#include <string.h>

enum {
    JSON_DEPTH = 64,
    JSON_DEPTH_MOST = 256, /* as many as fit on a coroutine's stack, whatever the limits are */
    JSON_ITEMS = 1000000,
    JSON_MEMORY_FACTOR = 8,
    JSON_MEMORY_FLOOR = 4096,
    JSON_PILE_BYTES = 8192 /* for small lists, on json_decode's stack */
};

typedef struct json_reader {
    const char *at, *end;
    const char *begin;
    unsigned depth, depth_most;
    size_t items_left;
    size_t memory_left;
    const char *stop, *code; /* why reading ended (static texts); NULL: it continues */
    size_t text_len;         /* of the last string read */
    bool has_nul;            /* it contains a NUL, which a C string cannot */
    bool is_reply;           /* json_limits.is_reply */
    arena *arena;
    tern_faults *faults;
    char *pile, *pile_end; /* the free part, for the lists being read */
    /* Strings with escapes are decoded in place, which adds newlines that the client did not write: `counted`
     * is the end of the last such string, `line_begin` is where the line before it begins, and the first such
     * string begins at `made_first`. */
    const char *counted, *line_begin, *made_first;
    unsigned made_lines;
    unsigned line; /* once requested */
} json_reader;

/** Starts at the beginning of `text` with `limits` (NULL: the defaults); no arena, no faults. */
void json_reader_init(json_reader *r, tern_str text, const json_limits *limits);
/** Ends reading: the text is not JSON, since `expected` is not what is at `at`. Returns false. */
bool json_stop(json_reader *r, const char *expected);
/** Ends reading for another reason, with its code. The message begins with a verb: "has a key twice". Returns
 * false. */
bool json_stop_code(json_reader *r, const char *code, const char *message);
/** Like json_stop, where a value must begin: the message depends on the byte there. */
bool json_stop_value(json_reader *r);
/** Like json_stop, inside a string at a byte that is neither part of it nor its end. */
bool json_stop_text(json_reader *r);
/** Ends reading: out of memory. Returns false. */
bool json_stop_memory(json_reader *r);
/** Finds where the line of `to` begins, before newlines are decoded after it. */
void json_note_line(json_reader *r, const char *to);
/** Counts the lines up to `to`, and finds where the last one begins. Between strings with decoded newlines,
 * which can no longer be distinguished, the result is approximate. */
void json_count_lines(json_reader *r, const char *to);

/** Counts `size` bytes against the reader's memory; false when not enough is left (and reading ended). */
static inline bool json_charge(json_reader *r, size_t size)
{
    if (size > r->memory_left)
        return json_stop_code(r, "too_costly", "needs too much memory");
    r->memory_left -= size;
    return true;
}

/** Enters an array or object: counts the level and skips the bracket. */
static inline bool json_enter(json_reader *r)
{
    if (r->depth == r->depth_most)
        return json_stop_code(r, "too_deep", "is nested too deeply");
    r->depth++;
    r->at++;
    return true;
}

/* While values are read, text.data[text.len] is 0: no loop needs to check for the end. */

const char *json_space_slow(const char *at, const char *end) __attribute__((pure));

/** The end of the white space at `at`. */
static inline const char *json_behind_space(const json_reader *r, const char *at)
{
    if ((unsigned char)*at > ' ')
        return at;
    if (*at == ' ' && (unsigned char)at[1] > ' ') /* the one after a colon or comma */
        return at + 1;
    return json_space_slow(at, r->end);
}

/** Skips white space; returns the byte after it. */
static inline char json_space(json_reader *r)
{
    r->at = json_behind_space(r, r->at);
    return *r->at;
}

/** Counts one member or element. */
static inline bool json_count_item(json_reader *r)
{
    if (r->items_left == 0)
        return json_stop_code(r, "too_many_values", "has too many values");
    r->items_left--;
    return true;
}

/**
 * Reads the string whose opening quote `at` is on, decodes its escapes in place, ends it with a NUL and
 * checks that it is UTF-8. Sets `text_len`; returns NULL when reading ended.
 */
char *json_read_text(json_reader *r);

bool json_read_value(json_reader *r, const tern_type *type, void *out, const place *where);
bool json_read_model(json_reader *r, const tern_type *type, void *out, const place *where);
bool json_read_list(json_reader *r, const tern_type *type, void *out, const place *where);
bool json_read_map(json_reader *r, const tern_type *type, void *out, const place *where);

/** The last key read, in a form for messages: U+0000 becomes U+FFFD, since a C string would end there. `key`
 * itself if it has none, or when out of memory. (read_value.c) */
const char *json_shown_key(json_reader *r, const char *key);

/** Adds the fault of a value of the wrong kind, and skips the value. Returns false. */
bool json_wrong_kind(json_reader *r, const tern_type *type, const place *where);

/* These check values without storing them. They never read at or after `end`. */

bool json_skip(json_reader *r);
/** Whether no object from `begin` up to r->at, which json_skip has checked, has a duplicate key; a duplicate
 * is a fault. (keys.c) */
bool json_keys_differ(json_reader *r, const char *begin, const place *where);
bool json_skip_text(json_reader *r);
bool json_skip_number(json_reader *r);
/** Reads the escape that follows the '\' before `at`: its length; 0 when it is invalid (as is a lone half of
 * a surrogate pair). */
size_t json_escape(const char *at, const char *end, unsigned *character);

#endif

/**
 * Between the files of the JSON reader: the place in the text, and what each of them reads.
 *
 * A reading function finds `at` on the first byte of what it reads and leaves it behind the last one. It
 * returns true when the value is right. On false either a fault was added and the value was passed over, so
 * that reading goes on, or `stop` is set and everything unwinds.
 */
#ifndef SCHEMA_JSON_READ_H
#define SCHEMA_JSON_READ_H

#include "schema/json/json.h"

#include <string.h>

enum {
    JSON_DEPTH = 64,
    JSON_DEPTH_MOST = 256, /* what the stack of a coroutine has room for, whatever the limits say */
    JSON_ITEMS = 1000000,
    JSON_MEMORY_FACTOR = 8,
    JSON_MEMORY_FLOOR = 4096,
    JSON_PILE_BYTES = 8192 /* where lists begin, on json_decode's stack */
};

typedef struct json_reader {
    const char *at, *end;
    const char *begin;
    unsigned depth, depth_most;
    size_t items_left;
    size_t memory_left;
    const char *stop, *code; /* why nothing more is read (static texts); NULL: go on */
    size_t text_len;         /* of the string that was read last */
    bool has_nul;            /* it holds a NUL, which no C string can */
    arena *arena;
    tern_faults *faults;
    char *pile, *pile_end; /* what is free for the lists being read */
    /* Strings with escapes are decoded where they stand, which adds newlines that the client never wrote:
     * behind the last such string is `counted`, the line before it begins at `line_begin`; the first one
     * begins at `made_first`. */
    const char *counted, *line_begin, *made_first;
    unsigned made_lines;
    unsigned line; /* once it is asked for */
} json_reader;

/** Starts at the beginning of `text` with `limits` (NULL: the defaults); no arena, no faults. */
void json_reader_init(json_reader *r, tern_str text, const json_limits *limits);
/** Ends reading: the text is not JSON, since at `at` something else was `expected`. Returns false. */
bool json_stop(json_reader *r, const char *expected);
/** Ends reading for another reason, with its code. The message is a verb and what follows: "has a key twice".
 * Returns false. */
bool json_stop_code(json_reader *r, const char *code, const char *message);
/** As json_stop where a value must begin: says what is wrong with the byte that stands there. */
bool json_stop_value(json_reader *r);
/** As json_stop inside a string, at a byte that neither is part of it nor ends it. */
bool json_stop_text(json_reader *r);
/** Ends reading: there is no memory. Returns false. */
bool json_stop_memory(json_reader *r);
/** Finds where the line of `to` begins, before newlines are decoded behind it. */
void json_note_line(json_reader *r, const char *to);
/** Counts the lines up to `to`, and finds where the last of them begins. Between strings with newlines of
 * their own, which cannot be told apart any more, it is as near as can be. */
void json_count_lines(json_reader *r, const char *to);

/** Takes `size` bytes off what the reader may still use; false when that is too little (and reading ended).
 */
static inline bool json_charge(json_reader *r, size_t size)
{
    if (size > r->memory_left)
        return json_stop_code(r, "too_costly", "takes too much memory");
    r->memory_left -= size;
    return true;
}

/** Into an array or object: counts the level and passes the bracket. */
static inline bool json_enter(json_reader *r)
{
    if (r->depth == r->depth_most)
        return json_stop_code(r, "too_deep", "is nested too deeply");
    r->depth++;
    r->at++;
    return true;
}

/* Where every value is read, text.data[text.len] is 0: no loop needs to ask for the end. */

const char *json_space_slow(const char *at, const char *end) __attribute__((pure));

/** Where white space from `at` on ends. */
static inline const char *json_behind_space(const json_reader *r, const char *at)
{
    if ((unsigned char)*at > ' ')
        return at;
    if (*at == ' ' && (unsigned char)at[1] > ' ') /* the one behind a colon or comma */
        return at + 1;
    return json_space_slow(at, r->end);
}

/** Passes white space; the byte behind it. */
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
 * checks that it is UTF-8. `text_len` is its length; NULL when reading ended.
 */
char *json_read_text(json_reader *r);

bool json_read_value(json_reader *r, const tern_type *type, void *out, const place *where);
bool json_read_model(json_reader *r, const tern_type *type, void *out, const place *where);
bool json_read_list(json_reader *r, const tern_type *type, void *out, const place *where);
bool json_read_map(json_reader *r, const tern_type *type, void *out, const place *where);

/** The key that was read last as people can be shown it: U+0000 becomes U+FFFD, since a C string would end
 * there. `key` itself where there is none, or no memory. (read_value.c) */
const char *json_shown_key(json_reader *r, const char *key);

/** Adds the fault of a value of the wrong kind, and passes it over. Returns false. */
bool json_wrong_kind(json_reader *r, const tern_type *type, const place *where);

/* Checked, but not kept. These never look at or after `end`. */

bool json_skip(json_reader *r);
/** Whether no object from `begin` up to r->at, which json_skip has passed, has a key twice; one that does is
 * a fault. (keys.c) */
bool json_keys_differ(json_reader *r, const char *begin, const place *where);
bool json_skip_text(json_reader *r);
bool json_skip_number(json_reader *r);
/** Reads the escape that follows the '\' before `at`: its length, 0 when it is none (a lone half of a
 * surrogate pair is none). */
size_t json_escape(const char *at, const char *end, unsigned *character);

#endif

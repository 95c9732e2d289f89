/**
 * Commands: from a format and its values to the bytes of a request, and what is known about a command by its name.
 *
 * Hot path: redis_command_format, redis_command_encode. They allocate in the request's arena only.
 */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include "base/arena.h"

#include <tern/redis.h>

enum { COMMAND_WORDS_INLINE = 16, COMMAND_ARGS_MOST = 1024 * 1024, COMMAND_NAME_BYTES = 24 };

/** The arguments of a command. */
typedef struct command_words {
    arena *arena;
    tern_str *list;
    size_t count, room;
    tern_str few[COMMAND_WORDS_INLINE];
    bool is_memory_short;
    const char *problem; /* why the format and its values do not make a command; in the arena, or static */
} command_words;

/** Reads a format and its values into `w`; false with w->problem, or w->is_memory_short. */
bool redis_command_format(command_words *w, arena *a, tern_redis_command command);
/** Takes arguments that are complete. `list` must stay as long as `w`. */
bool redis_command_take(command_words *w, arena *a, const tern_str *list, size_t count);

/** The bytes of a command, in the arena. */
typedef struct command_bytes {
    const char *data;
    size_t len;
} command_bytes;

/** The arguments as Redis' protocol has them: an array of bulk strings. NULL data when out of memory. */
command_bytes redis_command_encode(const command_words *w);

/** Why connections that requests share do not take this command; NULL: they do. */
const char *redis_command_refusal(const command_words *w);
/** The first key, by which a cluster chooses the node; NULL data when the command has none. */
tern_str redis_command_key(const command_words *w);
/** The name in capitals, for messages; cut if it is long, and "?" for what is not printable. */
void redis_command_name(const command_words *w, char out[COMMAND_NAME_BYTES]);

#endif

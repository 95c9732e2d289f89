/** What the public calls share. */
#ifndef REDIS_CALL_H
#define REDIS_CALL_H

#include "redis/run.h"

/** The client, or an error in `reply`. */
redis_client *redis_call_client(tern_ctx *c, tern_redis_reply *reply);
/** Makes `reply` an error; the text is printed into the request's memory, in which it has little room. */
void redis_call_error(tern_ctx *c, tern_redis_reply *reply, tern_redis_fault fault, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Turns words into bytes; false with an error in `reply`. `is_read`: what redis_command_format returned. */
bool redis_call_encode(tern_ctx *c, const command_words *w, bool is_read, command_bytes *out,
                       tern_redis_reply *reply);
/** Returns the reply; or, if it is an error and `fails`, ends the handler. `name` is of the command. */
const tern_redis_reply *redis_call_end(tern_ctx *c, const tern_redis_reply *reply, const char *name,
                                       bool fails);

#endif

/** The answer to a connection that cannot be served now. */
#ifndef RUNTIME_REFUSAL_H
#define RUNTIME_REFUSAL_H

#include <stddef.h>

enum { REFUSAL_MAX = 512 };

/** Writes a whole HTTP/1.1 answer: 503, Retry-After, a problem+json body with `detail` (plain text without
 * quotes) and `Connection: close`. Returns its length, at most REFUSAL_MAX. */
size_t refusal_format(char out[REFUSAL_MAX], const char *detail, unsigned retry_after_s);

/** Sends it on a non-blocking socket without waiting, and closes the socket after reading what has arrived:
 * unread bytes would turn the close into a reset that overtakes the answer. */
void refusal_answer(int fd, const char *detail, unsigned retry_after_s);

#endif

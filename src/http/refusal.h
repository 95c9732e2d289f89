/** The answer to a connection that cannot be served now, without a request in work. */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

/** Sends a whole HTTP/1.1 answer on a non-blocking plain socket, without waiting: 503, Retry-After, a
 * problem+json body with `detail` (plain text without quotes, at most 120 bytes of it) and `Connection:
 * close`. Reads what has arrived first: unread bytes would turn the caller's close into a reset that overtakes
 * the answer. */
void refusal_send(int fd, const char *detail, unsigned retry_after_s);

#endif

/** Work that uses a processor for long, without other requests getting slower. */
#ifndef AUTH_PASSWORD_GENTLE_H
#define AUTH_PASSWORD_GENTLE_H

typedef struct tern_ctx tern_ctx;

/**
 * Runs `work(arg)` on a thread of a low priority, and waits for it, and before that for its turn: .at_once of a worker
 * run at a time, and .most_waiting wait. Fails with 503 beyond that, or after 10 seconds.
 */
void gentle_run(tern_ctx *c, void (*work)(void *arg), void *arg);

#endif

/**
 * Keys of session tickets, in memory that all workers share: a client may resume its session with any worker, before
 * and after a reload.
 *
 * Time is divided into periods of 12 hours. A ticket is made with the key of the present period, and accepted in this
 * period and in the next one, so a session can be resumed for 12 to 24 hours. The first worker that needs the key of a
 * period makes it, and erases those that have run out: a recorded session cannot be decrypted with what is in memory
 * a day later (RFC 5077 section 5.5, RFC 8446 section 8).
 */
#ifndef TLS_TICKET_H
#define TLS_TICKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    TICKET_PERIOD_MS = 12 * 3600 * 1000,
    TICKET_NAME_BYTES = 16,
    TICKET_SLOTS = 3 /* the present one, the one before, and the one that is made next */
};

typedef struct ticket_key {
    unsigned char name[TICKET_NAME_BYTES]; /* in clear in each ticket */
    unsigned char cipher[32];              /* AES-256-CBC */
    unsigned char mac[32];                 /* HMAC-SHA-256 */
} ticket_key;

typedef struct ticket_slot {
    _Atomic uint64_t period; /* of `key`, plus 1; 0: none */
    ticket_key key;
} ticket_slot;

/** In shared memory, zeroed at first. */
typedef struct ticket_keys {
    _Atomic int32_t maker; /* the process that makes a key; 0: none */
    ticket_slot slots[TICKET_SLOTS];
} ticket_keys;

/**
 * The key for a new ticket at `now_ms` (of the monotonic clock). Makes it when the period has none yet. False when
 * another process is just making it, or the kernel gives no randomness: then no ticket is sent this time.
 */
bool ticket_key_now(ticket_keys *keys, uint64_t now_ms, ticket_key *out);
/** The key called `name`, if it is of this period or the one before; `*is_present` when of this one. */
bool ticket_key_find(ticket_keys *keys, uint64_t now_ms, const unsigned char *name, ticket_key *out,
                     bool *is_present);

#endif

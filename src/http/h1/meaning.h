/** What the fields of a request's head mean for its connection: framing, host, persistence, expectations. */
#ifndef HTTP_H1_MEANING_H
#define HTTP_H1_MEANING_H

#include "http/h1/head.h"

/** Fields that a head may have only once and that do not concern the connection. */
enum { H1_CONTENT_TYPE = 1, H1_AUTHORIZATION = 2 };

/** Bits of what Upgrade has said. */
enum { H1_UPGRADES = 1, H1_TO_WEBSOCKET = 2 };

/** What the fields read so far have said; zeroed at the start of a head: eight bytes, one store. */
typedef struct h1_seen {
    bool host, transfer_encoding, expect;
    uint8_t upgrade;                                   /* H1_UPGRADES, and to what */
    uint8_t once;                                      /* H1_CONTENT_TYPE, ... seen */
    bool token_close, token_keep_alive, token_upgrade; /* of Connection, over all its fields */
} h1_seen;

/** Sets status and reason; returns H1_ERROR. */
h1_result h1_refuse(h1_head *head, int status, const char *reason);

/** Sets method-dependent parts of `head` from the whole request-target (RFC 9112 section 3.2), whose bytes
 * are already checked. Origin-form does not come here. */
h1_result h1_special_target(h1_head *head, const char *target, size_t len);

/** Takes note of one field; H1_COMPLETE when it is acceptable. */
h1_result h1_note_field(h1_head *head, h1_seen *seen, const http_header *field);

/** Checks what only the whole head shows, and fills in what follows from all fields together. */
h1_result h1_conclude(h1_head *head, const h1_seen *seen);

#endif

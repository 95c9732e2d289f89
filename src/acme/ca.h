/**
 * Requests to the authority: nonces, signatures, errors (RFC 8555 section 6).
 *
 * All memory comes from its arena, which lives for one attempt to get a certificate.
 */
#ifndef ACME_CA_H
#define ACME_CA_H

#include "acme/crypto.h"
#include "base/arena.h"

#include <tern/model.h>

enum {
    CA_URL_BYTES = 2048,
    CA_NONCE_BYTES = 256,
    CA_REPLY_BYTES = 256 * 1024,
    CA_NONCE_TRIES = 16,
    CA_NO_RETRY_AFTER = -1
};

/** Why something failed, for the log and for what is tried next. */
typedef struct ca_fault {
    char text[1024];
    char type[64]; /* of an ACME problem, without "urn:ietf:params:acme:error:"; "": it is not one */
    int status;    /* of HTTP; 0: no reply */
    int64_t retry_after_s;
} ca_fault;

/** Whether the authority has refused a request for good: the same one would be refused again. */
static inline bool ca_is_refusal(const ca_fault *fault)
{
    return fault->status >= 400 && fault->status < 500 && fault->status != 429;
}

typedef struct ca_directory {
    const char *new_nonce, *new_account, *new_order;
    const char *renewal_info; /* NULL: not offered */
    const char *terms;        /* URL; NULL: none */
    bool needs_external_account;
} ca_directory;

typedef struct ca {
    arena *arena;
    const char *ca_file; /* NULL: the system's authorities */
    crypto_key *key;     /* of the account */
    const char *account; /* its URL; NULL until it is known */
    ca_directory directory;
    char nonce[CA_NONCE_BYTES]; /* for the next request; "": none is left */
    ca_fault fault;
} ca;

typedef struct ca_reply {
    int status;
    tern_str body;         /* writable, with a NUL after it */
    char *location;        /* an https URL; NULL: none */
    char content_type[64]; /* without parameters, lower case */
    int64_t retry_after_s; /* 0 to a year; CA_NO_RETRY_AFTER: none */
} ca_reply;

/** Sets `fault` to a text of the caller's, without a type. Returns false. */
bool ca_fail(ca *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Reads the directory at `url`; false with `fault`. */
bool ca_open(ca *c, const char *url);

/** GET without a signature: only for the directory and renewal information. */
bool ca_get(ca *c, const char *url, ca_reply *reply);

/**
 * POST of `payload`, a value of `type`, signed by the account; `type` NULL is POST-as-GET. Signed with the
 * public key while `account` is NULL. A refused nonce is replaced and the request repeated.
 *
 * @return true for a reply of 2xx; otherwise false with `fault`.
 */
bool ca_post(ca *c, const char *url, tern_type *type, const void *payload, ca_reply *reply);

/** Decodes the JSON of a reply; false with `fault`, which begins with `what` ("the order"). */
bool ca_read(ca *c, const ca_reply *reply, tern_type *type, void *out, const char *what);

/** Whether the authority may be sent to that URL: https, printable ASCII without spaces, not too long. */
bool ca_is_url(const char *url);
/** Seconds from Retry-After (RFC 9110 section 10.2.3: seconds or a date); CA_NO_RETRY_AFTER when it is
 * neither. */
int64_t ca_retry_after(const char *text, int64_t now_s);

/** Whether the "error" of an object is there and not null. */
static inline bool ca_has_problem(tern_any json)
{
    return json.len > 0 && json.data[0] == '{';
}

/** A problem inside an order, authorization or challenge ("error") (its JSON), in words. Returns false, with
 * `fault`. */
bool ca_fail_problem(ca *c, const char *what, tern_any json);

#endif

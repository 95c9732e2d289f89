/** Documents that providers publish, kept for all workers: metadata and keys. */
#ifndef AUTH_LOGIN_DOCUMENTS_H
#define AUTH_LOGIN_DOCUMENTS_H

#include "auth/login/provider.h"

enum {
    LOGIN_NEW_S = -1,
    LOGIN_FRESH_S = 3600,         /* a document is not asked for again before */
    LOGIN_STALE_S = 24 * 3600,    /* and used for so long where it cannot be had */
    LOGIN_DOCUMENT_BYTES = 262144 /* the largest */
};

/** NULL for a document that is right, and otherwise what is wrong with it. */
typedef const char *login_document_check(tern_ctx *c, const login_provider *p, const tern_value *document);

/** What can be had of a document. */
typedef struct login_document {
    tern_value *value; /* an object, in the request's memory */
    int64_t age_s;     /* since it was fetched */
    bool is_new;       /* it was fetched by this call */
} login_document;

/**
 * The document at `url`, no older than `fresh_s` (LOGIN_NEW_S: fetched now) if the provider replies, and no older than
 * LOGIN_STALE_S otherwise. One that `check` does not like counts as no reply. Refuses the request with 502, 503 or 504
 * without any.
 */
login_document login_document_of(tern_ctx *c, login_provider *p, const char *url, int fresh_s,
                                 login_document_check *check);

#endif

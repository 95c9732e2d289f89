/** What HTTP requires of connections with TLS, and of those without where there is https, and what proxies forward. */
#ifndef HTTP_SECURE_H
#define HTTP_SECURE_H

#include "http/connection.h"

/** The slow half of secure_may_answer. */
bool secure_check(http_exchange *x);

/**
 * Whether the service answers the request. False when it has been answered: 421 for a host that the connection's
 * certificate does not have (RFC 9110 section 15.5.20), 308 to https for a client without TLS, 400 for what a trusted
 * proxy has forwarded malformed.
 */
static inline bool secure_may_answer(http_exchange *x)
{
    bool is_plain_service = !x->connection->has_tls && !http_self.checks_plain;
    return __builtin_expect(is_plain_service, 1) || secure_check(x);
}

#endif

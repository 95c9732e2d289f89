/** Proving to the authority that this machine answers for a name (RFC 8555 section 7.5). */
#ifndef ACME_AUTHORIZATION_H
#define ACME_AUTHORIZATION_H

#include "acme/order.h"

/** Sees to it that the authorization at `url` becomes valid: answers a challenge and waits. False with
 * `o->ca->fault`. */
bool authorization_prove(order *o, const char *url);

/** Removes all answers to challenges. */
void authorization_clear(const store *s);

#endif

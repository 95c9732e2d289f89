/** The account at the authority, with its key in the state folder (RFC 8555 section 7.3). */
#ifndef ACME_ACCOUNT_H
#define ACME_ACCOUNT_H

#include "acme/acme.h"
#include "acme/ca.h"
#include "acme/store.h"

/**
 * Makes `c->key` and `c->account` those of the account at `directory`: the kept one, or a new one, whose
 * terms of service are thereby agreed to. A kept account that has another contact than `config->email` is
 * updated.
 *
 * The directory is open (ca_open). The caller frees `c->key`. False with `c->fault`.
 */
bool account_open(ca *c, const store *s, const acme_config *config, const char *directory);

/** After the fault accountDoesNotExist: forgets the account's URL, but not its key. */
void account_forget(ca *c, const store *s, const char *directory);

#endif

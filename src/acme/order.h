/** From an order to an installed certificate (RFC 8555 section 7.4), able to go on where a killed process
 * was. */
#ifndef ACME_ORDER_H
#define ACME_ORDER_H

#include "acme/acme.h"
#include "acme/ca.h"
#include "acme/certificate.h"
#include "acme/record.h"

/** One attempt to get one certificate. */
typedef struct order {
    ca *ca; /* with its account open */
    const store *store;
    const acme_config *config;
    const acme_names *names;
    record *record;       /* `order` and `challenge` are updated, and saved */
    const char *replaces; /* ARI identifier of the certificate that this one replaces; NULL: none */
    /* after order_obtain */
    certificate_facts facts; /* on success */
    bool is_over;            /* on failure: the order cannot be continued */
} order;

/**
 * Continues the order of the record, or makes one; proves the control of each name; has the certificate
 * issued, checks and installs it. Blocks, at most about a quarter of an hour.
 *
 * @return true once the new certificate is in certificates/<name>/; false with `ca->fault`: the one before is
 * unchanged.
 */
bool order_obtain(order *o);

/** Removes what only the order needs, once the record no longer names it. */
void order_close(order *o);

/** Saves the record; false with the fault of `ca`. */
bool order_save(order *o);

#endif

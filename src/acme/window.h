/** When the authority suggests to renew (ACME Renewal Information, RFC 9773). */
#ifndef ACME_WINDOW_H
#define ACME_WINDOW_H

#include "acme/acme.h"
#include "acme/certificate.h"
#include "acme/record.h"

typedef struct window {
    const acme_config *config;
    const char *directory;
    const store *store;
    const acme_names *names;
    record *record; /* renew_at and window_... are updated, and saved */
    const certificate_facts *facts;
    arena *arena;
} window;

/** Asks, when it is time to: afterwards `renew_at` is a moment of the suggested window, chosen once for each
 * window. An authority without such information, or one that does not answer, changes nothing. */
void window_ask(const window *w);

#endif

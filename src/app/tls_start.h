/** The settings of TLS, checked and made ready before the workers are forked. */
#ifndef APP_TLS_START_H
#define APP_TLS_START_H

#include "app/acme.h"
#include "tls/context.h"
#include "tls/dev.h"

/** Zeroed: without TLS. */
typedef struct tls_start {
    tls_context *context; /* NULL: no listener speaks TLS */
    tls_dev dev;          /* with --tls-dev */
    char *paths;          /* the texts of `sources`, each NUL-terminated */
    tls_source sources[PATHS_MAX + ACME_CERTIFICATES + 1];
    unsigned source_count;
} tls_start;

/** Reads certificates, keys and authorities, also those of `acme`, and makes those for development. Does nothing
 * without an https listener. False with one line or more in `problem`, each with a line end. */
bool tls_start_open(tls_start *t, const settings *s, const app_acme *acme, buf *problem);
void tls_start_close(tls_start *t);
/** Logs how to trust the certificate for development. */
void tls_start_tell(const tls_start *t, const settings *s);

/** The port of https addresses that plain requests are redirected to. */
uint16_t tls_start_port(const settings *s);
/** The value of Strict-Transport-Security; NULL: none. */
const char *tls_start_hsts(const settings *s);

#endif

/** Certificates by ACME, as a part of serving: the process that obtains them, and the answers to its
 * challenges. */
#ifndef APP_ACME_H
#define APP_ACME_H

#include "app/ctx.h"
#include "app/settings/settings.h"
#include "runtime/worker.h"

/** Zeroed: without --acme. It lives as long as the service. */
typedef struct app_acme {
    acme_config config;
    buf folder;                            /* the state folder */
    buf challenges;                        /* the folder of answers to tls-alpn-01 */
    char *certificates[ACME_CERTIFICATES]; /* the folder of each certificate */
    worker_companion companion;
} app_acme;

/** Before the routes are compiled: has challenges answered before any other middleware runs. Without --acme it
 * does nothing. False with one line in `problem`. */
bool app_acme_prepare(app_acme *a, tern_app *app, const settings *s, buf *problem);

/** Before certificates are read: makes the state folder, and temporary certificates where there are none.
 * False with one line in `problem`, with a line end. */
bool app_acme_open(app_acme *a, buf *problem);

/** The process for the master to run; NULL without --acme. */
const worker_companion *app_acme_companion(const app_acme *a);

void app_acme_free(app_acme *a);

#endif

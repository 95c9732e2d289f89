/**
 * Certificates from an ACME authority (RFC 8555), obtained and renewed by a process of its own.
 *
 * The master forks this process beside its workers; nothing of it is in their memory. It shares only files
 * with them, in the state folder:
 *
 *     acme/account-<hash>.key, .json     the account at the authority whose directory URL has that hash
 *     acme/http-01/<token>               what a plain listener answers to /.well-known/acme-challenge/<token>
 *     acme/alpn/<name>.pem               certificate and key for the ALPN protocol acme-tls/1 (RFC 8737)
 *     acme/orders/<name>.key             the key of the certificate that is on order
 *     acme/records/<name>.json           what is due when, and how often it has failed (record.h)
 *     acme/lock                          held by the one process that does the work
 *     certificates/<name>/               fullchain.pem and privkey.pem: what listeners serve
 *
 * `<name>` is the first name of a certificate. `certificates/<name>` is a symbolic link, so that both of its
 * files change at once: open the folder, then the files in it.
 */
#ifndef ACME_ACME_H
#define ACME_ACME_H

#include "acme/names.h"
#include "base/buf.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACME_LETS_ENCRYPT   "https://acme-v02.api.letsencrypt.org/directory"
#define ACME_CHALLENGE_PATH "/.well-known/acme-challenge/"

enum { ACME_CERTIFICATES = 64, ACME_TOKEN_BYTES = 128, ACME_ANSWER_BYTES = 256 };

typedef enum acme_challenge { ACME_AUTO, ACME_HTTP_01, ACME_TLS_ALPN_01 } acme_challenge;

/** What the operator wants. Texts are NULL when not given, and last as long as the process. */
typedef struct acme_config {
    const tern_str *certificates; /* "example.org,www.example.org" each */
    unsigned certificate_count;
    const char *state_folder;
    const char *directory; /* https URL; NULL: ACME_LETS_ENCRYPT */
    const char *email;
    const char *eab; /* external account binding, "KID:HMACKEY", the key in base64url */
    acme_challenge challenge;
    const char *ca_file; /* PEM of the authorities that the directory's own certificate may come from */
    /* Pause after the first failure; 0: 60. Each further one is four times longer, up to a day. */
    unsigned first_retry_s;
    /** For tests: called before each step ("account", "order", ...) of getting a certificate. */
    void (*on_step)(const char *step);
} acme_config;

/** Whether the settings make sense; otherwise one line in `problem` without a line end. Reads no file but the
 * names. */
bool acme_check(const acme_config *config, buf *problem);

/**
 * Before the first listener opens: makes the state folder and, for each certificate that does not exist or has
 * expired, a temporary one signed by its own key, so that listeners have something to serve.
 *
 * @return false with one line in `problem`: the folder cannot be used, or OpenSSL is missing.
 */
bool acme_prepare(const acme_config *config, buf *problem);

/** The life of the process: returns only when it cannot work at all, with its exit code. Blocks. SIGTERM may
 * end it at any moment. */
int acme_run(const acme_config *config);

/**
 * What to answer to GET /.well-known/acme-challenge/`token` (RFC 8555 section 8.3), as text/plain.
 *
 * @param out  receives at most ACME_ANSWER_BYTES bytes with a NUL.
 * @return false when the token is malformed or not expected (404). Nothing but a file of the challenges'
 * folder is ever read.
 */
bool acme_answer_http_01(const char *state_folder, tern_str token, char out[ACME_ANSWER_BYTES]);

/** The default of the state folder, into `out`: /var/lib/tern for root, else $XDG_STATE_HOME/tern or
 * $HOME/.local/state/tern. False when no home is known. */
bool acme_default_folder(buf *out);

#endif

/**
 * A certificate for development: for localhost, 127.0.0.1, ::1 and this machine's name, signed by an authority that
 * exists on this machine alone. Both are made once and kept.
 *
 * Files, in `tls-dev` of the state folder ($XDG_STATE_HOME/tern, or ~/.local/state/tern): authority.pem, which
 * clients are told to trust, and authority.key, localhost.crt, localhost.key. The folder has mode 0700, files 0600.
 */
#ifndef TLS_DEV_H
#define TLS_DEV_H

#include "base/buf.h"

#include <stdbool.h>

/** Paths, NUL-terminated; freed by tls_dev_free. */
typedef struct tls_dev {
    buf certificate, key, authority;
} tls_dev;

/**
 * Makes what is missing, wrong, of another machine's name, or about to expire (30 days for the certificate, a year for
 * the authority). Of several processes that start at once, one does it.
 * @return false with a line in `problem`, with a line end.
 */
bool tls_dev_prepare(tls_dev *out, buf *problem);
void tls_dev_free(tls_dev *dev);

/** Writes the path of the state folder to `out`, and makes the folder (mode 0700); false with a line in `problem`. */
bool tls_state_folder(buf *out, buf *problem);

#endif

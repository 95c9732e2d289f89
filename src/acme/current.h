/** The certificate that is served now. */
#ifndef ACME_CURRENT_H
#define ACME_CURRENT_H

#include "acme/certificate.h"
#include "acme/store.h"

/**
 * Reads and checks certificates/`names`[0]/.
 *
 * @return true with `facts` when it may be served, also as a temporary one; false with the reason in
 * `problem` when it does not exist ("it does not exist") or may not.
 */
bool current_read(const store *s, const acme_names *names, int64_t now_s, arena *a, certificate_facts *facts,
                  buf *problem);

/** Makes a temporary certificate, unless there is one that is not over. False with the reason in `problem`. */
bool current_make_temporary(const store *s, const acme_names *names, int64_t now_s, arena *a, buf *problem);

#endif

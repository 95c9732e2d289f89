/** The names of one certificate, as an operator gives them: "example.org,www.example.org". */
#ifndef ACME_NAMES_H
#define ACME_NAMES_H

#include "base/buf.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>

enum { ACME_NAMES = 100, ACME_NAME_BYTES = 253 }; /* RFC 1035 section 2.3.4; 100 is Let's Encrypt's limit */

typedef struct acme_names {
    char *list[ACME_NAMES]; /* lower case, each once, in the order given */
    unsigned count;
    char *text; /* their memory */
} acme_names;

/**
 * Reads `text`. Names are DNS names of at least two labels, in ASCII (internationalized ones as xn--...).
 *
 * @return false with the mistake and its fix in `problem`: a wild card, an address, localhost, a name that is
 * not a DNS name, too many names. The caller frees names by names_free after true.
 */
bool names_read(tern_str text, acme_names *names, buf *problem);
void names_free(acme_names *names);
/** Whether `name` is one of them; ASCII case does not matter. */
bool names_have(const acme_names *names, const char *name);

#endif

/** Lists of mail addresses (RFC 5322 section 3.4), strictly: names and plain addresses, no groups and no comments. */
#ifndef MAIL_ADDRESS_H
#define MAIL_ADDRESS_H

#include "base/arena.h"

#include <tern/str.h>

#include <stdbool.h>

enum { MAIL_ADDRESS_BYTES = 254, MAIL_LOCAL_BYTES = 64, MAIL_NAME_BYTES = 320 };

typedef struct mail_address {
    const char *name; /* UTF-8, without quotes and control characters; NULL: none */
    const char *
        email; /* ASCII: letters, digits and RFC 5322's atext, one '@'; nothing that a server could misread */
} mail_address;

typedef struct mail_addresses {
    const mail_address *items;
    unsigned count;
} mail_addresses;

/** Whether these bytes are an address that Tern sends to. */
bool mail_email_valid(const char *text, size_t len);

/** Reads "a@b.example, Name <c@d.example>" (NULL: an empty list) into `a`. False with `*problem`, in `a` or static, when
 * it is not such a list, or has more than `most` addresses. */
bool mail_addresses_read(const char *text, unsigned most, arena *a, mail_addresses *out,
                         const char **problem);

#endif

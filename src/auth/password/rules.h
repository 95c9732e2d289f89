/** What makes a password easy to guess. */
#ifndef AUTH_PASSWORD_RULES_H
#define AUTH_PASSWORD_RULES_H

#include <stdbool.h>
#include <stddef.h>

/** Whether guessers would try it first. */
bool rules_is_common(const char *password);
/** Whether it is little more than `text`, or a part of it: a name, an address. */
bool rules_is_similar(const char *password, const char *text);
/** `len` characters in lowercase, with letters for the digits and signs that people write for them; and a NUL. Returns
 * `len`. */
size_t rules_fold(const char *text, size_t len, char *out);

#endif

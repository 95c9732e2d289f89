/** Lists of stolen passwords. */
#ifndef AUTH_PASSWORD_STOLEN_H
#define AUTH_PASSWORD_STOLEN_H

#include <stdbool.h>

typedef struct tern_ctx tern_ctx;

/** Asks the service of .stolen_url; false, with a line in the log, when it does not reply. */
bool stolen_is_known(tern_ctx *c, const char *password);

#endif

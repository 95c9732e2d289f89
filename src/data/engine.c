#include "data/engine.h"

#include <string.h>

/* By the scheme of the URL. */
static const struct {
    const char *scheme;
    const data_engine *engine;
} engines[] = {
#if defined(TERN_WITH_SQLITE)
    {"sqlite:", &data_sqlite},
#endif
#if defined(TERN_WITH_POSTGRES)
    {"postgres:", &data_postgres},
    {"postgresql:", &data_postgres},
#endif
    {NULL, NULL},
};

const data_engine *data_engine_of(const char *url)
{
    for (size_t i = 0; engines[i].scheme != NULL; i++)
        if (strncmp(url, engines[i].scheme, strlen(engines[i].scheme)) == 0)
            return engines[i].engine;
    return NULL;
}

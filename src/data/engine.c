#include "data/engine.h"

#include <string.h>

const data_dialect data_dialects[DATA_DIALECTS] = {DATA_SQLITE, DATA_POSTGRES};

/* The engine for the URL's scheme. */
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

void data_engine_unknown(const char *url, buf *problem)
{
    if (engines[0].scheme == NULL) {
        buf_add_text(problem,
                     "this build has no database engine: build Tern where libsqlite3-dev (3.40 or newer) "
                     "or libpq-dev (14 or newer) and pkg-config are installed");
        return;
    }
    size_t scheme = strcspn(url, ":"); /* the rest may contain a password */
    if (url[scheme] == ':')
        buf_add_printf(problem, "\"%.*s:\" is not a database that this build knows; write ", (int)scheme,
                       url);
    else
        buf_add_text(problem, "the URL does not begin with a kind of database; write ");
#if defined(TERN_WITH_SQLITE)
    buf_add_text(problem, "sqlite:FILE");
#endif
#if defined(TERN_WITH_SQLITE) && defined(TERN_WITH_POSTGRES)
    buf_add_text(problem, " or ");
#endif
#if defined(TERN_WITH_POSTGRES)
    buf_add_text(problem, "postgres://USER:PASSWORD@HOST/NAME");
#endif
}

/* Lists of files: --tls-cert and --tls-key. */
#include "app/settings/settings.h"

static bool add(path_list *list, const char *text, size_t len, buf *problem)
{
    if (list->list.count == PATHS_MAX) {
        buf_add_printf(problem, "there are more than %d files; name a folder of them", PATHS_MAX);
        return false;
    }
    list->items[list->list.count++] = (tern_str){text, len};
    return true;
}

bool settings_add_certificate(settings *out, const char *text, size_t len, buf *problem)
{
    return add(&out->tls_certificates, text, len, problem);
}

bool settings_add_key(settings *out, const char *text, size_t len, buf *problem)
{
    return add(&out->tls_keys, text, len, problem);
}

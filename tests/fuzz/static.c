/*
 * Served folders: any Accept-Encoding chooses a form that exists, and no path that is served can climb.
 */
#include "app/static/encoding.h"
#include "app/static/names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size != 0)
        memcpy(text, input, size);
    text[size] = '\0';
    for (unsigned forms = 1; forms < 1u << TERN_STATIC_FORMS; forms += 2) {
        const tern_static_form form = static_form_choose((tern_str){text, size}, forms);
        require((forms >> form & 1) != 0);
    }
    if (static_name_is_served(text, true)) {
        require(text[0] != '/' && strstr(text, "//") == NULL && strstr(text, "/../") == NULL);
        require(strncmp(text, "../", 3) != 0 && strcmp(text, "..") != 0);
    }
    require(!static_name_is_served(text, false) || static_name_is_served(text, true));
    require(!static_name_is_hashed(text, false) || static_name_is_hashed(text, true));
    free(text);
    return 0;
}

/* URLs: what is accepted is http or https with a host, and has no byte that could end a line of a request. */
#include "base/arena.h"
#include "fetch/address.h"
#include "fetch/target.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            abort();
}

static void check_target(const fetch_target *t)
{
    check_text(t->url);
    check_text(t->origin);
    check_text(t->path);
    check_text(t->shown);
    if (*t->host == '\0' || t->path[0] != '/' || t->port == 0 || strlen(t->origin) != t->origin_len ||
        strchr(t->shown, '?') != NULL || strchr(t->url, '#') != NULL)
        abort();
    if (t->is_usual && strncmp(t->url, t->is_tls ? "https://" : "http://", t->is_tls ? 8 : 7) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char lent[65536];
    char text[2049];
    arena a;
    fetch_target from, to;
    if (size > sizeof text - 1)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    address_text_is_public(text);
    arena_init(&a, lent, sizeof lent, 1 << 20);
    static const char *const pairs[] = {"a", "b c", NULL, NULL};
    if (target_read(&to, &a, text, size % 2 != 0 ? pairs : NULL) == NULL)
        check_target(&to);
    if (target_read(&from, &a, "https://a.example/b/c?d", NULL) != NULL)
        abort();
    if (target_follow(&to, &a, &from, text) == NULL)
        check_target(&to);
    arena_free(&a);
    return 0;
}

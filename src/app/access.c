/** Networks and secrets, for middleware. */
#include "app/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/text.h"
#include "http/network.h"

#include <tern/access.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct tern_networks {
    unsigned count;
    http_network list[];
};

static const char dividers[] = ", \t\r\n";

static bool read_items(tern_app *app, const char *who, const char *list, http_network *out)
{
    bool is_right = true;
    for (list += strspn(list, dividers); *list != '\0'; list += strspn(list, dividers)) {
        char reason[160];
        size_t len = strcspn(list, dividers);
        if (!http_network_read(list, len, out++, reason, sizeof reason)) {
            tern_mistake(app, "%s: \"%.*s\" is not a network: %s", who, (int)len, list, reason);
            is_right = false;
        }
        list += len;
    }
    return is_right;
}

const tern_networks *tern_networks_new(tern_app *app, const char *who, const char *list)
{
    const tern_networks *kept = NULL;
    const unsigned count = (unsigned)text_count_words(list, dividers);
    size_t size = sizeof *kept + count * sizeof *kept->list;
    tern_networks *networks = count != 0 ? mem_zero(1, size) : NULL;
    if (count == 0) {
        tern_mistake(app, "%s is empty: name networks like \"10.0.0.0/8, 2001:db8::/32\"", who);
        return NULL;
    }
    if (networks != NULL) {
        networks->count = count;
        if (!read_items(app, who, list, networks->list)) {
            mem_free(networks);
            return NULL;
        }
        kept = tern_keep(networks, size);
        mem_free(networks);
    }
    if (kept == NULL)
        tern_mistake(app, "%s: out of memory", who);
    return kept;
}

bool tern_networks_have(const tern_networks *networks, const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr local = {.sa_family = AF_UNIX};
    const void *read = NULL;
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        read = &v4;
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        read = &v6;
    else if (strncmp(address, "unix:", 5) == 0)
        read = &local;
    return read != NULL && http_network_has(networks->list, networks->count, read);
}

bool tern_secrets_are_equal(const char *given, const char *secret)
{
    if (given == NULL || secret == NULL)
        return false;
    size_t len = strlen(given), secret_len = strlen(secret);
    volatile unsigned char differs = len != secret_len;
    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)(given[i] ^ secret[secret_len != 0 ? i % secret_len : 0]);
    return differs == 0;
}

uint64_t tern_fingerprint(const void *data, size_t size)
{
    static siphash_key key;
    static bool is_drawn;
    if (!is_drawn)
        is_drawn = random_bytes(&key, sizeof key);
    return is_drawn ? siphash_2_4(&key, data, size) : 0;
}

TERN_LOCAL(const char, app_user)

const char *tern_user(tern_ctx *c)
{
    return tern_local(c, app_user);
}

void tern_set_user(tern_ctx *c, const char *user)
{
    tern_set_local(c, app_user, user);
}

#include "redis/cluster.h"

#include "base/text.h"

#include <string.h>

/** CRC-16/XMODEM: polynomial 0x1021, from 0, four bits at a time. */
static unsigned crc16(const char *data, size_t len)
{
    static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
                                       0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    unsigned crc = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned byte = (unsigned char)data[i];
        crc = ((crc << 4) & 0xffff) ^ table[(crc >> 12) ^ (byte >> 4)];
        crc = ((crc << 4) & 0xffff) ^ table[(crc >> 12) ^ (byte & 15)];
    }
    return crc;
}

unsigned redis_cluster_slot(tern_str key)
{
    const char *open = key.len != 0 ? memchr(key.data, '{', key.len) : NULL;
    if (open != NULL) {
        const char *tag = open + 1, *close = memchr(tag, '}', (size_t)(key.data + key.len - tag));
        if (close != NULL && close != tag)
            key = (tern_str){tag, (size_t)(close - tag)};
    }
    return crc16(key.data, key.len) % CLUSTER_SLOTS;
}

static bool read_number(const char *text, size_t len, uint64_t most, uint64_t *out)
{
    return len != 0 && len <= 20 && text_get_u64(text, len, out) && *out <= most;
}

static bool is_host(const char *text, size_t len)
{
    if (len >= REDIS_HOST_BYTES)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] == 127)
            return false;
    return true;
}

bool redis_cluster_redirect_read(tern_str text, cluster_redirect *out)
{
    const char *at = text.data, *end = text.data + text.len;
    uint64_t slot, port;
    if (text.len > 6 && memcmp(at, "MOVED ", 6) == 0)
        at += 6;
    else if (text.len > 4 && memcmp(at, "ASK ", 4) == 0)
        at += 4;
    else
        return false;
    const char *space = memchr(at, ' ', (size_t)(end - at));
    if (space == NULL || !read_number(at, (size_t)(space - at), CLUSTER_SLOTS - 1, &slot))
        return false;
    const char *host = space + 1, *colon = memrchr(host, ':', (size_t)(end - host));
    if (colon == NULL || !read_number(colon + 1, (size_t)(end - colon - 1), 65535, &port) || port == 0)
        return false;
    size_t len = (size_t)(colon - host);
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (!is_host(host, len))
        return false;
    *out = (cluster_redirect){.is_ask = text.data[0] == 'A', .slot = (unsigned)slot, .port = (uint16_t)port};
    if (len != 1 || host[0] != '?') /* which stands for a node without a name */
        memcpy(out->host, host, len);
    return true;
}

bool redis_cluster_range_read(const tern_redis_reply *item, cluster_range *out)
{
    if (item->kind != TERN_REDIS_ARRAY || item->count < 3)
        return false;
    const tern_redis_reply *first = &item->items[0], *last = &item->items[1], *node = &item->items[2];
    if (first->kind != TERN_REDIS_INTEGER || last->kind != TERN_REDIS_INTEGER || first->integer < 0 ||
        last->integer < first->integer || last->integer >= CLUSTER_SLOTS)
        return false;
    if (node->kind != TERN_REDIS_ARRAY || node->count < 2)
        return false;
    const tern_redis_reply *host = &node->items[0], *port = &node->items[1];
    bool has_host = host->kind == TERN_REDIS_STRING;
    if ((!has_host && host->kind != TERN_REDIS_NIL) ||
        (has_host && !is_host(host->text.data, host->text.len)) || port->kind != TERN_REDIS_INTEGER ||
        port->integer <= 0 || port->integer > 65535)
        return false;
    *out = (cluster_range){.first = (unsigned)first->integer,
                           .last = (unsigned)last->integer,
                           .host = has_host && strcmp(host->text.data, "?") != 0 ? host->text.data : "",
                           .port = (uint16_t)port->integer};
    return true;
}

/**
 * Where Redis is: the text of TERN_REDIS_URL.
 *
 *     redis://user:password@host:6379/0            rediss:// with TLS
 *     unix:/run/redis.sock?db=0                    unix://user:password@/run/redis.sock
 *     redis+sentinel://host:26379,host:26379/name  rediss+sentinel://
 *     redis+cluster://host:6379,host:6379          rediss+cluster://
 *
 * User, password and names may be percent-encoded. Messages never quote a part of the text that may have the password.
 */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { REDIS_HOSTS_MOST = 16, REDIS_HOST_BYTES = 256, REDIS_PORT = 6379, REDIS_SENTINEL_PORT = 26379 };

typedef enum redis_mode { REDIS_SINGLE, REDIS_SENTINEL, REDIS_CLUSTER } redis_mode;

/** A server: a name, an address, or the path of a socket (port 0). */
typedef struct redis_host {
    const char *name; /* without the brackets of IPv6 */
    uint16_t port;
} redis_host;

typedef struct redis_url {
    redis_mode mode;
    bool is_tls, is_unix;
    const char *user, *password;                   /* NULL: none */
    const char *sentinel_user, *sentinel_password; /* ?sentinel_user=&sentinel_password= */
    const char *service;                           /* of sentinels: the name of the master */
    unsigned database;
    redis_host hosts[REDIS_HOSTS_MOST];
    unsigned host_count; /* at least 1 */
    char *memory;        /* what the texts are in */
} redis_url;

/** Reads a URL; false with one line in `problem`, without a line end. Release with redis_url_free. */
bool redis_url_read(const char *text, redis_url *out, buf *problem);
void redis_url_free(redis_url *url);

#endif

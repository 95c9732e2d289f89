/** Targets of a service from the DNS: SRV records (RFC 2782). */
#ifndef FETCH_SRV_H
#define FETCH_SRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SRV_RECORDS_MOST = 64, /* further ones are left out */
    SRV_TTL_LEAST_S = 1,   /* what an answer says is moved into these bounds */
    SRV_TTL_MOST_S = 300
};

typedef struct srv_record {
    uint16_t priority, weight, port;
    char host[254]; /* a name of letters, digits, '-' and '_', without a dot at its end */
} srv_record;

typedef struct srv_answer {
    const char *problem; /* static; NULL: there are records */
    unsigned ttl_s;
    size_t count;
    srv_record records[SRV_RECORDS_MOST];
} srv_answer;

/** Reads a DNS message, whatever its bytes. Records whose host is not a name, or whose port is 0, are left out. */
void srv_read(srv_answer *out, const unsigned char *message, size_t len);

typedef struct srv_lookup srv_lookup;
/** Called once on the loop's stack, unless srv_forget was called before. */
typedef void srv_on_done(void *arg, const srv_answer *answer);

/**
 * Looks up the records of a name in a thread of its own; NULL when none can be started.
 *
 * The name servers are those of /etc/resolv.conf. For tests, the environment's TERN_FETCH_RESOLVER, "127.0.0.1:5353",
 * names another one.
 */
srv_lookup *srv_start(const char *name, srv_on_done *on_done, void *arg);
/** `on_done` will not be called. */
void srv_forget(srv_lookup *l);

#endif

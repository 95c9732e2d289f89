#include "fetch/srv.h"

#include "base/mem.h"
#include "base/text.h"
#include "runtime/side_thread.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 64 * 1024 };

struct srv_lookup {
    side_thread thread;
    srv_on_done *on_done;
    void *arg;
    srv_answer answer;
    unsigned char message[MESSAGE_BYTES];
    char name[];
};

/* -- reading -- */

/* Lowers it; false for what is not a name: the root, "." (there is no such service), an address, other bytes. */
static bool take_name(char *out, const char *name)
{
    size_t len = strlen(name);
    const char *label = out;
    if (len > 0 && name[len - 1] == '.')
        len--;
    if (len == 0 || len > 253)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = text_lower((unsigned char)name[i]);
        bool is_letter = byte >= 'a' && byte <= 'z', is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && byte != '-' && byte != '_' && (byte != '.' || out + i == label))
            return false;
        out[i] = (char)byte;
        if (byte == '.')
            label = out + i + 1;
    }
    out[len] = '\0';
    return *label < '0' || *label > '9';
}

static bool is_known(const srv_answer *out, const srv_record *r)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->records[i].port == r->port && strcmp(out->records[i].host, r->host) == 0)
            return true;
    return false;
}

/* A part of a message that is read from its beginning; RFC 1035 section 4.1. */
typedef struct reader {
    const unsigned char *message, *at, *end;
} reader;

static unsigned get16(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Skips a name and `more` bytes after it, which `*fixed` points to; false past the end. */
static bool skip_name(reader *r, size_t more, const unsigned char **fixed)
{
    int used = r->at < r->end ? dn_skipname(r->at, r->end) : -1;
    if (used < 0 || (size_t)(r->end - r->at) < (size_t)used + more)
        return false;
    *fixed = r->at + used;
    r->at = *fixed + more;
    return true;
}

/* `data`: the record's, of `len` bytes. */
static void take_record(srv_answer *out, const reader *message, const unsigned char *data, size_t len,
                        uint32_t ttl_s)
{
    enum { FIXED = 6 };
    char name[NS_MAXDNAME];
    srv_record r;
    if (len <= FIXED || out->count == SRV_RECORDS_MOST)
        return;
    int used = dn_expand(message->message, data + len, data + FIXED, name, sizeof name);
    if (used < 0 || !take_name(r.host, name))
        return;
    r.priority = (uint16_t)get16(data);
    r.weight = (uint16_t)get16(data + 2);
    r.port = (uint16_t)get16(data + 4);
    if (r.port == 0 || is_known(out, &r))
        return;
    if (ttl_s < out->ttl_s)
        out->ttl_s = ttl_s;
    out->records[out->count++] = r;
}

static bool take_answers(srv_answer *out, reader *r, unsigned questions, unsigned answers)
{
    enum { QUESTION_BYTES = 4, RECORD_BYTES = 10 };
    const unsigned char *fixed;
    while (questions-- > 0)
        if (!skip_name(r, QUESTION_BYTES, &fixed))
            return false;
    while (answers-- > 0) {
        if (!skip_name(r, RECORD_BYTES, &fixed))
            return false;
        size_t len = get16(fixed + 8);
        if ((size_t)(r->end - r->at) < len)
            return false;
        if (get16(fixed) == ns_t_srv && get16(fixed + 2) == ns_c_in)
            take_record(out, r, r->at, len, (uint32_t)get16(fixed + 4) << 16 | get16(fixed + 6));
        r->at += len;
    }
    return true;
}

void srv_read(srv_answer *out, const unsigned char *message, size_t len)
{
    enum { HEADER_BYTES = 12 };
    reader r = {message, message + HEADER_BYTES, message + len};
    out->count = 0;
    out->ttl_s = SRV_TTL_MOST_S;
    out->problem = NULL;
    if (len < HEADER_BYTES || !take_answers(out, &r, get16(message + 4), get16(message + 6))) {
        out->count = 0;
        out->problem = "the name server's answer is malformed";
    } else if (out->count == 0) {
        out->problem = "no record names a host and a port";
    }
    if (out->ttl_s < SRV_TTL_LEAST_S)
        out->ttl_s = SRV_TTL_LEAST_S;
}

/* -- asking -- */

static bool set_server(struct __res_state *state, const char *text)
{
    char address[INET_ADDRSTRLEN];
    uint64_t port;
    const char *colon = strchr(text, ':');
    struct sockaddr_in *server = &state->nsaddr_list[0];
    if (colon == NULL || (size_t)(colon - text) >= sizeof address ||
        !text_get_u64(colon + 1, strlen(colon + 1), &port) || port > 65535)
        return false;
    memcpy(address, text, (size_t)(colon - text));
    address[colon - text] = '\0';
    *server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    state->nscount = 1;
    return inet_pton(AF_INET, address, &server->sin_addr) == 1;
}

static const char *reason(int error)
{
    switch (error) {
    case HOST_NOT_FOUND:
        return "there is no such name";
    case NO_DATA:
        return "the name has no SRV record";
    default:
        return "no name server has answered";
    }
}

static void work(side_thread *job)
{
    enum { ANSWER_S = 2, TIMES = 2 };
    srv_lookup *l = list_owner(job, srv_lookup, thread);
    struct __res_state state = {0};
    const char *other = getenv("TERN_FETCH_RESOLVER");
    if (res_ninit(&state) != 0) {
        l->answer.problem = "the configuration of name servers cannot be read";
        return;
    }
    state.retrans = ANSWER_S;
    state.retry = TIMES;
    if (other != NULL && !set_server(&state, other)) {
        l->answer.problem = "TERN_FETCH_RESOLVER is not \"IPv4 address:port\"";
    } else {
        int len = res_nquery(&state, l->name, ns_c_in, ns_t_srv, l->message, sizeof l->message);
        if (len < 0)
            l->answer.problem = reason(state.res_h_errno);
        else
            srv_read(&l->answer, l->message,
                     (size_t)len < sizeof l->message ? (size_t)len : sizeof l->message);
    }
    res_nclose(&state);
}

static void free_lookup(side_thread *job)
{
    mem_free(list_owner(job, srv_lookup, thread));
}

static void finish(side_thread *job)
{
    srv_lookup *l = list_owner(job, srv_lookup, thread);
    l->on_done(l->arg, &l->answer);
}

srv_lookup *srv_start(const char *name, srv_on_done *on_done, void *arg)
{
    size_t len = strlen(name);
    srv_lookup *l = mem_zero(1, sizeof *l + len + 1);
    if (l == NULL)
        return NULL;
    memcpy(l->name, name, len + 1);
    l->on_done = on_done;
    l->arg = arg;
    l->thread.work = work;
    l->thread.on_done = finish;
    l->thread.free = free_lookup;
    if (side_thread_start(&l->thread))
        return l;
    mem_free(l);
    return NULL;
}

void srv_forget(srv_lookup *l)
{
    side_thread_abandon(&l->thread);
}

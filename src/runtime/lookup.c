#include "runtime/lookup.h"

#include "base/mem.h"
#include "runtime/side_thread.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

struct lookup {
    side_thread thread;
    lookup_on_done *on_done;
    void *arg;
    int result; /* of getaddrinfo */
    size_t count;
    lookup_address addresses[LOOKUP_ADDRESSES_MOST];
    char port[8];
    char name[];
};

bool lookup_literal(const char *name, uint16_t port, lookup_address *address)
{
    address->four = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    address->len = sizeof address->four;
    return inet_pton(AF_INET, name, &address->four.sin_addr) == 1;
}

static void take(lookup *l, const struct addrinfo *found)
{
    for (; found != NULL && l->count < LOOKUP_ADDRESSES_MOST; found = found->ai_next) {
        if (found->ai_addrlen > sizeof(struct sockaddr_in6))
            continue;
        lookup_address *address = &l->addresses[l->count++];
        memcpy(address, found->ai_addr, found->ai_addrlen);
        address->len = found->ai_addrlen;
    }
}

static void work(side_thread *job)
{
    lookup *l = list_owner(job, lookup, thread);
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    l->result = getaddrinfo(l->name, l->port, &hints, &found);
    if (l->result == 0) {
        take(l, found);
        freeaddrinfo(found);
    }
}

static void free_lookup(side_thread *job)
{
    mem_free(list_owner(job, lookup, thread));
}

static void finish(side_thread *job)
{
    lookup *l = list_owner(job, lookup, thread);
    l->on_done(l->arg, l->addresses, l->count,
               l->count != 0    ? NULL
               : l->result != 0 ? gai_strerror(l->result)
                                : "the name has no address");
}

lookup *lookup_start(const char *name, uint16_t port, lookup_on_done *on_done, void *arg)
{
    size_t len = strlen(name);
    lookup *l = mem_zero(1, sizeof *l + len + 1);
    if (l == NULL)
        return NULL;
    memcpy(l->name, name, len + 1);
    snprintf(l->port, sizeof l->port, "%u", (unsigned)port);
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

void lookup_forget(lookup *l)
{
    side_thread_abandon(&l->thread);
}

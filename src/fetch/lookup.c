#include "fetch/lookup.h"

#include "base/list.h"
#include "base/mem.h"
#include "runtime/loop.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
    loop_source source;      /* an eventfd, which the thread writes to */
    atomic_int users;        /* the thread and the loop: the last one frees */
    lookup_on_done *on_done; /* NULL: forgotten */
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

static void leave(lookup *l)
{
    if (atomic_fetch_sub(&l->users, 1) != 1)
        return;
    close(l->source.fd);
    mem_free(l);
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

static void *run(void *arg)
{
    lookup *l = arg;
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    uint64_t one = 1;
    l->result = getaddrinfo(l->name, l->port, &hints, &found);
    if (l->result == 0) {
        take(l, found);
        freeaddrinfo(found);
    }
    ssize_t written = write(l->source.fd, &one, sizeof one);
    (void)written; /* the counter is 0: it cannot fail */
    leave(l);
    return NULL;
}

static void on_event(loop_source *source, uint32_t events)
{
    lookup *l = list_owner(source, lookup, source);
    (void)events;
    loop_remove(source);
    if (l->on_done != NULL)
        l->on_done(l->arg, l->addresses, l->count,
                   l->count != 0    ? NULL
                   : l->result != 0 ? gai_strerror(l->result)
                                    : "the name has no address");
    leave(l);
}

static bool start_thread(lookup *l)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, (size_t)256 * 1024);
    sigfillset(&all); /* signals belong to the worker's own thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(&thread, &attributes, run, l) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_started;
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
    l->source = (loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_event = on_event};
    if (l->source.fd < 0) {
        mem_free(l);
        return NULL;
    }
    atomic_init(&l->users, 2);
    if (loop_add(&l->source, EPOLLIN)) {
        if (start_thread(l))
            return l;
        loop_remove(&l->source);
    }
    close(l->source.fd);
    mem_free(l);
    return NULL;
}

void lookup_forget(lookup *l)
{
    l->on_done = NULL;
}

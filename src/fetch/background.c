#include "fetch/background.h"

#include "base/list.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void leave(background *b)
{
    if (atomic_fetch_sub(&b->users, 1) != 1)
        return;
    close(b->source.fd);
    mem_free(b);
}

static void *run(void *arg)
{
    background *b = arg;
    uint64_t one = 1;
    b->work(b);
    ssize_t written = write(b->source.fd, &one, sizeof one);
    (void)written; /* the counter is 0: it cannot fail */
    leave(b);
    return NULL;
}

static void on_event(loop_source *source, uint32_t events)
{
    background *b = list_owner(source, background, source);
    (void)events;
    loop_remove(source);
    if (b->on_done != NULL)
        b->on_done(b);
    leave(b);
}

static bool start_thread(background *b)
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
    bool is_started = pthread_create(&thread, &attributes, run, b) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_started;
}

bool background_start(background *b)
{
    b->source = (loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_event = on_event};
    if (b->source.fd < 0)
        return false;
    atomic_init(&b->users, 2);
    if (loop_add(&b->source, EPOLLIN)) {
        if (start_thread(b))
            return true;
        loop_remove(&b->source);
    }
    close(b->source.fd);
    return false;
}

void background_forget(background *b)
{
    b->on_done = NULL;
}

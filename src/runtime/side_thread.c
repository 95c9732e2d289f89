#include "runtime/side_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The last of the two closes the descriptor and frees the job. */
static void leave(side_thread *job)
{
    if (atomic_fetch_sub(&job->users, 1) != 1)
        return;
    close(job->source.fd);
    job->free(job);
}

static void *run(void *arg)
{
    side_thread *job = arg;
    uint64_t one = 1;
    job->work(job);
    ssize_t written = write(job->source.fd, &one, sizeof one);
    (void)written; /* the counter is 0: it cannot fail */
    leave(job);
    return NULL;
}

static void on_event(loop_source *source, uint32_t events)
{
    side_thread *job = list_owner(source, side_thread, source);
    (void)events;
    loop_remove(source);
    job->on_done(job);
    leave(job);
}

static bool start_thread(side_thread *job)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all); /* signals belong to the worker's own thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(&thread, &attributes, run, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_started;
}

bool side_thread_start(side_thread *job)
{
    job->source = (loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_event = on_event};
    if (job->source.fd < 0)
        return false;
    atomic_init(&job->users, 2);
    if (loop_add(&job->source, EPOLLIN)) {
        if (start_thread(job))
            return true;
        loop_remove(&job->source);
    }
    close(job->source.fd);
    return false;
}

void side_thread_abandon(side_thread *job)
{
    loop_remove(&job->source);
    leave(job);
}

#include "runtime/fallback.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 256, CLIENT_MS = 1000, RETRY_AFTER_S = 2 };

/** A client whose request is awaited, so that the answer is not lost to a reset. */
typedef struct fallback_client {
    int fd;
    listener_kind kind;
    uint64_t answer_at_ms;
} fallback_client;

typedef struct fallback {
    const listener_set *listeners;
    const handover_set *channels;
    const worker_service *service;
    struct pollfd *polled; /* signals, listeners, channels, clients */
    unsigned client_count;
    bool is_stopping;
    fallback_client clients[CLIENTS];
} fallback;

/** Answers a client, and puts the last one in its place. */
static void answer(fallback *f, unsigned index)
{
    fallback_client *client = &f->clients[index];
    f->service->refuse(f->service->self, client->fd, client->kind, "the service does not start; see its log",
                       RETRY_AFTER_S);
    *client = f->clients[--f->client_count];
}

static void add_client(fallback *f, int fd, listener_kind kind)
{
    if (f->client_count == CLIENTS)
        answer(f, 0); /* the oldest has waited longest */
    f->clients[f->client_count++] =
        (fallback_client){.fd = fd, .kind = kind, .answer_at_ms = clock_ms() + CLIENT_MS};
}

/** Accepts what waits in one socket; with no descriptor left it answers the clients it has. */
static void accept_all(fallback *f, int listen_fd, listener_kind kind)
{
    int fd;
    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        add_client(f, fd, kind);
    if (errno == EMFILE || errno == ENFILE)
        while (f->client_count > 0)
            answer(f, f->client_count - 1);
}

static void take_clients(fallback *f)
{
    for (unsigned i = 0; i < f->listeners->count; i++)
        for (unsigned k = 0; k < f->listeners->list[i].count; k++)
            accept_all(f, f->listeners->list[i].fds[k], f->listeners->list[i].kind);
    for (unsigned i = 0; i < f->channels->count; i++) {
        handover_note note;
        int fd;
        while ((fd = handover_take(&f->channels->channels[i], &note)) >= 0)
            add_client(f, fd, (listener_kind)note.kind);
    }
}

/** Answers every client that has sent something or whose time is over. */
static void answer_clients(fallback *f, const struct pollfd *polled, unsigned polled_count)
{
    uint64_t now = clock_ms();
    for (unsigned i = polled_count; i-- > 0;) {
        if (polled[i].revents == 0 && now < f->clients[i].answer_at_ms)
            continue;
        answer(f, i);
    }
}

static unsigned fill_polled(fallback *f, int signal_fd)
{
    unsigned count = 0;
    f->polled[count++] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
    for (unsigned i = 0; i < f->listeners->count; i++)
        for (unsigned k = 0; k < f->listeners->list[i].count; k++)
            f->polled[count++] = (struct pollfd){.fd = f->listeners->list[i].fds[k], .events = POLLIN};
    for (unsigned i = 0; i < f->channels->count; i++)
        f->polled[count++] =
            (struct pollfd){.fd = f->channels->channels[i].end[HANDOVER_TAKE], .events = POLLIN};
    if (f->is_stopping) /* the sockets are the workers' again */
        count = 0;
    for (unsigned i = 0; i < f->client_count; i++)
        f->polled[count++] = (struct pollfd){.fd = f->clients[i].fd, .events = POLLIN};
    return count;
}

int fallback_run(const listener_set *listeners, const handover_set *channels, const worker_service *service,
                 pid_t master)
{
    static fallback f;
    f = (fallback){.listeners = listeners, .channels = channels, .service = service};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    int signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    f.polled = mem_zero(1 + listener_set_sockets(listeners) + channels->count + CLIENTS, sizeof *f.polled);
    if (signal_fd < 0 || !f.polled || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != master)
        return 1;
    prctl(PR_SET_NAME, "tern: fallback");
    while (!f.is_stopping || f.client_count > 0) {
        unsigned count = fill_polled(&f, signal_fd), clients = f.client_count;
        if (poll(f.polled, count, clients > 0 ? 100 : -1) < 0 && errno != EINTR)
            return 1;
        answer_clients(&f, f.polled + count - clients, clients);
        if (!f.is_stopping) {
            take_clients(&f);
            f.is_stopping = f.polled[0].revents != 0;
        }
    }
    return 0;
}

/**
 * handshakes: how many TLS 1.3 handshakes a server on this machine completes.
 *
 *     handshakes --port P [--connections N] [--duration S] [--threads N] [--resumed yes|no]
 *
 * Each of N connections connects, shakes hands, sends close_notify, waits until the server ends the connection too, and
 * begins again. A handshake counts when that end came without an alert: the server has then read what the client sent
 * last. With `--resumed yes` each handshake offers the latest ticket, and one that the server did not resume counts as
 * `status_errors`; each connection's first handshake is full, and not counted.
 *
 * Prints one line of JSON, with times from connect to the end of the client's side of the handshake. The scripts in
 * bench/ start it.
 */
#include "../rate/histogram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    THREADS_MAX = 256,
    ADDRESSES = 64, /* 127.0.1.1 and on, in turns: closed connections keep their port for a minute */
    TIMEOUT_MS = 10000,
    TICK_MS = 100
};

#define CIPHER_SUITE "TLS_AES_128_GCM_SHA256" /* the same for every server; it alone is offered */
#define GROUP        "X25519"

typedef struct options {
    long port, connections, duration, threads;
    bool resumes;
} options;

typedef struct client {
    SSL *ssl;             /* NULL: not connected */
    SSL_SESSION *session; /* the latest ticket */
    int fd;
    bool is_done; /* with the handshake */
    bool offered; /* a ticket */
    uint64_t began_us, took_us;
} client;

/** One thread, with connections of its own. */
typedef struct crowd {
    pthread_t thread;
    const options *options;
    SSL_CTX *context;
    client *clients;
    size_t count;
    int epoll_fd;
    unsigned turn; /* of the source address */
    uint64_t until_us;
    uint64_t completed, full, socket_errors, alerts, not_resumed, timeouts;
    histogram times;
} crowd;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "handshakes: %s: %s\n", what, errno != 0 ? strerror(errno) : "failed");
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/** Offers a copy of the latest ticket. OpenSSL marks sessions that were used, or whose connection ended without
 * close_notify, as not to be used again; but not every server sends close_notify, or a new ticket after it resumed. */
static void offer_ticket(client *c)
{
    SSL_SESSION *copy = SSL_SESSION_dup(c->session);
    if (copy == NULL || SSL_set_session(c->ssl, copy) != 1)
        die("SSL_set_session");
    SSL_SESSION_free(copy);
}

/** Keeps the ticket that a server sent. */
static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
    client *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->session);
    c->session = SSL_SESSION_dup(session);
    return 0; /* the session itself is not kept */
}

static SSL_CTX *context_new(bool resumes)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, CIPHER_SUITE) != 1 || SSL_CTX_set1_groups_list(context, GROUP) != 1)
        die("OpenSSL");
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE,
                       NULL); /* of the chain; the signature of the handshake is checked */
    if (resumes) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, on_ticket);
    }
    return context;
}

static int connect_to(crowd *all)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    from.sin_addr.s_addr = htonl(0x7f000101 + all->turn++ % ADDRESSES);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)all->options->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0)
        die("socket");
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&from, sizeof from) != 0 ||
        (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void begin(crowd *all, client *c)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    c->began_us = now_us();
    c->is_done = false;
    c->fd = connect_to(all);
    if (c->fd < 0) { /* tried again by the next tick */
        all->socket_errors++;
        return;
    }
    c->ssl = SSL_new(all->context);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
        epoll_ctl(all->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("a connection cannot begin");
    SSL_set_app_data(c->ssl, c);
    SSL_set_connect_state(c->ssl);
    c->offered = all->options->resumes && c->session != NULL;
    if (c->offered)
        offer_ticket(c);
}

static void end(client *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    c->ssl = NULL;
}

/** Counts a handshake that both sides have completed. */
static void count(crowd *all, client *c)
{
    if (all->options->resumes && !c->offered) {
        all->full++;
    } else if (c->offered && !SSL_session_reused(c->ssl)) {
        all->not_resumed++;
    } else {
        all->completed++;
        histogram_add(&all->times, c->took_us);
    }
}

/** Goes on as far as the socket allows; false when the connection is over. */
static bool go_on(crowd *all, client *c)
{
    if (!c->is_done) {
        int result = SSL_do_handshake(c->ssl);
        if (result != 1) {
            int error = SSL_get_error(c->ssl, result);
            if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
                return true;
            if (error == SSL_ERROR_SSL)
                all->alerts++;
            else
                all->socket_errors++;
            return false;
        }
        c->is_done = true;
        c->took_us = now_us() - c->began_us;
        SSL_shutdown(c->ssl);
        shutdown(c->fd, SHUT_WR);
    }
    char rest[256];
    int got = SSL_read(c->ssl, rest, sizeof rest); /* the tickets are read on the way to the end */
    int error = SSL_get_error(c->ssl, got);
    if (error == SSL_ERROR_WANT_READ)
        return true;
    if (error == SSL_ERROR_ZERO_RETURN)
        count(all, c);
    else if (error == SSL_ERROR_SSL)
        all->alerts++;
    else
        all->socket_errors++;
    return false;
}

/** Ends connections that hang, and begins those that could not. */
static void look_after(crowd *all, uint64_t now)
{
    for (size_t i = 0; i < all->count; i++) {
        client *c = &all->clients[i];
        if (c->ssl != NULL && now - c->began_us > TIMEOUT_MS * 1000) {
            all->timeouts++;
            end(c);
        }
        if (c->ssl == NULL)
            begin(all, c);
    }
}

static void *run(void *context)
{
    crowd *all = context;
    uint64_t tick_us = 0;
    for (uint64_t now = now_us(); now < all->until_us; now = now_us()) {
        if (now - tick_us > TICK_MS * 1000) {
            tick_us = now;
            look_after(all, now);
        }
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(all->epoll_fd, events, EVENTS, TICK_MS);
        for (int i = 0; i < ready; i++) {
            client *c = events[i].data.ptr;
            ERR_clear_error();
            if (!go_on(all, c)) {
                end(c);
                begin(all, c);
            }
        }
    }
    for (size_t i = 0; i < all->count; i++) {
        if (all->clients[i].ssl != NULL)
            end(&all->clients[i]);
        SSL_SESSION_free(all->clients[i].session);
    }
    return NULL;
}

static crowd *crowd_new(const options *o, long number, uint64_t until_us)
{
    crowd *all = calloc(1, sizeof *all);
    if (all == NULL)
        die("calloc");
    all->options = o;
    all->until_us = until_us;
    all->turn = (unsigned)number * ADDRESSES / (unsigned)o->threads;
    all->context = context_new(o->resumes);
    all->count = (size_t)(o->connections / o->threads + (number < o->connections % o->threads));
    all->clients = calloc(all->count + 1, sizeof *all->clients);
    all->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (all->clients == NULL || all->epoll_fd < 0 || pthread_create(&all->thread, NULL, run, all) != 0)
        die("a thread cannot start");
    return all;
}

static void add(crowd *sum, const crowd *part)
{
    sum->completed += part->completed;
    sum->full += part->full;
    sum->socket_errors += part->socket_errors;
    sum->alerts += part->alerts;
    sum->not_resumed += part->not_resumed;
    sum->timeouts += part->timeouts;
    sum->times.count += part->times.count;
    sum->times.sum += part->times.sum;
    if (part->times.most > sum->times.most)
        sum->times.most = part->times.most;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum->times.buckets[i] += part->times.buckets[i];
}

static _Noreturn void usage(const char *message, const char *word)
{
    fprintf(stderr, "handshakes: %s '%s'; see the head of bench/handshakes/main.c\n", message, word);
    exit(2);
}

static void parse(options *o, int argc, char **argv)
{
    const struct {
        const char *flag;
        long *number, least, most;
    } table[] = {
        {"--port", &o->port, 1, 65535},
        {"--connections", &o->connections, 1, 60000},
        {"--duration", &o->duration, 1, 3600},
        {"--threads", &o->threads, 1, THREADS_MAX},
    };
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            usage("a value is missing after", argv[i]);
        const char *value = argv[i + 1];
        size_t k = 0;
        while (k < sizeof table / sizeof *table && strcmp(argv[i], table[k].flag) != 0)
            k++;
        if (k < sizeof table / sizeof *table) {
            char *rest;
            *table[k].number = strtol(value, &rest, 10);
            if (*value == '\0' || *rest != '\0' || *table[k].number < table[k].least ||
                *table[k].number > table[k].most)
                usage("a number in another range is wanted after", argv[i]);
        } else if (strcmp(argv[i], "--resumed") == 0 &&
                   (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0)) {
            o->resumes = strcmp(value, "yes") == 0;
        } else {
            usage("unknown flag or value", argv[i]);
        }
    }
    if (o->port == 0)
        usage("this flag is needed:", "--port");
}

int main(int argc, char **argv)
{
    options o = {.connections = 64, .duration = 5, .threads = 1};
    parse(&o, argc, argv);
    if (o.threads > o.connections)
        o.threads = o.connections;
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    uint64_t began = now_us();
    crowd *crowds[THREADS_MAX];
    static crowd sum;
    for (long i = 0; i < o.threads; i++)
        crowds[i] = crowd_new(&o, i, began + (uint64_t)o.duration * 1000000);
    for (long i = 0; i < o.threads; i++) {
        pthread_join(crowds[i]->thread, NULL);
        add(&sum, crowds[i]);
        close(crowds[i]->epoll_fd);
        SSL_CTX_free(crowds[i]->context);
        free(crowds[i]->clients);
        free(crowds[i]);
    }
    printf(
        "{\"requests\":%lu,\"duration_us\":%lu,\"avg_us\":%.2f,\"p50_us\":%lu,\"p99_us\":%lu,\"max_us\":%lu,"
        "\"socket_errors\":%lu,\"status_errors\":%lu,\"timeouts\":%lu,\"full\":%lu}\n",
        sum.completed, now_us() - began, histogram_mean(&sum.times), histogram_percentile(&sum.times, 50),
        histogram_percentile(&sum.times, 99), sum.times.most, sum.socket_errors, sum.alerts + sum.not_resumed,
        sum.timeouts, sum.full);
    return 0;
}

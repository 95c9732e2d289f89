#include "wire.h"

#include "runtime/coro.h"
#include "runtime/loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DRAIN_TURNS = 30,
    MOST_TURNS = 200000
}; /* a turn without work takes about a microsecond: a handler may sleep a little */

typedef struct client {
    loop_later later;
    const char *next;
    size_t left, piece;
    bool closes_after, waits;
    int fd;
    unsigned turns, leaves_at, drains_at;
    char *heard;
    size_t heard_len, room;
} client;

bool wire_open(const http_service *service, const http_limits *limits)
{
    return loop_open() && http_server_open(service, limits);
}

void wire_close(void)
{
    http_server_close();
    loop_close();
    coro_trim(0);
}

static void send_some(client *me)
{
    size_t len = me->left < me->piece ? me->left : me->piece;
    ssize_t n = send(me->fd, me->next, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    bool is_full = n < 0 && errno == EAGAIN;                  /* the server has other things to do */
    size_t sent = is_full ? 0 : n < 0 ? me->left : (size_t)n; /* a server that has closed hears no more */
    me->next += sent;
    me->left -= sent;
    if (me->left == 0 && me->closes_after)
        shutdown(me->fd, SHUT_WR);
}

static void hear_some(client *me)
{
    ssize_t n = -1;
    while (me->heard_len < me->room &&
           (n = recv(me->fd, me->heard + me->heard_len, me->room - me->heard_len, MSG_DONTWAIT)) > 0)
        me->heard_len += (size_t)n;
    if (n == 0) /* the server has said its last: a client that hangs on would only make it linger */
        shutdown(me->fd, SHUT_WR);
}

/** Once in each turn of the loop. */
static void client_turn(loop_later *later)
{
    client *me = list_owner(later, client, later);
    if (me->fd >= 0)
        hear_some(me);
    if (me->fd >= 0 && me->left > 0)
        send_some(me);
    if (me->fd >= 0 && me->leaves_at != 0 && me->turns >= me->leaves_at) {
        close(me->fd);
        me->fd = -1;
    }
    if (me->drains_at != 0 && me->turns == me->drains_at)
        http_server_drain(NULL, false);
    if (me->drains_at != 0 && me->turns == me->drains_at + DRAIN_TURNS)
        http_server_abort(NULL);
    if (me->waits && me->left == 0 && me->fd >= 0)
        poll(&(struct pollfd){.fd = me->fd, .events = POLLIN}, 1, 1);
    if (http_server_count() == 0 || ++me->turns > MOST_TURNS)
        loop_stop();
    else
        loop_do_later(&me->later);
}

long wire_talk(const wire_script *script, char *reply, size_t size)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    client me = {.later.run = client_turn,
                 .next = script->request,
                 .left = script->len,
                 .piece = script->piece != 0 ? script->piece : script->len,
                 .closes_after = script->closes_after,
                 .waits = script->waits,
                 .leaves_at = script->leaves_at,
                 .drains_at = script->drains_at,
                 .fd = ends[0],
                 .heard = reply,
                 .room = size - 1};
    http_server_on_connection(NULL, ends[1], (worker_arrival){0});
    loop_do_later(&me.later);
    loop_run();
    if (me.fd >= 0) {
        hear_some(&me);
        close(me.fd);
    }
    reply[me.heard_len] = '\0';
    return http_server_count() == 0 ? (long)me.heard_len : -1;
}

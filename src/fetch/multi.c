/*
 * Hot path: on_event, on_socket. A socket stays registered with epoll while its connection is idle, so a call on a
 * kept connection needs no epoll_ctl.
 */
#include "fetch/multi.h"

#include "base/mem.h"
#include "curl/memory.h"
#include "runtime/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPARE_MOST = 64 };

/* A descriptor that libcurl uses. Never freed: numbers of descriptors are used again. */
typedef struct multi_socket {
    loop_source source;
    uint32_t watched; /* registered for these; 0: not registered */
    uint32_t wanted;  /* by libcurl; 0: the connection is idle */
    bool is_ours;     /* opened and closed by multi_open_socket and multi_close_socket */
} multi_socket;

static struct {
    CURLM *multi;
    unsigned opened;   /* loop_self.opened when it was made */
    list_link running; /* multi_transfer */
    multi_on_done *on_done;
    uint64_t idle_ms;
    multi_socket **sockets; /* by descriptor */
    size_t socket_room;
    loop_later kick;
    bool will_kick;
    timer_entry timer, idle_timer;
    CURL *spare[SPARE_MOST];
    unsigned spare_count;
} self;

/* -- what has ended -- */

static void take_ended(void)
{
    int left;
    CURLMsg *message;
    while ((message = libcurl.multi_info_read(self.multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result; /* the message is gone after the next call */
        char *private = NULL;
        libcurl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        multi_transfer *t = (multi_transfer *)(void *)private;
        CURL *easy = multi_remove(t);
        self.on_done(t, easy, result);
    }
}

/* Ends every transfer, and frees all that libcurl holds: it has used the reserve. */
static void give_up(void)
{
    while (!list_empty(&self.running)) {
        multi_transfer *t = list_owner(self.running.next, multi_transfer, link);
        CURL *easy = multi_remove(t);
        self.on_done(t, easy, CURLE_OUT_OF_MEMORY);
    }
    multi_close();
    curl_memory_recover();
}

static void act(curl_socket_t fd, int events)
{
    int running;
    if (!curl_memory_is_short()) {
        libcurl.multi_socket_action(self.multi, fd, events, &running);
        take_ended();
    }
    if (curl_memory_is_short())
        give_up();
}

/* -- the timer -- */

static void run_kick(loop_later *later)
{
    (void)later;
    self.will_kick = false;
    if (self.multi != NULL)
        act(CURL_SOCKET_TIMEOUT, 0);
}

void multi_kick(void)
{
    if (self.will_kick)
        return;
    self.will_kick = true;
    loop_do_later(&self.kick);
}

static void on_timer(timer_entry *timer)
{
    (void)timer;
    act(CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi, (void)arg;
    timer_stop(&loop_self.timers, &self.timer);
    if (timeout_ms == 0)
        multi_kick();
    else if (timeout_ms > 0)
        timer_start(&loop_self.timers, &self.timer, loop_self.now_ms + (uint64_t)timeout_ms);
    return 0;
}

/* -- sockets -- */

static void on_event(loop_source *source, uint32_t events)
{
    multi_socket *s = list_owner(source, multi_socket, source);
    if (s->wanted == 0) { /* an idle connection: libcurl finds out itself that it was closed */
        loop_remove(source);
        s->watched = 0;
        return;
    }
    int seen = ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
    act(source->fd, seen);
}

static multi_socket *socket_of(curl_socket_t fd)
{
    size_t number = (size_t)fd;
    if (number >= self.socket_room) {
        size_t room = 2 * number + 64;
        multi_socket **larger = mem_realloc(self.sockets, room * sizeof(multi_socket *));
        if (larger == NULL)
            return NULL;
        memset(larger + self.socket_room, 0, (room - self.socket_room) * sizeof(multi_socket *));
        self.sockets = larger;
        self.socket_room = room;
    }
    if (self.sockets[number] == NULL) {
        multi_socket *made = mem_zero(1, sizeof *made);
        if (made == NULL)
            return NULL;
        made->source = (loop_source){.fd = fd, .on_event = on_event};
        self.sockets[number] = made;
    }
    return self.sockets[number];
}

static void unwatch(multi_socket *s)
{
    if (s->watched != 0)
        loop_remove(&s->source);
    s->watched = 0;
}

static int watch(multi_socket *s, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = &s->source};
    s->wanted = events;
    if (s->watched == events)
        return 0;
    int operation = s->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int failed = epoll_ctl(loop_self.epoll_fd, operation, s->source.fd, &event);
    if (failed != 0 &&
        (errno == EEXIST || errno == ENOENT)) /* libcurl has closed it, and got its number again */
        failed = epoll_ctl(loop_self.epoll_fd, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->source.fd,
                           &event);
    s->watched = failed == 0 ? events : 0;
    return failed;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy, (void)arg, (void)socket_arg;
    multi_socket *s = socket_of(fd);
    if (s == NULL)
        return -1;
    if (what == CURL_POLL_REMOVE) {
        s->wanted = 0;
        if (!s->is_ours)
            unwatch(s);
        return 0;
    }
    return watch(s, ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
                        ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0));
}

curl_socket_t multi_open_socket(const struct curl_sockaddr *address)
{
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    multi_socket *s = fd >= 0 ? socket_of(fd) : NULL;
    if (fd >= 0 && s == NULL) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    if (s == NULL)
        return CURL_SOCKET_BAD;
    s->watched = s->wanted = 0;
    s->is_ours = true;
    return fd;
}

int multi_close_socket(void *unused, curl_socket_t fd)
{
    (void)unused;
    multi_socket *s = (size_t)fd < self.socket_room ? self.sockets[fd] : NULL;
    if (s != NULL) {
        unwatch(s);
        s->wanted = 0;
        s->is_ours = false;
    }
    return close(fd);
}

/* -- the handle -- */

static void on_idle(timer_entry *timer)
{
    (void)timer;
    if (list_empty(&self.running))
        multi_close();
}

/* A loop that was opened again (in a child of fork, in tests) knows nothing of the old one's sockets. What belonged to
 * the old process is left alone: closing it would end its connections. */
static void forget_earlier_loop(void)
{
    if (self.opened == loop_self.opened)
        return;
    memset(&self, 0, sizeof self);
    self.opened = loop_self.opened;
}

static bool set_up(const tern_fetch_settings *settings)
{
    CURLM *m = self.multi;
    return libcurl.multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           libcurl.multi_setopt(m, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
           libcurl.multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)settings->idle_most) == CURLM_OK &&
           libcurl.multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, (long)settings->per_host) == CURLM_OK;
}

bool multi_open(const tern_fetch_settings *settings, multi_on_done *on_done, const char **problem)
{
    forget_earlier_loop();
    if (self.multi != NULL)
        return true;
    if (!libcurl_load(problem))
        return false;
    self.kick = (loop_later){.run = run_kick};
    self.timer = (timer_entry){.fire = on_timer};
    self.idle_timer = (timer_entry){.fire = on_idle};
    self.on_done = on_done;
    self.idle_ms = settings->idle_ms;
    list_init(&self.running);
    self.multi = libcurl.multi_init();
    if (self.multi != NULL && set_up(settings))
        return true;
    multi_close();
    *problem = "out of memory for libcurl";
    return false;
}

void multi_close(void)
{
    if (self.multi == NULL)
        return;
    while (self.spare_count > 0)
        libcurl.easy_cleanup(self.spare[--self.spare_count]);
    libcurl.multi_cleanup(self.multi);
    self.multi = NULL;
    timer_stop(&loop_self.timers, &self.timer);
    timer_stop(&loop_self.timers, &self.idle_timer);
}

CURL *multi_get(void)
{
    return self.spare_count > 0 ? self.spare[--self.spare_count] : libcurl.easy_init();
}

void multi_put(CURL *easy)
{
    if (self.spare_count == SPARE_MOST) {
        libcurl.easy_cleanup(easy);
        return;
    }
    libcurl.easy_reset(easy);
    self.spare[self.spare_count++] = easy;
}

bool multi_add(multi_transfer *t, CURL *easy)
{
    bool is_added = libcurl.easy_setopt(easy, CURLOPT_PRIVATE, t) == CURLE_OK && !curl_memory_is_short() &&
                    libcurl.multi_add_handle(self.multi, easy) == CURLM_OK;
    if (!is_added) {
        multi_kick(); /* which gives up if memory is short */
        return false;
    }
    t->easy = easy;
    list_append(&self.running, &t->link);
    timer_stop(&loop_self.timers, &self.idle_timer);
    return true;
}

CURL *multi_remove(multi_transfer *t)
{
    CURL *easy = t->easy;
    t->easy = NULL;
    list_remove(&t->link);
    libcurl.multi_remove_handle(self.multi, easy);
    if (list_empty(&self.running))
        timer_start(&loop_self.timers, &self.idle_timer, loop_self.now_ms + self.idle_ms);
    return easy;
}

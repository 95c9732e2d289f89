/**
 * Makes the system calls of a running server fail: a library for LD_PRELOAD.
 *
 * It replaces the C library's wrappers of the calls that Tern makes. A file named by FAULT_CONTROL, mapped by
 * every process of the server and by the test, says which call is to fail, how and how often, and counts what
 * was done; so one server serves many tests. Each fault leaves the kernel's state as a real one would: a
 * `close` that fails has closed, and after a transfer that stopped early the descriptor's edge comes again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <dlfcn.h>

enum {
    SHORT = -1, /* an `error`: one byte is transferred */
    END = -2,   /* an `error`: 0 is returned, as at the end of a file */
    CALL_BYTES = 16,
    MOST_FDS = 4096
};

/** Memory shared by the test and the processes; tests/server/test_faults.py depends on the layout. */
typedef struct fault_control {
    char call[CALL_BYTES]; /* "*": every call, by chance */
    int32_t error;         /* what errno becomes, SHORT or END */
    int32_t pid;           /* the process that it applies to; 0: all */
    uint32_t pass;         /* the number of calls that succeed first */
    uint32_t every;        /* then each every-th fails; 0: only one */
    uint32_t chance;       /* with "*": of 65536 */
    uint32_t seed;
    _Atomic uint32_t is_armed;
    _Atomic uint32_t seen;     /* matching calls since the test armed it */
    _Atomic uint32_t injected; /* faults since then */
} fault_control;

static fault_control *control;

/** The events that the loop registered with epoll for each descriptor, so that its edge can be repeated. */
static struct watch {
    int epoll_fd;
    struct epoll_event event;
} watches[MOST_FDS];

__attribute__((constructor)) static void map_control(void)
{
    const char *path = getenv("FAULT_CONTROL");
    long fd = path != NULL ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    long at = syscall(SYS_mmap, NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0L);
    syscall(SYS_close, (int)fd);
    if (at != -1)
        control = (fault_control *)at;
}

/* -- whether this call fails -- */

/** A random fault: the error is one that the call can have. */
static const struct {
    char call[CALL_BYTES];
    int errors[4]; /* 0 ends them */
} by_chance[] = {
    {"accept4", {EINTR, ECONNABORTED, EMFILE, ENOMEM}},
    {"recv", {EINTR, EAGAIN, SHORT, ECONNRESET}},
    {"recvmsg", {EINTR, EAGAIN}},
    {"send", {EINTR, EAGAIN, SHORT, EPIPE}},
    {"sendmsg", {EINTR, EAGAIN, SHORT, ECONNRESET}},
    {"sendfile", {EINTR, EAGAIN, SHORT, EIO}},
    {"epoll_ctl", {ENOMEM, ENOSPC}},
    {"epoll_wait", {EINTR}},
    {"open", {EMFILE, ENOMEM, EIO}},
    {"fstat", {EIO}},
    {"close", {EINTR, EIO}},
    {"shutdown", {ENOTCONN}},
    {"getpeername", {ENOTCONN}},
    {"setsockopt", {ENOMEM}},
    {"eventfd", {EMFILE}},
    {"mmap", {ENOMEM}},
    {"mprotect", {ENOMEM}},
    {"madvise", {EAGAIN}},
    {"pthread_create", {EAGAIN}},
    {"getrandom", {EINTR}},
    {"log", {ENOSPC, EIO, EAGAIN, SHORT}},
};

/** The same seed gives the same sequence, regardless of the processes' numbers. */
static uint32_t draw(uint32_t n)
{
    uint64_t x = ((uint64_t)control->seed << 32 | n) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(x >> 32);
}

static int fault_by_chance(const char *call)
{
    uint32_t n = draw(atomic_fetch_add(&control->seen, 1));
    if ((n & 0xffff) >= control->chance)
        return 0;
    for (size_t i = 0; i < sizeof by_chance / sizeof by_chance[0]; i++) {
        if (strcmp(by_chance[i].call, call) != 0)
            continue;
        unsigned count = 0;
        while (count < 4 && by_chance[i].errors[count] != 0)
            count++;
        atomic_fetch_add(&control->injected, 1);
        return by_chance[i].errors[(n >> 16) % count];
    }
    return 0;
}

/** 0: the call goes to the kernel; otherwise the errno, SHORT or END that it ends with. */
static int fault(const char *call)
{
    if (control == NULL || atomic_load(&control->is_armed) == 0)
        return 0;
    if (control->pid != 0 && control->pid != (int32_t)syscall(SYS_getpid))
        return 0;
    if (control->call[0] == '*')
        return fault_by_chance(call);
    if (strncmp(control->call, call, CALL_BYTES) != 0)
        return 0;
    uint32_t n = atomic_fetch_add(&control->seen, 1);
    bool is_due = n == control->pass ||
                  (n > control->pass && control->every != 0 && (n - control->pass) % control->every == 0);
    if (!is_due)
        return 0;
    atomic_fetch_add(&control->injected, 1);
    return control->error;
}

static int fail(int error)
{
    errno = error;
    return error == END ? 0 : -1;
}

/** The kernel would report more room or more bytes later: here they exist already. */
static void renew_edge(int fd)
{
    if (fd < 0 || fd >= MOST_FDS || watches[fd].event.events == 0)
        return;
    int before = errno;
    syscall(SYS_epoll_ctl, watches[fd].epoll_fd, EPOLL_CTL_MOD, fd, &watches[fd].event);
    errno = before;
}

/** For a call that transfers: false to make it with `*len`, which may be shortened; true when it has
 * failed. */
static bool transfer_fails(const char *call, int fd, size_t *len)
{
    int error = fault(call);
    if (error == 0)
        return false;
    if (error == SHORT) {
        *len = *len > 1 ? 1 : *len;
        return false;
    }
    fail(error);
    if (error == EAGAIN)
        renew_edge(fd);
    return true;
}

/* -- sockets -- */

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    int error = fault("accept4");
    if (error == EAGAIN)
        renew_edge(fd);
    return error != 0 ? fail(error) : (int)syscall(SYS_accept4, fd, address, len, flags);
}

ssize_t recv(int fd, void *into, size_t len, int flags)
{
    size_t asked = len;
    if ((flags & MSG_PEEK) == 0 && transfer_fails("recv", fd, &len))
        return -1;
    ssize_t got = syscall(SYS_recvfrom, fd, into, len, flags, NULL, NULL);
    if (len < asked)
        renew_edge(fd);
    return got;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    size_t asked = len;
    if (transfer_fails("send", fd, &len))
        return -1;
    ssize_t sent = syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
    if (len < asked)
        renew_edge(fd);
    return sent;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    size_t len = message->msg_control == NULL ? 2 : 0; /* descriptors are sent completely or not at all */
    if (transfer_fails("sendmsg", fd, &len))
        return -1;
    if (len != 1)
        return syscall(SYS_sendmsg, fd, message, flags);
    size_t first = 0;
    while (first < message->msg_iovlen && message->msg_iov[first].iov_len == 0)
        first++;
    if (first == message->msg_iovlen)
        return syscall(SYS_sendmsg, fd, message, flags);
    ssize_t sent = syscall(SYS_sendto, fd, message->msg_iov[first].iov_base, 1, flags, NULL, 0);
    renew_edge(fd);
    return sent;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    int error = fault("recvmsg");
    if (error == EAGAIN)
        renew_edge(fd);
    return error != 0 ? fail(error) : syscall(SYS_recvmsg, fd, message, flags);
}

ssize_t sendfile(int fd, int from, off_t *offset, size_t len)
{
    size_t asked = len;
    if (transfer_fails("sendfile", fd, &len))
        return errno == END ? 0 : -1;
    ssize_t sent = syscall(SYS_sendfile, fd, from, offset, len);
    if (len < asked)
        renew_edge(fd);
    return sent;
}

#define FAILS_OR_CALLS(name, number, ...)                                                                    \
    int error = fault(name);                                                                                 \
    return error != 0 ? fail(error) : (int)syscall(number, __VA_ARGS__)

int access(const char *path, int mode)
{
    FAILS_OR_CALLS("access", SYS_access, path, mode);
}

/** For a signal to a thread, whose timers the C library names as the kernel does. */
int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
{
    int error = fault("timer_create"), number = 0;
    if (error != 0)
        return fail(error);
    int result = (int)syscall(SYS_timer_create, clock, event, &number);
    *timer = (timer_t)(uintptr_t)(unsigned)number;
    return result;
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    FAILS_OR_CALLS("timer_settime", SYS_timer_settime, (int)(uintptr_t)timer, flags, value, old);
}

int socket(int family, int type, int protocol)
{
    FAILS_OR_CALLS("socket", SYS_socket, family, type, protocol);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    FAILS_OR_CALLS("bind", SYS_bind, fd, address, len);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    FAILS_OR_CALLS("connect", SYS_connect, fd, address, len);
}

int listen(int fd, int backlog)
{
    FAILS_OR_CALLS("listen", SYS_listen, fd, backlog);
}

int socketpair(int family, int type, int protocol, int fds[2])
{
    FAILS_OR_CALLS("socketpair", SYS_socketpair, family, type, protocol, fds);
}

int shutdown(int fd, int how)
{
    FAILS_OR_CALLS("shutdown", SYS_shutdown, fd, how);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    FAILS_OR_CALLS("setsockopt", SYS_setsockopt, fd, level, name, value, len);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    FAILS_OR_CALLS("getsockopt", SYS_getsockopt, fd, level, name, value, len);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    FAILS_OR_CALLS("getsockname", SYS_getsockname, fd, address, len);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
    FAILS_OR_CALLS("getpeername", SYS_getpeername, fd, address, len);
}

int ioctl(int fd, unsigned long what, ...)
{
    va_list rest;
    va_start(rest, what);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    FAILS_OR_CALLS("ioctl", SYS_ioctl, fd, what, argument);
}

/* -- the loop -- */

int epoll_create1(int flags)
{
    FAILS_OR_CALLS("epoll_create1", SYS_epoll_create1, flags);
}

int epoll_ctl(int epoll_fd, int what, int fd, struct epoll_event *event)
{
    int error = what == EPOLL_CTL_ADD ? fault("epoll_ctl") : 0; /* removal cannot fail */
    if (error != 0)
        return fail(error);
    int result = (int)syscall(SYS_epoll_ctl, epoll_fd, what, fd, event);
    if (result == 0 && fd < MOST_FDS)
        watches[fd] = what == EPOLL_CTL_DEL ? (struct watch){0} : (struct watch){epoll_fd, *event};
    return result;
}

int epoll_wait(int epoll_fd, struct epoll_event *events, int most, int timeout)
{
    FAILS_OR_CALLS("epoll_wait", SYS_epoll_pwait, epoll_fd, events, most, timeout, NULL, (size_t)8);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct timespec left = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
    FAILS_OR_CALLS("poll", SYS_ppoll, fds, count, timeout < 0 ? NULL : &left, NULL, (size_t)8);
}

int eventfd(unsigned start, int flags)
{
    FAILS_OR_CALLS("eventfd", SYS_eventfd2, start, flags);
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
    FAILS_OR_CALLS("signalfd", SYS_signalfd4, fd, mask, (size_t)8, flags);
}

/* -- files -- */

static int open_at(int folder, const char *path, int flags, va_list rest)
{
    unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
    FAILS_OR_CALLS("open", SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int fd = open_at(AT_FDCWD, path, flags, rest);
    va_end(rest);
    return fd;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int fd = open_at(folder, path, flags, rest);
    va_end(rest);
    return fd;
}

int fstat(int fd, struct stat *facts)
{
    FAILS_OR_CALLS("fstat", SYS_fstat, fd, facts);
}

int stat(const char *path, struct stat *facts)
{
    FAILS_OR_CALLS("stat", SYS_newfstatat, AT_FDCWD, path, facts, 0);
}

int lstat(const char *path, struct stat *facts)
{
    FAILS_OR_CALLS("lstat", SYS_newfstatat, AT_FDCWD, path, facts, AT_SYMLINK_NOFOLLOW);
}

int unlink(const char *path)
{
    FAILS_OR_CALLS("unlink", SYS_unlinkat, AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    FAILS_OR_CALLS("unlinkat", SYS_unlinkat, folder, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
    FAILS_OR_CALLS("mkdir", SYS_mkdirat, AT_FDCWD, path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    FAILS_OR_CALLS("mkdirat", SYS_mkdirat, folder, path, mode);
}

int rename(const char *from, const char *to)
{
    FAILS_OR_CALLS("rename", SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    FAILS_OR_CALLS("renameat", SYS_renameat2, from_folder, from, to_folder, to, 0);
}

int symlinkat(const char *target, int folder, const char *path)
{
    FAILS_OR_CALLS("symlinkat", SYS_symlinkat, target, folder, path);
}

ssize_t readlinkat(int folder, const char *path, char *into, size_t len)
{
    int error = fault("readlinkat");
    return error != 0 ? fail(error) : syscall(SYS_readlinkat, folder, path, into, len);
}

int faccessat(int folder, const char *path, int mode, int flags)
{
    FAILS_OR_CALLS("faccessat", SYS_faccessat2, folder, path, mode, flags);
}

int fchmod(int fd, mode_t mode)
{
    FAILS_OR_CALLS("fchmod", SYS_fchmod, fd, mode);
}

int fsync(int fd)
{
    FAILS_OR_CALLS("fsync", SYS_fsync, fd);
}

int flock(int fd, int what)
{
    FAILS_OR_CALLS("flock", SYS_flock, fd, what);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    FAILS_OR_CALLS("nanosleep", SYS_nanosleep, time, left);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    FAILS_OR_CALLS("lchown", SYS_fchownat, AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

ssize_t readlink(const char *path, char *into, size_t len)
{
    int error = fault("readlink");
    return error != 0 ? fail(error) : syscall(SYS_readlinkat, AT_FDCWD, path, into, len);
}

char *getcwd(char *into, size_t len)
{
    int error = fault("getcwd");
    if (error == 0)
        return syscall(SYS_getcwd, into, len) < 0 ? NULL : into;
    fail(error);
    return NULL;
}

int fcntl(int fd, int what, ...)
{
    va_list rest;
    va_start(rest, what);
    unsigned long argument = va_arg(rest, unsigned long);
    va_end(rest);
    FAILS_OR_CALLS("fcntl", SYS_fcntl, fd, what, argument);
}

/** The descriptor is gone in any case, as on Linux. */
int close(int fd)
{
    if (fd >= 0 && fd < MOST_FDS)
        watches[fd] = (struct watch){0};
    int error = fault("close");
    int result = (int)syscall(SYS_close, fd);
    return error != 0 ? fail(error) : result;
}

/** Counters and signals are transferred whole or not at all: only reads from a file may be short. */
ssize_t read(int fd, void *into, size_t len)
{
    size_t asked = len;
    struct stat facts;
    if (transfer_fails("read", fd, &asked))
        return errno == END ? 0 : -1;
    if (asked < len && syscall(SYS_fstat, fd, &facts) == 0 && S_ISREG(facts.st_mode))
        len = asked;
    return syscall(SYS_read, fd, into, len);
}

ssize_t write(int fd, const void *data, size_t len)
{
    if (transfer_fails(fd == STDERR_FILENO ? "log" : "write", fd, &len))
        return -1;
    return syscall(SYS_write, fd, data, len);
}

int memfd_create(const char *name, unsigned flags)
{
    FAILS_OR_CALLS("memfd_create", SYS_memfd_create, name, flags);
}

int ftruncate(int fd, off_t len)
{
    FAILS_OR_CALLS("ftruncate", SYS_ftruncate, fd, len);
}

ssize_t getrandom(void *into, size_t len, unsigned flags)
{
    size_t asked = len;
    if (transfer_fails("getrandom", -1, &asked))
        return -1;
    return syscall(SYS_getrandom, into, asked, flags);
}

/* -- memory -- */

void *mmap(void *wish, size_t len, int protection, int flags, int fd, off_t offset)
{
    int error = fault("mmap");
    if (error == 0)
        return (void *)syscall(SYS_mmap, wish, len, protection, flags, fd, offset); /* -1 is MAP_FAILED */
    fail(error);
    return MAP_FAILED;
}

int mprotect(void *at, size_t len, int protection)
{
    FAILS_OR_CALLS("mprotect", SYS_mprotect, at, len, protection);
}

int madvise(void *at, size_t len, int advice)
{
    FAILS_OR_CALLS("madvise", SYS_madvise, at, len, advice);
}

int mincore(void *at, size_t len, unsigned char *resident)
{
    FAILS_OR_CALLS("mincore", SYS_mincore, at, len, resident);
}

int munmap(void *at, size_t len)
{
    FAILS_OR_CALLS("munmap", SYS_munmap, at, len);
}

/* -- the process -- */

int pipe2(int ends[2], int flags)
{
    FAILS_OR_CALLS("pipe2", SYS_pipe2, ends, flags);
}

int getrlimit(__rlimit_resource_t what, struct rlimit *limit)
{
    FAILS_OR_CALLS("getrlimit", SYS_prlimit64, 0, what, NULL, limit);
}

int setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
    FAILS_OR_CALLS("setrlimit", SYS_prlimit64, 0, what, limit, NULL);
}

int prctl(int what, ...)
{
    va_list rest;
    va_start(rest, what);
    unsigned long argument = va_arg(rest, unsigned long);
    va_end(rest);
    FAILS_OR_CALLS("prctl", SYS_prctl, what, argument, 0UL, 0UL, 0UL);
}

int sched_getaffinity(pid_t pid, size_t len, cpu_set_t *set)
{
    int error = fault("sched_getaffinity");
    if (error != 0)
        return fail(error);
    memset(set, 0, len);
    return syscall(SYS_sched_getaffinity, pid, len, set) < 0 ? -1 : 0;
}

int sigaltstack(const stack_t *stack, stack_t *before)
{
    FAILS_OR_CALLS("sigaltstack", SYS_sigaltstack, stack, before);
}

/* -- processes and threads: more than one system call each, so these call the C library -- */

static void *next_of(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

pid_t fork(void)
{
    pid_t (*real)(void);
    int error = fault("fork");
    if (error != 0)
        return fail(error);
    *(void **)&real = next_of("fork");
    return real();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int error = fault("pthread_create");
    if (error != 0)
        return error;
    *(void **)&real = next_of("pthread_create");
    return real(thread, attributes, run, arg);
}

#include "runtime/reexec.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "TERN_INHERIT"

static struct {
    char path[PATH_MAX];
    buf text;    /* the arguments, each NUL-terminated */
    char **argv; /* into text; one entry is free for --check */
    int argc;
} self;

static bool read_arguments(buf *out)
{
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = -1;
    while (buf_reserve(out, 4096)) {
        got = read(fd, out->data + out->len, 4096);
        if (got <= 0)
            break;
        out->len += (size_t)got;
    }
    close(fd);
    return got == 0 && out->len > 0;
}

static bool find_path(const char *name)
{
    if (name[0] == '/')
        return snprintf(self.path, sizeof self.path, "%s", name) < (int)sizeof self.path;
    if (strchr(name, '/')) {
        char folder[PATH_MAX / 2];
        return getcwd(folder, sizeof folder) &&
               snprintf(self.path, sizeof self.path, "%s/%s", folder, name) < (int)sizeof self.path;
    }
    ssize_t len = readlink("/proc/self/exe", self.path, sizeof self.path - 1);
    if (len > 0)
        self.path[len] = '\0';
    return len > 0;
}

bool reexec_remember(void)
{
    if (self.argv)
        return true;
    if (!read_arguments(&self.text)) {
        buf_free(&self.text);
        return false;
    }
    for (size_t i = 0; i < self.text.len; i++)
        self.argc += self.text.data[i] == '\0';
    self.argv = mem_zero((size_t)self.argc + 2, sizeof *self.argv);
    if (!self.argv || self.argc == 0 || !find_path(self.text.data)) {
        mem_free(self.argv);
        buf_free(&self.text);
        memset(&self, 0, sizeof self);
        return false;
    }
    char *next = self.text.data;
    for (int i = 0; i < self.argc; i++) {
        self.argv[i] = next;
        next += strlen(next) + 1;
    }
    return true;
}

pid_t reexec_check(void)
{
    if (!self.argv) {
        errno = ENOENT;
        return -1;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    static char check[] = "--check";
    self.argv[self.argc] = check;
    execv(self.path, self.argv);
    fprintf(stderr, "cannot run %s: %s\n", self.path, strerror(errno));
    _exit(127);
}

static void add_list(buf *text, const char *name, const int *list, unsigned count)
{
    buf_add_printf(text, "%s=", name);
    for (unsigned i = 0; i < count; i++)
        buf_add_printf(text, i > 0 ? ",%d" : "%d", list[i]);
}

static bool set_inherited(int fd, bool is_inherited)
{
    return fcntl(fd, F_SETFD, is_inherited ? 0 : FD_CLOEXEC) == 0;
}

static bool set_all_inherited(const listener_set *listeners, const handover_set *channels, bool is_inherited)
{
    bool is_done = true;
    for (unsigned i = 0; i < listeners->count; i++)
        for (unsigned k = 0; k < listeners->list[i].count; k++)
            is_done &= set_inherited(listeners->list[i].fds[k], is_inherited);
    for (unsigned i = 0; i < channels->count; i++)
        is_done &= set_inherited(channels->channels[i].end[0], is_inherited) &&
                   set_inherited(channels->channels[i].end[1], is_inherited);
    return is_done;
}

void reexec_run(const listener_set *listeners, const handover_set *channels, const pid_t *workers,
                unsigned worker_count)
{
    buf text = {0};
    buf_add_printf(&text, "pid=%d\n", (int)getpid());
    add_list(&text, "channels", (const int *)channels->channels, channels->count * 2);
    add_list(&text, "\nworkers", workers, worker_count);
    for (unsigned i = 0; i < listeners->count; i++) {
        add_list(&text, "\nlistener", listeners->list[i].fds, listeners->list[i].count);
        buf_add_printf(&text, " %s", listeners->list[i].address);
    }
    int error = ENOMEM;
    if (!text.failed && setenv(VARIABLE, text.data, 1) == 0) {
        self.argv[self.argc] = NULL;
        if (set_all_inherited(listeners, channels, true))
            execv(self.path, self.argv);
        error = errno;
        set_all_inherited(listeners, channels, false);
        unsetenv(VARIABLE);
    }
    buf_free(&text);
    errno = error;
}

/** The numbers at `at`, divided by commas, and where they end; NULL and 0 without any or without memory. */
static int *read_list(const char *at, const char **end, unsigned *count)
{
    *count = 0;
    int *list = mem_zero(strlen(at) + 1, sizeof *list);
    while (list && *at >= '0' && *at <= '9') {
        char *after;
        list[(*count)++] = (int)strtol(at, &after, 10);
        at = *after == ',' ? after + 1 : after;
    }
    *end = at;
    if (*count > 0)
        return list;
    mem_free(list);
    return NULL;
}

/** Takes over the open descriptors; false when one is not open. */
static bool take_descriptors(const int *fds, unsigned count)
{
    bool are_open = true;
    for (unsigned i = 0; i < count; i++)
        are_open &= set_inherited(fds[i], false);
    return are_open;
}

/** A listener whose sockets are not all open is dropped as a whole. */
static void read_listener(const char *at, inheritance *found)
{
    listener_left left = {0};
    left.fds = read_list(at, &left.address, &left.count);
    bool is_whole = left.fds != NULL && take_descriptors(left.fds, left.count) && *left.address == ' ';
    left.address++;
    if (is_whole && found->listener_count < LISTENERS_MAX)
        found->listeners[found->listener_count++] = left;
    else
        mem_free(left.fds);
}

static void read_channels(const char *at, inheritance *found)
{
    unsigned ends;
    int *fds = read_list(at, &at, &ends);
    if (found->channels == NULL && take_descriptors(fds, ends) && ends >= 2) {
        found->channels = (handover_channel *)(void *)fds;
        found->channel_count = ends / 2;
    } else {
        mem_free(fds);
    }
}

static void read_line(const char *line, inheritance *found)
{
    if (strncmp(line, "listener=", 9) == 0)
        read_listener(line + 9, found);
    else if (strncmp(line, "channels=", 9) == 0)
        read_channels(line + 9, found);
    else if (strncmp(line, "workers=", 8) == 0 && found->workers == NULL)
        found->workers = read_list(line + 8, &line, &found->worker_count);
}

bool reexec_inherit(inheritance *found)
{
    *found = (inheritance){0};
    const char *variable = getenv(VARIABLE);
    if (variable == NULL)
        return false;
    found->text = mem_text(variable, strlen(variable));
    unsetenv(VARIABLE);
    if (found->text == NULL)
        return false;
    bool is_ours = strncmp(found->text, "pid=", 4) == 0 && strtol(found->text + 4, NULL, 10) == getpid();
    if (!is_ours) { /* it leaked to a child of the process it was meant for */
        reexec_forget(found);
        return false;
    }
    char *rest = NULL;
    for (char *line = strtok_r(found->text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        read_line(line, found);
    return true;
}

void reexec_forget(inheritance *found)
{
    for (unsigned i = 0; i < found->listener_count; i++)
        mem_free(found->listeners[i].fds);
    mem_free(found->channels);
    mem_free(found->workers);
    mem_free(found->text);
    *found = (inheritance){0};
}

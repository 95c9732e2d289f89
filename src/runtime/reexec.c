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
    buf_add_printf(text, " %s=", name);
    for (unsigned i = 0; i < count; i++)
        buf_add_printf(text, i > 0 ? ",%d" : "%d", list[i]);
}

static void add_address(buf *text, const worker_config *config)
{
    buf_add_printf(text, "%s port %u", config->host ? config->host : "127.0.0.1", config->port);
}

static bool set_inherited(int fd, bool is_inherited)
{
    return fcntl(fd, F_SETFD, is_inherited ? 0 : FD_CLOEXEC) == 0;
}

static bool set_all_inherited(const inheritance *left, bool is_inherited)
{
    bool is_done = true;
    for (unsigned i = 0; i < left->listener_count; i++)
        is_done &= set_inherited(left->listeners[i], is_inherited);
    for (unsigned i = 0; i < left->channel_count; i++)
        is_done &= set_inherited(left->channels[i].end[0], is_inherited) &&
                   set_inherited(left->channels[i].end[1], is_inherited);
    return is_done;
}

void reexec_run(const worker_config *config, const inheritance *left)
{
    buf text = {0};
    buf_add_printf(&text, "pid=%d", (int)getpid());
    add_list(&text, "listeners", left->listeners, left->listener_count);
    add_list(&text, "channels", (const int *)left->channels, left->channel_count * 2);
    add_list(&text, "workers", left->workers, left->worker_count);
    buf_add_text(&text, " at=");
    add_address(&text, config);
    int error = ENOMEM;
    if (!text.failed && setenv(VARIABLE, text.data, 1) == 0) {
        self.argv[self.argc] = NULL;
        if (set_all_inherited(left, true))
            execv(self.path, self.argv);
        error = errno;
        set_all_inherited(left, false);
        unsetenv(VARIABLE);
    }
    buf_free(&text);
    errno = error;
}

/** The numbers after ` name=`; NULL and 0 when it has none or out of memory. */
static int *read_list(const char *text, const char *name, unsigned *count)
{
    *count = 0;
    const char *at = strstr(text, name);
    if (at == NULL)
        return NULL;
    at += strlen(name);
    int *list = mem_zero(strlen(at) + 1, sizeof *list);
    while (list && *at >= '0' && *at <= '9') {
        char *end;
        list[(*count)++] = (int)strtol(at, &end, 10);
        at = *end == ',' ? end + 1 : end;
    }
    if (*count == 0) {
        mem_free(list);
        return NULL;
    }
    return list;
}

/** Takes over the open descriptors; a list with one that is not open is dropped as a whole. */
static bool take_descriptors(int *fds, unsigned count)
{
    bool are_open = true;
    for (unsigned i = 0; i < count; i++)
        are_open &= set_inherited(fds[i], false);
    return are_open;
}

static bool is_same_address(const worker_config *config, const char *text)
{
    buf wanted = {0};
    add_address(&wanted, config);
    const char *at = strstr(text, " at=");
    bool is_same = !wanted.failed && at && strcmp(at + 4, wanted.data) == 0;
    buf_free(&wanted);
    return is_same;
}

static void drop_listeners(inheritance *found)
{
    for (unsigned i = 0; i < found->listener_count; i++)
        close(found->listeners[i]);
    mem_free(found->listeners);
    found->listeners = NULL;
    found->listener_count = 0;
}

bool reexec_inherit(const worker_config *config, inheritance *found)
{
    *found = (inheritance){0};
    const char *variable = getenv(VARIABLE);
    if (variable == NULL)
        return false;
    char *text = mem_text(variable, strlen(variable));
    unsetenv(VARIABLE);
    if (text == NULL)
        return false;
    if (strncmp(text, "pid=", 4) != 0 || strtol(text + 4, NULL, 10) != getpid()) {
        mem_free(text); /* it leaked to a child of the process it was meant for */
        return false;
    }
    unsigned ends;
    found->listeners = read_list(text, " listeners=", &found->listener_count);
    found->channels = (handover_channel *)(void *)read_list(text, " channels=", &ends);
    found->workers = read_list(text, " workers=", &found->worker_count);
    found->channel_count = ends / 2;
    if (!take_descriptors(found->listeners, found->listener_count) || !is_same_address(config, text))
        drop_listeners(found);
    if (!take_descriptors((int *)found->channels, ends)) {
        mem_free(found->channels);
        found->channels = NULL;
        found->channel_count = 0;
    }
    mem_free(text);
    return true;
}

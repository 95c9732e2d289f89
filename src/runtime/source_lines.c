#include "runtime/source_lines.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ADDRESS_BYTES = 20, ANSWER_BYTES = 32 * 1024 };

extern char **environ;

static bool is_given_up; /* addr2line is missing or too slow for this program */

typedef struct question {
    char texts[SYMBOLS_PLACES_MAX][ADDRESS_BYTES];
    char program[40];
    const char *words[SYMBOLS_PLACES_MAX + 5];
    unsigned asked[SYMBOLS_PLACES_MAX]; /* which place each address is of */
    unsigned count;
} question;

static void put_question(question *q, const symbols_place *places, unsigned count)
{
    static const char *const fixed[] = {"addr2line", "-s", "-e"};
    unsigned words = 0;
    for (; words < 3; words++)
        q->words[words] = fixed[words];
    /* Not by its name, under which there may be a new program by now. */
    snprintf(q->program, sizeof q->program, "/proc/%d/exe", (int)getpid());
    q->words[words++] = q->program;
    q->count = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!places[i].is_program)
            continue;
        snprintf(q->texts[q->count], ADDRESS_BYTES, "0x%llx", (unsigned long long)places[i].vaddr);
        q->words[words++] = q->texts[q->count];
        q->asked[q->count++] = i;
    }
    q->words[words] = NULL;
}

/** Starts addr2line with its output on a pipe; the end to read, or -1. */
static int ask(const question *q, pid_t *child)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int problem =
        posix_spawnp(child, q->words[0], &actions, &attributes, (char *const *)(uintptr_t)q->words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (problem == 0)
        return ends[0];
    close(ends[0]);
    return -1;
}

/** Reads to the end; false when the time is over before. */
static bool read_answer(int fd, char *out, size_t size)
{
    uint64_t until_ms = clock_ms() + SOURCE_LINES_MS;
    size_t len = 0;
    for (;;) {
        uint64_t now_ms = clock_ms();
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        out[len] = '\0';
        if (now_ms >= until_ms || poll(&polled, 1, (int)(until_ms - now_ms)) == 0)
            return false;
        ssize_t got = read(fd, out + len, size - 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return true;
        len += (size_t)got;
    }
}

/** One line of the answer: "main.c:31", with "(discriminator 2)" after it at times; "??:0" is nothing. */
static void take_line(char *out, const char *line, size_t len)
{
    const char *blank = memchr(line, ' ', len);
    if (blank != NULL)
        len = (size_t)(blank - line);
    bool is_known = len != 0 && len < SOURCE_LINE_BYTES && line[0] != '?' && line[len - 1] != '?' &&
                    !(len > 2 && memcmp(line + len - 2, ":0", 2) == 0);
    size_t kept = 0;
    for (size_t i = 0; is_known && i < len; i++)
        out[kept++] = line[i] > ' ' && line[i] < 0x7f ? line[i] : '?';
    out[kept] = '\0';
}

void source_lines_find(const symbols_place *places, unsigned count, source_line *lines)
{
    static question q;
    static char answer[ANSWER_BYTES];
    pid_t child;
    for (unsigned i = 0; i < count; i++)
        lines[i][0] = '\0';
    put_question(&q, places, count);
    int fd = is_given_up || q.count == 0 ? -1 : ask(&q, &child);
    if (fd < 0) {
        is_given_up |= q.count != 0;
        return;
    }
    is_given_up = !read_answer(fd, answer, sizeof answer);
    close(fd);
    kill(child, SIGKILL); /* it has ended, or must end */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    const char *at = answer;
    for (unsigned i = 0; i < q.count && *at != '\0'; i++) {
        size_t len = strcspn(at, "\n");
        take_line(lines[q.asked[i]], at, len);
        at += len + (at[len] == '\n');
    }
}

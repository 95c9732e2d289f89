#include "check.h"

#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char seen[32 * 1024];
static int real_stderr;

static void capture_begin(void)
{
    real_stderr = dup(STDERR_FILENO);
    int fd = memfd_create("log", 0);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static const char *capture_end(void)
{
    ssize_t len = pread(STDERR_FILENO, seen, sizeof seen - 1, 0);
    dup2(real_stderr, STDERR_FILENO);
    CHECK(len >= 0);
    seen[len] = '\0';
    return seen;
}

/* The line from `"level"` on: the time differs from run to run. */
static const char *after_time(const char *line)
{
    const char *at = strstr(line, "\"level\"");
    return at != NULL ? at : "";
}

/* Replaces the process id by 1, so that the line can be compared. */
static const char *without_pid(const char *line)
{
    static char copy[sizeof seen];
    char pid[32];
    snprintf(pid, sizeof pid, "\"pid\":%d", (int)getpid());
    const char *at = strstr(line, pid);
    CHECK(at != NULL);
    snprintf(copy, sizeof copy, "%.*s\"pid\":1%s", (int)(at - line), line, at + strlen(pid));
    return copy;
}

static size_t count_newlines(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

TEST(an_event_off_a_terminal_is_one_json_object)
{
    unsetenv("TERN_LOG_FORMAT");
    unsetenv("TERN_LOG_LEVEL");
    tern_log_field fields[] = {{"path", "/a b", 0}, {"ms", NULL, -7}};
    capture_begin();
    tern_log_event(TERN_LOG_WARN, "slow \"request\"", fields, 2);
    const char *line = capture_end();
    CHECK_TEXT(
        without_pid(after_time(line)),
        "\"level\":\"warn\",\"message\":\"slow \\\"request\\\"\",\"pid\":1,\"path\":\"/a b\",\"ms\":-7}\n");
    CHECK(strncmp(line, "{\"time\":\"20", 11) == 0);
    CHECK(line[19] == 'T' && line[28] == '.' && line[32] == 'Z');
}

TEST(a_formatted_message_is_written)
{
    capture_begin();
    tern_log(TERN_LOG_INFO, "%s %d", "worker", 3);
    CHECK(strstr(capture_end(), "\"message\":\"worker 3\"") != NULL);
}

TEST(threat_084_no_value_can_forge_a_second_line)
{
    static const char hostile[] = "a\r\nb\x1b[2J\xe2\x80\xa8\xe2\x80\xa9\x7f\xc2\x85\xff";
    tern_log_field fields[] = {{"agent", hostile, 0}, {"na\nme", "x", 0}};
    capture_begin();
    tern_log_event(TERN_LOG_ERROR, hostile, fields, 2);
    const char *line = capture_end();
    CHECK_TEXT(
        without_pid(after_time(line)),
        "\"level\":\"error\",\"message\":\"a\\r\\nb\\u001b[2J\\u2028\\u2029\\u007f\\u0085\\ufffd\",\"pid\":1,"
        "\"agent\":\"a\\r\\nb\\u001b[2J\\u2028\\u2029\\u007f\\u0085\\ufffd\",\"na\\nme\":\"x\"}\n");
}

TEST(threat_084_the_human_form_escapes_by_the_same_rules)
{
    setenv("TERN_LOG_FORMAT", "human", 1);
    tern_log_field fields[] = {
        {"agent", "a\nb", 0}, {"said", "two words", 0}, {"n", NULL, 5}, {"none", "", 0}};
    capture_begin();
    tern_log_event(TERN_LOG_INFO, "say \"hi\"\n\x1b[31m C:\\x", fields, 4);
    const char *line = capture_end();
    CHECK(line[2] == ':' && line[5] == ':');
    CHECK_TEXT(line + 8,
               " INFO  say \"hi\"\\n\\u001b[31m C:\\x  agent=a\\nb  said=\"two words\"  n=5  none=\"\"\n");
}

TEST(events_below_the_level_are_dropped)
{
    setenv("TERN_LOG_LEVEL", "WARN", 1);
    capture_begin();
    tern_log(TERN_LOG_INFO, "quiet");
    tern_log(TERN_LOG_SILENT, "never");
    CHECK_TEXT(capture_end(), "");
    CHECK(!tern_log_enabled(TERN_LOG_INFO));
    CHECK(tern_log_enabled(TERN_LOG_WARN));
    tern_log_set_level(TERN_LOG_DEBUG);
    CHECK(tern_log_enabled(TERN_LOG_DEBUG));
    tern_log_set_level(TERN_LOG_SILENT);
    CHECK(!tern_log_enabled(TERN_LOG_ERROR));
}

TEST(a_wrong_setting_is_reported_once_and_the_default_kept)
{
    setenv("TERN_LOG_LEVEL", "loud", 1);
    capture_begin();
    tern_log(TERN_LOG_DEBUG, "hidden");
    tern_log(TERN_LOG_INFO, "shown");
    const char *text = capture_end();
    CHECK_INT(count_newlines(text), 2);
    CHECK(strstr(text, "not \\\"loud\\\"") != NULL);
    CHECK(strstr(text, "shown") != NULL);
}

TEST(a_long_message_is_cut_stays_one_valid_line_and_says_so)
{
    static char longest[20000];
    memset(longest, '\n', sizeof longest - 1);
    tern_log_field fields[] = {{"id", "abc", 0}};
    capture_begin();
    tern_log_event(TERN_LOG_INFO, longest, fields, 1);
    const char *line = capture_end();
    CHECK_INT(count_newlines(line), 1);
    CHECK(strlen(line) <= 8192);
    CHECK(strstr(line, ",\"id\":\"abc\",\"cut\":true}\n") != NULL);
    CHECK(strstr(line, "\\n\",\"pid\"") != NULL);
}

TEST(long_fields_are_cut_and_the_line_stays_within_8_kib)
{
    static char text[6000];
    memset(text, 'x', sizeof text - 1);
    tern_log_field fields[] = {{"a", text, 0}, {"b", text, 0}, {"c", text, 0}, {"d", NULL, 1}};
    capture_begin();
    tern_log_event(TERN_LOG_INFO, "m", fields, 4);
    const char *line = capture_end();
    size_t len = strlen(line);
    CHECK(len > 8000 && len <= 8192);
    CHECK_TEXT(line + len - 14, "\",\"cut\":true}\n");
    CHECK_INT(count_newlines(line), 1);
}

TEST(a_formatted_message_longer_than_a_line_says_that_it_was_cut)
{
    capture_begin();
    tern_log(TERN_LOG_INFO, "%*s", 9000, "x");
    CHECK(strstr(capture_end(), "\"cut\":true}\n") != NULL);
}

TEST(every_length_of_message_makes_one_line)
{
    static char text[8300];
    for (size_t len = 5900; len < sizeof text; len += 37) {
        memset(text, 'y', len);
        text[len] = '\0';
        capture_begin();
        tern_log_event(TERN_LOG_INFO, text, &(tern_log_field){text, text, 0}, 1);
        const char *line = capture_end();
        size_t written = strlen(line);
        CHECK_INT(count_newlines(line), 1);
        CHECK_TEXT(line + written - 2, "}\n");
    }
}

TEST(a_closed_standard_error_is_ignored_and_errno_kept)
{
    CHECK(tern_log_enabled(TERN_LOG_ERROR));
    int keep = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    errno = ENOENT;
    tern_log(TERN_LOG_ERROR, "nobody hears this");
    int after = errno;
    dup2(keep, STDERR_FILENO);
    CHECK_INT(after, ENOENT);
}

/* Opens a terminal and makes it standard error; returns the other end. */
static int terminal_as_stderr(void)
{
    int far_end = posix_openpt(O_RDWR | O_NOCTTY);
    if (far_end < 0 || grantpt(far_end) != 0 || unlockpt(far_end) != 0)
        check_skip("no pseudo-terminal");
    int near_end = open(ptsname(far_end), O_RDWR | O_NOCTTY);
    CHECK(near_end >= 0);
    real_stderr = dup(STDERR_FILENO);
    dup2(near_end, STDERR_FILENO);
    return far_end;
}

static const char *read_terminal(int far_end)
{
    ssize_t len = read(far_end, seen, sizeof seen - 1);
    dup2(real_stderr, STDERR_FILENO);
    CHECK(len > 0);
    seen[len] = '\0';
    return seen;
}

TEST(a_terminal_gets_the_human_form_in_colour)
{
    unsetenv("NO_COLOR");
    unsetenv("TERN_LOG_FORMAT");
    int far_end = terminal_as_stderr();
    tern_log(TERN_LOG_ERROR, "oh no");
    CHECK_TEXT(read_terminal(far_end) + 8, " \033[31mERROR\033[0m oh no\r\n");
}

TEST(no_color_is_respected)
{
    setenv("NO_COLOR", "1", 1);
    unsetenv("TERN_LOG_FORMAT");
    int far_end = terminal_as_stderr();
    tern_log(TERN_LOG_ERROR, "oh no");
    CHECK_TEXT(read_terminal(far_end) + 8, " ERROR oh no\r\n");
}

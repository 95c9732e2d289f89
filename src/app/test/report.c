/* Prints results for people, as TAP, and as JUnit's XML. */
#include "app/test/internal.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *text_of(const buf *b)
{
    return b->data != NULL && !b->failed ? b->data : "";
}

static void print_lines(const char *before, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        printf("%s%.*s\n", before, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

void test_show(const test_plan *plan, unsigned index)
{
    const test_result *result = &plan->results[index];
    bool has_passed = result->outcome == TEST_PASSED;
    const char *before = plan->format == TEST_TAP ? "# " : "    ";
    if (plan->format == TEST_TAP)
        printf("%s %u - %s\n", has_passed ? "ok" : "not ok", index + 1, result->test->name);
    else
        printf("%-7s %s (%u ms)\n", has_passed ? "ok" : "FAILED", result->test->name, result->ms);
    if (!has_passed) {
        print_lines(before, text_of(&result->reason));
        if (result->output.len != 0)
            printf("%sWhat it printed:\n", before);
        print_lines(plan->format == TEST_TAP ? "#   " : "      ", text_of(&result->output));
    }
    fflush(stdout);
}

unsigned test_failures(const test_plan *plan)
{
    unsigned failures = 0;
    for (unsigned i = 0; i < plan->count; i++)
        failures += plan->results[i].outcome != TEST_PASSED;
    return failures;
}

/* -- JUnit -- */

/** Text of XML 1.0: its five special characters are escaped, and bytes that it cannot contain become
 * U+FFFD. */
static void add_xml(buf *out, const char *text, size_t len)
{
    static const struct {
        char sign;
        const char *escape;
    } signs[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
    while (len > 0) {
        size_t bytes = utf8_sequence(text, len);
        const char *escape = NULL;
        unsigned char first = (unsigned char)text[0];
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
            if (text[0] == signs[i].sign)
                escape = signs[i].escape;
        bool is_control = first < 0x20 && first != '\n' && first != '\t';
        bool is_no_character = bytes == 3 && memcmp(text, "\xef\xbf", 2) == 0 && (text[2] & 0x3e) == 0x3e;
        if (bytes == 0 || is_control || is_no_character)
            escape = "\xef\xbf\xbd";
        bytes = bytes == 0 ? 1 : bytes;
        buf_add(out, escape != NULL ? escape : text, escape != NULL ? strlen(escape) : bytes);
        text += bytes;
        len -= bytes;
    }
}

static void add_attribute(buf *out, const char *name, const char *value, size_t len)
{
    buf_add_printf(out, " %s=\"", name);
    add_xml(out, value, len);
    buf_add_text(out, "\"");
}

static void add_case(const test_result *result, buf *out)
{
    static const char *const types[] = {"", "failure", "crash", "timeout"};
    const char *reason = text_of(&result->reason), *output = text_of(&result->output);
    buf_add_text(out, "  <testcase");
    add_attribute(out, "classname", result->test->file, strlen(result->test->file));
    add_attribute(out, "name", result->test->name, strlen(result->test->name));
    buf_add_printf(out, " time=\"%u.%03u\"", result->ms / 1000, result->ms % 1000);
    if (result->outcome == TEST_PASSED) {
        buf_add_text(out, "/>\n");
        return;
    }
    buf_add_printf(out, ">\n    <failure type=\"%s\"", types[result->outcome]);
    add_attribute(out, "message", reason, strcspn(reason, "\n"));
    buf_add_text(out, ">");
    add_xml(out, reason, strlen(reason));
    buf_add_text(out, "</failure>\n    <system-out>");
    add_xml(out, output, strlen(output));
    buf_add_text(out, "</system-out>\n  </testcase>\n");
}

static bool write_junit(const test_plan *plan, unsigned ms)
{
    buf out = {0};
    buf_add_printf(&out,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                   "<testsuite name=\"tern\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\" "
                   "time=\"%u.%03u\">\n",
                   plan->count, test_failures(plan), ms / 1000, ms % 1000);
    for (unsigned i = 0; i < plan->count; i++)
        add_case(&plan->results[i], &out);
    buf_add_text(&out, "</testsuite>\n");
    errno = ENOMEM;
    FILE *file = out.failed ? NULL : fopen(plan->junit, "we");
    bool is_written = file != NULL && fwrite(out.data, 1, out.len, file) == out.len;
    if (file != NULL && fclose(file) != 0)
        is_written = false;
    if (!is_written)
        fprintf(stderr, "cannot write %s: %s\n", plan->junit, strerror(errno));
    buf_free(&out);
    return is_written;
}

bool test_show_end(const test_plan *plan, unsigned ms)
{
    unsigned failures = test_failures(plan);
    if (plan->format == TEST_TAP)
        printf("1..%u\n", plan->count);
    else
        printf("%u passed, %u failed (%u.%03u s)\n", plan->count - failures, failures, ms / 1000, ms % 1000);
    fflush(stdout);
    return plan->junit == NULL || write_junit(plan, ms);
}

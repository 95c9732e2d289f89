/* Decodes JSON for test_json.py. Asked: a length (4 bytes, little-endian) and so many bytes of text.
 * Answered, with a NUL behind each: `free` or `refused`, whether the text is JSON at all; then `value` and
 * what the model holds as JSON, or `faults` and their list. */
#include "schema/json/json.h"

#include <stdio.h>
#include <stdlib.h>

TERN_MODEL(Inner, (const char *, name), (uint8_t, n, .optional = true))
TERN_MODEL(Sample,
    (int64_t, i, .optional = true),
    (uint16_t, u, .optional = true),
    (double, f, .optional = true),
    (const char *, t),
    (bool, b, .fallback = "true"),
    (tern_text_list, l, .optional = true),
    (tern_int64_map, m, .optional = true),
    (Inner, x, .optional = true),
    (Inner_list, y, .optional = true),
    (tern_any, a, .optional = true))

static void answer(char *text, size_t len)
{
    static const place body = {NULL, "body", 0};
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    tern_faults faults;
    faults_init(&faults, &memory);
    size_t offset;
    bool is_json = json_check((tern_str){text, len}, NULL, &offset) == NULL;
    printf("%s%c", is_json ? "free" : "refused", 0);
    Sample sample;
    json_out out;
    json_out_init(&out, &memory, 256);
    if (json_decode(TERN_TYPE(Sample), &sample, (tern_str){text, len}, NULL, &body, &memory, &faults) &&
        json_encode(TERN_TYPE(Sample), &sample, &out)) {
        printf("value %.*s%c", (int)out.len, out.data, 0);
    } else {
        buf printed = {0};
        size_t count;
        const tern_fault *list = faults_list(&faults, &memory, &count);
        if (list != NULL)
            faults_print_json(list, count, &printed);
        printf("faults %.*s%c", (int)printed.len, printed.data, 0);
        buf_free(&printed);
    }
    arena_free(&memory);
}

int main(void)
{
    buf problems = {0};
    unsigned char head[4];
    if (!schema_prepare(TERN_TYPE(Sample), &problems)) {
        fputs(problems.data, stderr);
        return 1;
    }
    while (fread(head, 1, 4, stdin) == 4) {
        size_t len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
        char *text = malloc(len + 1);
        if (text == NULL || fread(text, 1, len, stdin) != len)
            return 1;
        text[len] = '\0';
        answer(text, len);
        free(text);
    }
    buf_free(&problems);
    schema_forget();
    return 0;
}

/** The log message of a failing call: for tests of messages. */
#ifndef TESTS_DATA_WORDS_H
#define TESTS_DATA_WORDS_H

#include "library.h"
#include "runtime/unwind.h"

/** Runs `work`, which must end the request, and returns the reason. */
static const char *words_of(tern_ctx *c, void (*work)(tern_ctx *c))
{
    unwind_point point;
    volatile bool has_ended = false;
    char *words = tern_alloc(c, DATA_WORDS_BYTES);
    data_request_of(c)->words = words;
    if (unwind_catch(&point) == 0) {
        work(c);
        has_ended = true;
        unwind_release(&point);
    }
    data_request_of(c)->words = NULL;
    CHECK(!has_ended);
    return words;
}

/** A test that `work` fails with this message on both engines. */
#define WORDS_TEST(sentence, said)                                                                           \
    static void sentence##_work(tern_ctx *c);                                                                \
    LIBRARY_TEST(sentence)                                                                                   \
    {                                                                                                        \
        CHECK_TEXT(words_of(c, sentence##_work), said);                                                      \
        return tern_no_content(c);                                                                           \
    }                                                                                                        \
    static void sentence##_work(tern_ctx *c)

#endif

/**
 * What each call of the data layer leaves in the program for `APP check`: where it is, and how it is written.
 *
 * A note is a constant in the ELF section `tern_sql`. No instruction refers to it, so a request neither reads
 * nor pays for it. The call is kept as its source text, which holds what no constant could: a condition that
 * is chosen at run time (`.where = open ? "done = ?" : NULL`), the names of options, the number of values.
 * The kinds of the values, which the text does not tell, stand beside it.
 *
 * -DTERN_WITHOUT_SQL_NOTES leaves the notes of a source file out; `APP check` then knows nothing of its
 * calls.
 *
 * A macro that takes SQL takes part by one of these around its `c`:
 *
 *     TERN_NOTED_(c, Model, "tern_select", #__VA_ARGS__)              its values come by TERN_ARGS
 *     TERN_NOTED_WITH_(c, TERN_TYPE(Model), "tern_find(" #Model, #__VA_ARGS__, __VA_ARGS__)  are its
 * arguments
 *
 * and by a line in the table of src/data/check/call.c, which says what its arguments mean.
 */
#ifndef TERN_SQL_NOTE_H
#define TERN_SQL_NOTE_H

#include <tern/each.h>
#include <tern/model.h>

/** One call. What it points to is constant too. */
typedef struct tern_sql_note {
    const tern_type *type;      /* of its model; NULL: it has none */
    const char *place;          /* "todo.c:31": as the compiler counts the lines of a macro's use */
    const char *call;           /* "tern_select(Todo, .where = \"done = ?\")", without the context */
    const unsigned char *kinds; /* a tern_arg_kind for each value, then TERN_NOTE_END; NULL: the call takes
                                   none itself */
} tern_sql_note;

enum {
    TERN_NOTE_ANY = 254, /* a value whose kind is known at run time alone: a tern_arg */
    TERN_NOTE_END = 255
};

#define TERN_NOTE_PLACE_       __FILE__ ":" TERN_NOTE_LINE_(__LINE__)
#define TERN_NOTE_LINE_(line)  TERN_NOTE_LINE2_(line)
#define TERN_NOTE_LINE2_(line) #line
/* As it is after macros in it are expanded: a text may have a name. */
#define TERN_NOTE_TEXT_(...)    #__VA_ARGS__
#define TERN_NOTE_PASTE_(a, b)  TERN_NOTE_PASTE2_(a, b)
#define TERN_NOTE_PASTE2_(a, b) a##b

/* Where a call is, for warnings while it runs: in builds with assertions. */
#ifdef NDEBUG
#define TERN_PLACE_ NULL
#else
#define TERN_PLACE_ TERN_NOTE_PLACE_
#endif

/* The alignment is said, so that compilers do not choose a larger one: the notes of a section are an
 * array. */
#if __has_attribute(retain)
#define TERN_NOTE_SECTION_ __attribute__((section("tern_sql"), used, retain, aligned(__alignof__(void *))))
#else
#define TERN_NOTE_SECTION_ __attribute__((section("tern_sql"), used, aligned(__alignof__(void *))))
#endif

/* An expression of type void. Names are numbered, since the values of a call may hold another call. */
#define TERN_NOTE_(type, call) TERN_NOTE_AS_(TERN_NOTE_PASTE_(tern_note_, __COUNTER__), type, call)
/* The number of the values. */
#define TERN_NOTE_VALUES_(type, call, ...)                                                                   \
    TERN_NOTE_VALUES_AS_(TERN_NOTE_PASTE_(tern_note_, __COUNTER__),                                          \
                         TERN_NOTE_PASTE_(tern_kinds_, __COUNTER__), type, call, __VA_ARGS__)
#define TERN_NOTE_KINDS_(...)                                                                                \
    {                                                                                                        \
        __VA_OPT__(TERN_EACH(TERN_NOTE_KIND_, ~, __VA_ARGS__)) TERN_NOTE_END                                 \
    }

#ifdef TERN_WITHOUT_SQL_NOTES
#define TERN_NOTE_AS_(note, type, call) (void)0
#define TERN_NOTE_VALUES_AS_(note, kinds, type, call, ...)                                                   \
    (unsigned)(sizeof((const unsigned char[])TERN_NOTE_KINDS_(__VA_ARGS__)) - 1)
#else
#define TERN_NOTE_AS_(note, type, call)                                                                      \
    __extension__({                                                                                          \
        static const tern_sql_note note TERN_NOTE_SECTION_ = {type, TERN_NOTE_PLACE_, call, NULL};           \
        (void)0;                                                                                             \
    })
#define TERN_NOTE_VALUES_AS_(note, kinds, type, call, ...)                                                   \
    __extension__({                                                                                          \
        static const unsigned char kinds[] = TERN_NOTE_KINDS_(__VA_ARGS__);                                  \
        static const tern_sql_note note TERN_NOTE_SECTION_ = {type, TERN_NOTE_PLACE_, call, kinds};          \
        (unsigned)(sizeof kinds - 1);                                                                        \
    })
#endif

#define TERN_NOTED_(c, Model, call, text) (TERN_NOTE_(TERN_TYPE(Model), call "(" #Model ", " text ")"), c)
#define TERN_NOTED_WITH_(c, type, call, text, ...)                                                           \
    ((void)TERN_NOTE_VALUES_(type, call ", " text ")", __VA_ARGS__), c)

#define TERN_NOTE_KIND_(unused, value)                                                                       \
    _Generic((value),                                                                                        \
        bool: TERN_ARG_BOOL,                                                                                 \
        signed char: TERN_ARG_INT,                                                                           \
        short: TERN_ARG_INT,                                                                                 \
        int: TERN_ARG_INT,                                                                                   \
        long: TERN_ARG_INT,                                                                                  \
        long long: TERN_ARG_INT,                                                                             \
        unsigned char: TERN_ARG_INT,                                                                         \
        unsigned short: TERN_ARG_INT,                                                                        \
        unsigned: TERN_ARG_INT,                                                                              \
        unsigned long: TERN_ARG_INT,                                                                         \
        unsigned long long: TERN_ARG_INT,                                                                    \
        float: TERN_ARG_DOUBLE,                                                                              \
        double: TERN_ARG_DOUBLE,                                                                             \
        char *: TERN_ARG_TEXT,                                                                               \
        const char *: TERN_ARG_TEXT,                                                                         \
        tern_str: TERN_ARG_TEXT,                                                                             \
        tern_bytes: TERN_ARG_BYTES,                                                                          \
        tern_uuid: TERN_ARG_UUID,                                                                            \
        tern_date: TERN_ARG_DATE,                                                                            \
        tern_time: TERN_ARG_TIME,                                                                            \
        tern_datetime: TERN_ARG_DATETIME,                                                                    \
        tern_duration: TERN_ARG_DURATION,                                                                    \
        tern_decimal: TERN_ARG_DECIMAL,                                                                      \
        tern_any: TERN_ARG_JSON,                                                                             \
        void *: TERN_ARG_NULL,                                                                               \
        default: TERN_NOTE_ANY),

/**
 * A call about which `APP check` has nothing to say of this kind: `tern_allow(scan, tern_select(c, Todo,
 * ...))`.
 *
 * The word stands at the end of what it reports, in brackets; `any` is for all of them. The value is the
 * call's.
 */
#define tern_allow(word, ...) (TERN_NOTE_(NULL, "tern_allow(" #word ", " #__VA_ARGS__ ")"), __VA_ARGS__)

/**
 * A condition on the rows of `Model` that is written outside of its call, so that `APP check` reads it too:
 *
 *     const char *where = in->open ? TERN_CHECKED(Todo, "done = false") : NULL;
 *
 * It is the text itself.
 */
#define TERN_CHECKED(Model, text)                                                                            \
    (TERN_NOTE_(TERN_TYPE(Model), "TERN_CHECKED(" #Model ", " TERN_NOTE_TEXT_(text) ")"), (text))

#endif

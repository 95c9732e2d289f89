/**
 * Tests of an application, by requests that go through all of it except for the network.
 *
 *     #include <tern/test.h>
 *
 *     TERN_TEST(a_new_todo_has_an_address)
 *     {
 *         tern_answer *a = tern_test_post(t, "/todos", .json = "{\"title\":\"Milk\"}");
 *         tern_check_status(a, 201);
 *         tern_check_header(a, "Location", "/todos/1");
 *         tern_check_json(a, "/title", "\"Milk\"");
 *     }
 *
 *     int main(int argc, char **argv) { return tern_test_main(make_app, argc, argv); }
 *
 * Each test runs in a process of its own with a fresh application from `make_app`, several at a time; a crash
 * or a hang fails that test alone. A check that fails ends its test. What a test prints or logs is shown when
 * it fails. Answers, and everything they point to, live until the test ends.
 *
 * Their database is the one of --database-url or TERN_DATABASE_URL, or else the application's own `.url`;
 * where that is an SQLite file, each test has an empty database in memory. See docs/testing.md.
 */
#ifndef TERN_TEST_H
#define TERN_TEST_H

#include <tern/app.h>
#include <tern/value.h>

typedef struct tern_test tern_test;

/** A test as TERN_TEST registers it. */
typedef struct tern_test_case {
    const char *name;
    void (*run)(tern_test *t);
    const char *file;
    int line;
    unsigned seconds; /* its time limit; default --timeout */
    bool commits;     /* its writes to the database stay */
    struct tern_test_case *next;
} tern_test_case;

void tern_test_register(tern_test_case *test);

/**
 * Declares and registers a test, whose body gets `tern_test *t`: TERN_TEST(name) { ... }, or with a time
 * limit of its own TERN_TEST(name, .seconds = 60) { ... }.
 *
 * What a test writes into the application's database is in a transaction that is always rolled back.
 * TERN_TEST(name, .commits = true) { ... } has real transactions and connections instead, and has to clean up
 * after itself; it runs alone, after all others.
 */
#define TERN_TEST(test_name, ...)                                                                            \
    static void test_name(tern_test *t);                                                                     \
    static tern_test_case test_name##_case = {                                                               \
        .name = #test_name, .run = test_name, .file = __FILE__, .line = __LINE__, __VA_ARGS__};              \
    __attribute__((constructor)) static void test_name##_register(void)                                      \
    {                                                                                                        \
        tern_test_register(&test_name##_case);                                                               \
    }                                                                                                        \
    static void test_name(tern_test *t __attribute__((unused)))

/**
 * Runs the tests of the program; returns its exit code: 0 when all passed, 1 when one failed, 2 for a wrong
 * command line or when no test has been chosen. `--help` lists what it takes.
 */
int tern_test_main(tern_app *(*make_app)(void), int argc, char **argv);

/* -- generated tests -- */

/** What TERN_FUZZ registers. */
typedef struct tern_fuzz {
    /* filled in by the macro */
    const char *name, *file;
    int line;
    void (*before)(tern_test *t);
    struct tern_fuzz *next;

    /* what you may give */
    unsigned requests;  /* how many; default 2000 */
    unsigned time_s;    /* seconds after which no more are begun; default 20 */
    unsigned request_s; /* seconds that one request may take; default 5 */
    uint64_t seed;      /* the same seed asks for the same; default 1 */
    const char *routes; /* only these: "POST /todos, GET /todos/{id}, /admin/" and a star for all below */
    const char *skip;   /* all but these: those that call outside */
    const char *const *headers; /* of every request: TERN_HEADERS("X-Staff: yes") */
} tern_fuzz;

void tern_fuzz_register(tern_fuzz *fuzz);
void tern_fuzz_run(tern_test *t, const tern_fuzz *fuzz);

/**
 * Declares a test that sends every route input that its models accept, and input that they refuse, and checks
 * the replies against what every service promises (docs/fuzz.md lists it): no crash and no 5xx, successes
 * that are what .returns says, a 422 that names the bad field and no other, no secret of a .write_only field
 * in a reply.
 *
 *     TERN_FUZZ(every_route_keeps_its_promises)
 *     {
 *     }
 *
 * The body runs before each case and may sign in (tern_test_set_header, cookies) and make what requests need.
 * A broken promise is printed as a short TERN_TEST. Options follow the name: `TERN_FUZZ(signed_in, .requests
 * = 10000, .skip = "POST /mail")`. A route with `.not_fuzzed = true` is left out.
 *
 * The test program then also has a command for it: `tests fuzz --seconds 60`, `tests fuzz --help`.
 */
#define TERN_FUZZ(fuzz_name, ...)                                                                            \
    static void fuzz_name(tern_test *t);                                                                     \
    static tern_fuzz fuzz_name##_fuzz = {                                                                    \
        .name = #fuzz_name, .file = __FILE__, .line = __LINE__, .before = fuzz_name, __VA_ARGS__};           \
    static void fuzz_name##_run(tern_test *t)                                                                \
    {                                                                                                        \
        tern_fuzz_run(t, &fuzz_name##_fuzz);                                                                 \
    }                                                                                                        \
    static tern_test_case fuzz_name##_case = {                                                               \
        .name = #fuzz_name, .run = fuzz_name##_run, .file = __FILE__, .line = __LINE__, .seconds = 600};     \
    __attribute__((constructor)) static void fuzz_name##_register(void)                                      \
    {                                                                                                        \
        tern_test_register(&fuzz_name##_case);                                                               \
        tern_fuzz_register(&fuzz_name##_fuzz);                                                               \
    }                                                                                                        \
    static void fuzz_name(tern_test *t __attribute__((unused)))

/* -- requests -- */

/** What a request has besides method and path. One body at most. */
typedef struct tern_test_request {
    const char *json; /* a body of application/json */
    const char *form; /* a body of application/x-www-form-urlencoded: "title=Milk&done=true" */
    const void *body; /* any other body, */
    size_t len;       /* of `size` bytes (0: as long as the text) */
    const char *type; /* and this Content-Type */
    /* TERN_HEADERS("X-Token: secret"); takes precedence over what the client would send */
    const char *const *headers;
} tern_test_request;

typedef struct tern_answer_header {
    const char *name, *value;
} tern_answer_header;

typedef struct tern_answer {
    int status;
    const char *body; /* decoded of its transfer coding, with a NUL after it */
    size_t len;
    const tern_answer_header *headers; /* as sent, in order */
    unsigned header_count;
    const char *request;   /* "POST /todos", */
    const char *sent_body; /* and its content; NULL: empty */
    tern_value *json;      /* use tern_answer_json */
} tern_answer;

/**
 * Sends a request and waits for the whole answer; the test fails when none comes. Later requests of the test
 * send the cookies that answers set, where their path fits.
 */
tern_answer *tern_test_send_with(tern_test *t, const char *file, int line, const char *method,
                                 const char *path, const tern_test_request *request);
#define tern_test_send(t, method, path, ...)                                                                 \
    tern_test_send_with(t, __FILE__, __LINE__, method, path, &(tern_test_request){__VA_ARGS__})
#define tern_test_get(t, path, ...)    tern_test_send(t, "GET", path, __VA_ARGS__)
#define tern_test_post(t, path, ...)   tern_test_send(t, "POST", path, __VA_ARGS__)
#define tern_test_put(t, path, ...)    tern_test_send(t, "PUT", path, __VA_ARGS__)
#define tern_test_patch(t, path, ...)  tern_test_send(t, "PATCH", path, __VA_ARGS__)
#define tern_test_query(t, path, ...)  tern_test_send(t, "QUERY", path, __VA_ARGS__)
#define tern_test_delete(t, path, ...) tern_test_send(t, "DELETE", path, __VA_ARGS__)

/** The first header of that name (any case), or NULL. */
const char *tern_answer_header_of(const tern_answer *a, const char *name);
/** The body as a tree; NULL when it is not JSON. */
tern_value *tern_answer_json(tern_answer *a);

/** A cookie of the jar, or NULL. */
const char *tern_test_cookie(tern_test *t, const char *name);
/** Puts a cookie into the jar, for every path; NULL takes it out. */
void tern_test_set_cookie(tern_test *t, const char *name, const char *value);

/**
 * Replaces a provider for the rest of the test, wherever it is needed: by another one that gives the same
 * type (tern/provide.h), whose own input and providers it then has. A replacement that takes the provider
 * which it replaces gets the real one's value. A provider replaced by itself is the original again.
 *
 *     tern_test_provide(t, current_user, impostor);
 *
 * Fails the test when no route needs the provider.
 */
#define tern_test_provide(t, provider, replacement)                                                          \
    do {                                                                                                     \
        _Static_assert(__builtin_types_compatible_p(provider, replacement),                                  \
                       "tern_test_provide: " #replacement " gives another type than " #provider);            \
        tern_test_provide_with(t, __FILE__, __LINE__, TERN_TAKES_OF_(provider), TERN_TAKES_OF_(replacement), \
                               NULL);                                                                        \
    } while (0)
/** As tern_test_provide, by a value, which must last until the test ends or the provider is replaced again:
 * tern_test_provide_value(t, current_user, &ann). A provider of TERN_REQUIRES lets all pass: give it NULL. */
#define tern_test_provide_value(t, provider, ...)                                                            \
    tern_test_provide_with(t, __FILE__, __LINE__, TERN_TAKES_OF_(provider), NULL,                            \
                           _Generic((1 ? (__VA_ARGS__) : *(provider **)0), /* as C converts it */                   \
                               provider *: (__VA_ARGS__),                                                          \
                               default: _Generic((__VA_ARGS__),                                                    \
                                   void *: (__VA_ARGS__),                                                          \
                                   default: (struct not_a_pointer_to_what_this_provider_gives){0})))
struct not_a_pointer_to_what_this_provider_gives {
    int unused;
};
void tern_test_provide_with(tern_test *t, const char *file, int line, const tern_provider *provider,
                            const tern_provider *replacement, const void *value);
/** Gives every later request of the test a header, unless it has one of that name itself; replaces one of the
 * same name, and NULL takes it away. Both texts are copied. */
void tern_test_set_header(tern_test *t, const char *name, const char *value);

/** Memory that lasts as long as the test. */
char *tern_test_sprintf(tern_test *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Starts the application in a process of its own on a free port of 127.0.0.1, for a client that wants a
 * network, and returns its address ("http://127.0.0.1:40123") once it listens; it is ended with the test. It
 * shares nothing with the requests above, not even the rows that they wrote, unless the test `.commits`. Its
 * own writes are rolled back too.
 */
const char *tern_test_serve(tern_test *t);

/* -- checks: each that fails ends the test, with its line, the request and the difference -- */

/** Ends the test as failed. */
#define tern_test_fail(...) tern_test_fail_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void tern_test_fail_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define tern_check(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            tern_test_fail_at(__FILE__, __LINE__, "%s is false", #condition);                                \
    } while (0)
/** Two texts are the same; NULL equals only NULL. */
#define tern_check_text(seen, want) tern_check_text_at(__FILE__, __LINE__, #seen, seen, want)
#define tern_check_status(a, want)  tern_check_status_at(__FILE__, __LINE__, a, want)
/** The first header of that name has this value; NULL: the header is missing. */
#define tern_check_header(a, name, want) tern_check_header_at(__FILE__, __LINE__, a, name, want)
/** The whole body is this text. */
#define tern_check_body(a, want) tern_check_body_at(__FILE__, __LINE__, a, want)
/**
 * What the JSON Pointer (RFC 6901; "" is all of the body) leads to has the value of the JSON text `want`;
 * white space, the order of members and the spelling of numbers do not matter. NULL: it leads nowhere.
 */
#define tern_check_json(a, pointer, want) tern_check_json_at(__FILE__, __LINE__, a, pointer, want)

/** The answer has the status, the type and the JSON that its route's .returns promises, with the limits of the
 * model's fields; more than the model has is wrong, too. */
#define tern_check_returns(t, a) tern_check_returns_at(__FILE__, __LINE__, t, a)
/** Neither the body nor a header of the answer holds this text. */
#define tern_check_without(a, text) tern_check_without_at(__FILE__, __LINE__, a, text)

void tern_check_returns_at(const char *file, int line, tern_test *t, tern_answer *a);
void tern_check_without_at(const char *file, int line, const tern_answer *a, const char *text);
void tern_check_text_at(const char *file, int line, const char *what, const char *seen, const char *want);
void tern_check_status_at(const char *file, int line, const tern_answer *a, int want);
void tern_check_header_at(const char *file, int line, const tern_answer *a, const char *name,
                          const char *want);
void tern_check_body_at(const char *file, int line, const tern_answer *a, const char *want);
void tern_check_json_at(const char *file, int line, tern_answer *a, const char *pointer, const char *want);

#endif

/**
 * What handlers depend on: values that a function of the application provides for each request.
 *
 *     TERN_MODEL(Token, (const char *, token, .in = TERN_FROM_HEADER, .json = "X-Token", .optional = true))
 *
 *     TERN_PROVIDES_WITH(User, current_user, (.refuses = "401"), Token, in)
 *     {
 *         User *user = in->token != NULL ? tern_first(c, User, .where = "token = ?", ...) : NULL;
 *         if (user == NULL)
 *             tern_fail(c, 401, "no user has this token");
 *         return user;
 *     }
 *
 *     TERN_HANDLER(me, current_user, user) { return tern_json(c, User, user); }
 *
 * A handler names the provider, not the type: two providers may give a value of the same type
 * (docs/dependencies.md).
 */
#ifndef TERN_PROVIDE_H
#define TERN_PROVIDE_H

#include <tern/model.h>

typedef struct tern_ctx tern_ctx;
struct bind_plan;
struct tern_provider_means;

/** What a provider may say of itself. */
typedef struct tern_provider_options {
    bool optional;       /* it may return NULL; else NULL is a mistake: 500, and the log names the provider */
    const char *refuses; /* for documentation: the statuses of its tern_fail, "401, 404" */
    const char *security; /* for documentation: the tern_security that it asks for, as in the options of a
                             route */
} tern_provider_options;

/** What TERN_PROVIDES and TERN_REQUIRES make. */
typedef struct tern_provider {
    const char *name;
    void *(*give)(tern_ctx *c, void *const *given); /* `given`: one pointer for each pair */
    const char *file;
    int line;
    unsigned pairs;
    tern_type *input;                         /* NULL: it has none */
    const struct tern_provider *const *takes; /* one for each pair; NULL where the pair is the input */
    tern_provider_options options;
    /* how its input is read and what plans it: of the program only where there is a provider that uses it */
    void *(*read)(tern_ctx *c, const struct bind_plan *plan, tern_faults *faults);
    const struct tern_provider_means *means;
    bool is_check;       /* TERN_REQUIRES: it gives nothing */
    void (*frame)(void); /* as in tern_handler */
} tern_provider;

/**
 * Declares a provider: TERN_PROVIDES(User, current_user) { return ...; }.
 *
 * It expands to the head of a function that gets `tern_ctx *c` and returns a `User *`, and to the type name
 * `current_user`, which is another name for `User`. What follows the name are up to 7 pairs, as in TERN_HANDLER:
 * a model and what the input is called, first, and other providers and what their values are called.
 *
 * The fields of its input come from the path where the route has a {} of that name, else from the query; `.in`
 * says otherwise. A provider reads no body. Whether a field is right is checked before the provider is called.
 *
 * The function is called at most once in a request, after the providers that it takes. It may wait, tern_fail
 * and tern_defer as a handler does: what it defers runs when the handler ends. What it returns must live as long
 * as the request; it must not be NULL unless the provider is `.optional`.
 */
#define TERN_PROVIDES(T, provider, ...) TERN_PROVIDES_WITH(T, provider, () __VA_OPT__(, ) __VA_ARGS__)

/** As TERN_PROVIDES, with options third, in parentheses:
 * TERN_PROVIDES_WITH(User, current_user, (.optional = true), Token, in). */
#define TERN_PROVIDES_WITH(T, provider, provider_options, ...)                                               \
    TERN_PROVIDER(T, provider);                                                                              \
    TERN_PAIRED_(TERN_PROVIDES_, provider __VA_OPT__(, ) __VA_ARGS__)                                        \
    (T, provider, provider_options __VA_OPT__(, ) __VA_ARGS__)

/**
 * Declares a provider that gives nothing and only lets pass: TERN_REQUIRES(admin, current_user, user) {
 * if (!user->is_admin) tern_fail(c, 403, "for administrators"); }. For `.needs` of routes and groups; a handler
 * that names it in a pair gets NULL.
 */
#define TERN_REQUIRES(provider, ...) TERN_REQUIRES_WITH(provider, () __VA_OPT__(, ) __VA_ARGS__)
/** As TERN_REQUIRES, with options second, in parentheses: TERN_REQUIRES_WITH(admin, (.refuses = "403"), ...). */
#define TERN_REQUIRES_WITH(provider, provider_options, ...)                                                  \
    TERN_PROVIDER(void, provider);                                                                           \
    TERN_PAIRED_(TERN_REQUIRES_, provider __VA_OPT__(, ) __VA_ARGS__)                                        \
    (provider, provider_options __VA_OPT__(, ) __VA_ARGS__)

/** Says that TERN_PROVIDES(T, provider) is in another file, or further down: `TERN_PROVIDER(User,
 * current_user);`, best in a header. T is `void` for TERN_REQUIRES. */
#define TERN_PROVIDER(T, provider)                                                                           \
    typedef T provider;                                                                                      \
    extern const tern_provider provider##_type

/**
 * What a provider that the route needs has given, a `User *` for TERN_PROVIDES(User, current_user): for functions
 * that only get `c`, such as the hooks of a resource. NULL before it has been called, and where it failed. Fails
 * with 500 and a line in the log when the route does not need it.
 */
#define tern_provided(c, provider) ((provider *)tern_provided_(c, TERN_TAKES_OF_(provider)))

/** A list of providers for `.needs` of routes and groups: TERN_NEEDS(admin, quota). */
#define TERN_NEEDS(...) ((const tern_provider *const[]){TERN_EACH(TERN_NEED_, ~, __VA_ARGS__) NULL})

/* -- how it is done -- */

/** What Tern calls once, on a stack it looks at, to see whether the file was compiled with stack probes
 * (docs/handlers.md, "The stack"). */
__attribute__((unused, noinline)) static void tern_frame_of_file_(void)
{
    char frame[32 * 1024];
    __asm__ volatile("" : : "r"(frame) : "memory"); /* or the compiler makes it smaller */
    *(volatile char *)frame = 0;
}

void *tern_provided_(tern_ctx *c, const tern_provider *provider);
/** The request as a value of the plan's model, in the request's memory; NULL when it is not one, with what is
 * wrong added to `faults`. Fails the request for what makes it unreadable, as tern_bind does. */
void *tern_read_input_(tern_ctx *c, const struct bind_plan *plan, tern_faults *faults);
extern const struct tern_provider_means tern_provider_means_;
/** What the pairs of the running handler are given, one pointer each. */
void *const *tern_given_(tern_ctx *c);
/** The first of them. */
void *tern_given_1_(tern_ctx *c, const tern_provider *provider);

#define TERN_NEED_(unused, provider) TERN_TAKES_OF_(provider),

/* What the compiler names when a pair after the first, or one of TERN_NEEDS, is a model. */
struct this_is_a_model_where_a_provider_is_named {
    int unused;
};
#define TERN_TAKES_OF_(X)                                                                                    \
    _Generic(&X##_type,                                                                                      \
        const tern_provider *: &X##_type,                                                                    \
        default: (struct this_is_a_model_where_a_provider_is_named){0})

/* Of the first pair, which may be a model or a provider: both have a NAME_type. */
#define TERN_FIRST_TAKES_(X) _Generic(&X##_type, const tern_provider * : &X##_type, tern_type * : NULL)
#define TERN_FIRST_READ_(X)  _Generic(&X##_type, const tern_provider * : NULL, tern_type * : tern_read_input_)
#define TERN_IS_PROVIDER_(X) _Generic(&X##_type, const tern_provider * : 1, tern_type * : 0)
#define TERN_FIRST_INPUT_(X) _Generic(&X##_type, const tern_provider * : NULL, tern_type * : &X##_type)

/* TERN_PAIRED_(prefix, name, pairs...) is prefix##N for N pairs from 0 to 7, else prefix##WRONG_. */
#define TERN_PAIRED_(prefix, ...)                                                                            \
    TERN_PAIRED_PICK_(__VA_ARGS__, prefix##WRONG_, prefix##WRONG_, prefix##WRONG_, prefix##WRONG_,           \
                      prefix##7, prefix##WRONG_, prefix##6, prefix##WRONG_, prefix##5, prefix##WRONG_,       \
                      prefix##4, prefix##WRONG_, prefix##3, prefix##WRONG_, prefix##2, prefix##WRONG_,       \
                      prefix##1, prefix##WRONG_, prefix##0, ~)
#define TERN_PAIRED_PICK_(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18,   \
                          _19, chosen, ...)                                                                  \
    chosen

/* -- TERN_PROVIDES and TERN_REQUIRES of so many pairs -- */

#define TERN_PROVIDES_0(T, provider, o)                                                                      \
    static T *provider##_provide(tern_ctx *c);                                                               \
    TERN_PROVIDER_IS_(provider, o, 0, NULL, NULL, NULL, false,                                               \
                      return (void *)(uintptr_t)provider##_provide(c))                                       \
    static T *provider##_provide(tern_ctx *c __attribute__((unused)))
#define TERN_PROVIDES_1(T, p, o, ...) TERN_PROVIDES_SOME_(1, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_2(T, p, o, ...) TERN_PROVIDES_SOME_(2, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_3(T, p, o, ...) TERN_PROVIDES_SOME_(3, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_4(T, p, o, ...) TERN_PROVIDES_SOME_(4, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_5(T, p, o, ...) TERN_PROVIDES_SOME_(5, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_6(T, p, o, ...) TERN_PROVIDES_SOME_(6, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_7(T, p, o, ...) TERN_PROVIDES_SOME_(7, T, p, o, __VA_ARGS__)
#define TERN_PROVIDES_SOME_(n, T, provider, o, X, ...)                                                       \
    static T *provider##_provide(tern_ctx *c TERN_PARAMETERS_##n(X, __VA_ARGS__));                           \
    static const tern_provider *const provider##_takes[] = {TERN_TAKES_##n(X, __VA_ARGS__)};                 \
    TERN_PROVIDER_IS_(provider, o, n, TERN_FIRST_INPUT_(X), TERN_FIRST_READ_(X), provider##_takes, false,    \
                      return (void *)(uintptr_t)provider##_provide(c, given[0] TERN_GIVEN_##n))              \
    static T *provider##_provide(tern_ctx *c __attribute__((unused)) TERN_PARAMETERS_##n(X, __VA_ARGS__))
#define TERN_PROVIDES_WRONG_(T, provider, ...)                                                               \
    _Static_assert(0, "TERN_PROVIDES takes a type, a name and pairs of what is taken (up to 7): "            \
                      "TERN_PROVIDES(User, current_user, Token, in)");                                       \
    static T *provider##_provide(tern_ctx *c)

#define TERN_REQUIRES_0(provider, o)                                                                         \
    static void provider##_require(tern_ctx *c);                                                             \
    TERN_PROVIDER_IS_(provider, o, 0, NULL, NULL, NULL, true, provider##_require(c); return NULL)            \
    static void provider##_require(tern_ctx *c __attribute__((unused)))
#define TERN_REQUIRES_1(p, o, ...) TERN_REQUIRES_SOME_(1, p, o, __VA_ARGS__)
#define TERN_REQUIRES_2(p, o, ...) TERN_REQUIRES_SOME_(2, p, o, __VA_ARGS__)
#define TERN_REQUIRES_3(p, o, ...) TERN_REQUIRES_SOME_(3, p, o, __VA_ARGS__)
#define TERN_REQUIRES_4(p, o, ...) TERN_REQUIRES_SOME_(4, p, o, __VA_ARGS__)
#define TERN_REQUIRES_5(p, o, ...) TERN_REQUIRES_SOME_(5, p, o, __VA_ARGS__)
#define TERN_REQUIRES_6(p, o, ...) TERN_REQUIRES_SOME_(6, p, o, __VA_ARGS__)
#define TERN_REQUIRES_7(p, o, ...) TERN_REQUIRES_SOME_(7, p, o, __VA_ARGS__)
#define TERN_REQUIRES_SOME_(n, provider, o, X, ...)                                                          \
    static void provider##_require(tern_ctx *c TERN_PARAMETERS_##n(X, __VA_ARGS__));                         \
    static const tern_provider *const provider##_takes[] = {TERN_TAKES_##n(X, __VA_ARGS__)};                 \
    TERN_PROVIDER_IS_(provider, o, n, TERN_FIRST_INPUT_(X), TERN_FIRST_READ_(X), provider##_takes, true,     \
                      provider##_require(c, given[0] TERN_GIVEN_##n);                                        \
                      return NULL)                                                                           \
    static void provider##_require(tern_ctx *c __attribute__((unused)) TERN_PARAMETERS_##n(X, __VA_ARGS__))
#define TERN_REQUIRES_WRONG_(provider, ...)                                                                  \
    _Static_assert(0, "TERN_REQUIRES takes a name and pairs of what is taken (up to 7): "                    \
                      "TERN_REQUIRES(admin, current_user, user)");                                           \
    static void provider##_require(tern_ctx *c)

#define TERN_PROVIDER_IS_(provider, o, n, model, reader, list, gives_nothing, call)                          \
    TERN_PASTE(TERN_PROVIDER_OPTIONS_, TERN_SHAPE_(o))                                                       \
    (provider) static void *provider##_give(tern_ctx *c, void *const *given __attribute__((unused)))         \
    {                                                                                                        \
        call;                                                                                                \
    }                                                                                                        \
    TERN_STRICT_ const tern_provider provider##_type = {.name = #provider,                                   \
                                                        .give = provider##_give,                             \
                                                        .file = __FILE__,                                    \
                                                        .line = __LINE__,                                    \
                                                        .pairs = n,                                          \
                                                        .input = model,                                      \
                                                        .takes = list,                                       \
                                                        .read = reader,                                      \
                                                        .means = &tern_provider_means_,                      \
                                                        .options = {TERN_OPTIONS_(provider, o)},             \
                                                        .is_check = gives_nothing,                           \
                                                        .frame = tern_frame_of_file_};                       \
    TERN_STRICT_END_
#define TERN_PROVIDER_OPTIONS_TERN_WHOLE_(provider)
#define TERN_PROVIDER_OPTIONS_TERN_TWO_(provider) TERN_PROVIDER_OPTIONS_TERN_BARE_(provider)
#define TERN_PROVIDER_OPTIONS_TERN_BARE_(provider)                                                           \
    _Static_assert(0, "provider " #provider                                                                  \
                      ": options come before the pairs, in parentheses: (.refuses = \"401\")");

/* -- what pairs become -- */

#define TERN_PARAMETERS_1(X, x)      , X *x __attribute__((unused))
#define TERN_PARAMETERS_2(X, x, ...) TERN_PARAMETERS_1(X, x) TERN_PARAMETERS_1(__VA_ARGS__)
#define TERN_PARAMETERS_3(X, x, ...) TERN_PARAMETERS_1(X, x) TERN_PARAMETERS_2(__VA_ARGS__)
#define TERN_PARAMETERS_4(X, x, ...) TERN_PARAMETERS_1(X, x) TERN_PARAMETERS_3(__VA_ARGS__)
#define TERN_PARAMETERS_5(X, x, ...) TERN_PARAMETERS_1(X, x) TERN_PARAMETERS_4(__VA_ARGS__)
#define TERN_PARAMETERS_6(X, x, ...) TERN_PARAMETERS_1(X, x) TERN_PARAMETERS_5(__VA_ARGS__)
#define TERN_PARAMETERS_7(X, x, ...) TERN_PARAMETERS_1(X, x) TERN_PARAMETERS_6(__VA_ARGS__)

#define TERN_TAKES_1(X, x)      TERN_FIRST_TAKES_(X)
#define TERN_TAKES_2(X, x, ...) TERN_FIRST_TAKES_(X), TERN_MORE_1(__VA_ARGS__)
#define TERN_TAKES_3(X, x, ...) TERN_FIRST_TAKES_(X), TERN_MORE_2(__VA_ARGS__)
#define TERN_TAKES_4(X, x, ...) TERN_FIRST_TAKES_(X), TERN_MORE_3(__VA_ARGS__)
#define TERN_TAKES_5(X, x, ...) TERN_FIRST_TAKES_(X), TERN_MORE_4(__VA_ARGS__)
#define TERN_TAKES_6(X, x, ...) TERN_FIRST_TAKES_(X), TERN_MORE_5(__VA_ARGS__)
#define TERN_TAKES_7(X, x, ...) TERN_FIRST_TAKES_(X), TERN_MORE_6(__VA_ARGS__)
#define TERN_MORE_1(X, x)       TERN_TAKES_OF_(X)
#define TERN_MORE_2(X, x, ...)  TERN_TAKES_OF_(X), TERN_MORE_1(__VA_ARGS__)
#define TERN_MORE_3(X, x, ...)  TERN_TAKES_OF_(X), TERN_MORE_2(__VA_ARGS__)
#define TERN_MORE_4(X, x, ...)  TERN_TAKES_OF_(X), TERN_MORE_3(__VA_ARGS__)
#define TERN_MORE_5(X, x, ...)  TERN_TAKES_OF_(X), TERN_MORE_4(__VA_ARGS__)
#define TERN_MORE_6(X, x, ...)  TERN_TAKES_OF_(X), TERN_MORE_5(__VA_ARGS__)

/* What the pairs after the first are given. */
#define TERN_GIVEN_1
#define TERN_GIVEN_2 , given[1]
#define TERN_GIVEN_3 TERN_GIVEN_2, given[2]
#define TERN_GIVEN_4 TERN_GIVEN_3, given[3]
#define TERN_GIVEN_5 TERN_GIVEN_4, given[4]
#define TERN_GIVEN_6 TERN_GIVEN_5, given[5]
#define TERN_GIVEN_7 TERN_GIVEN_6, given[6]

#endif

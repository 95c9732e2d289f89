/** The values of a statement in libpq's format. */
#ifndef POSTGRES_PARAMS_H
#define POSTGRES_PARAMS_H

#include "data/engine.h"
#include "data/postgres/libpq.h"

enum { PARAMS_INLINE = 8, PARAM_BYTES = 48, PARAMS_MESSAGE_MOST = 1000 << 20 /* the server accepts 1 GiB */ };

/** On the caller's stack until its statement ends; texts are not copied. */
typedef struct params {
    const char **values;
    int *lengths, *formats;
    int count;
    char (*scratch)[PARAM_BYTES]; /* one for each value that is not text or bytes, encoded */
    const char *inline_values[PARAMS_INLINE];
    int inline_lengths[PARAMS_INLINE], inline_formats[PARAMS_INLINE];
    char inline_scratch[PARAMS_INLINE][PARAM_BYTES];
} params;

/** Checks and encodes run->args. False with run->error when one cannot be sent: too big a number, a text that
 * is not UTF-8 or contains a NUL, or more bytes than a message allows. */
bool params_bind(params *to, data_run *run);
/** Encodes a value other than text, bytes or JSON into PARAM_BYTES; the length, or -1 with `*problem`. */
int params_put(char *at, const tern_arg *arg, const char **problem);
/** The types of a statement's parameters; `types` has room for its arg_count. */
void params_types(const data_statement *statement, Oid *types);

#endif

#include "data/misuse.h"

#include "data/execute.h"

#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>

void data_misuse(tern_ctx *c, const char *format, ...)
{
    char sentence[DATA_WORDS_BYTES], label[160];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (c->data != NULL && c->data->words != NULL)
        snprintf(c->data->words, DATA_WORDS_BYTES, "%s", sentence);
    else
        tern_log(TERN_LOG_ERROR, "%s: %s", ctx_route_label(c, label, sizeof label), sentence);
    ctx_fail(c, 500, NULL);
}

#include "data/engine.h"

#include <stdarg.h>
#include <stdio.h>

bool data_refuse(data_error *error, tern_data_fault fault, const char *format, ...)
{
    va_list args;
    *error = (data_error){.fault = fault};
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return false;
}

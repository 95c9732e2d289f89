/** Files, where one system call is not enough. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/** Writes all of the data, however many calls it takes; false, with errno, when one fails. */
bool file_write_all(int fd, const void *data, size_t len);

#endif

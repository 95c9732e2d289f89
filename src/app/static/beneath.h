/** Opening files that are inside a folder, whatever their path and its symbolic links say. */
#ifndef APP_STATIC_BENEATH_H
#define APP_STATIC_BENEATH_H

#include <stdbool.h>

/**
 * Opens `path`, relative to the folder that `folder` is open on, with `flags` of open(2).
 *
 * The kernel resolves the path by openat2(2) with RESOLVE_BENEATH: no "..", no absolute path and no symbolic link
 * leads out of the folder, also if somebody renames folders meanwhile. Where the kernel (before Linux 5.6) or a sandbox
 * lacks openat2, every segment is opened by itself, and no symbolic link is followed at all.
 *
 * @return a descriptor, or -1 with errno: EXDEV for a path that leads out, ELOOP for a refused link.
 */
int beneath_open(int folder, const char *path, int flags);

/** The same with symbolic links followed wherever they lead, but for those of /proc. The path itself cannot lead out:
 * EXDEV. Where openat2 is missing, a link of /proc is followed too. */
int beneath_open_links(int folder, const char *path, int flags);

/** For tests: behaves as if the kernel had no openat2. */
void beneath_without_openat2(bool is_without);

#endif

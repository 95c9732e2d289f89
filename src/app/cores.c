#include "app/cores.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned cores_of_quota(const char *text)
{
    uint64_t quota, period;
    if (sscanf(text, "%19" SCNu64 " %19" SCNu64, &quota, &period) != 2 || quota == 0 || period == 0)
        return 0;
    uint64_t cores = quota / period + (quota % period != 0);
    return cores < UINT_MAX ? (unsigned)cores : UINT_MAX;
}

/** The first bytes of a small file as text; false when it cannot be read. */
static bool read_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, out, size - 1);
    close(fd);
    if (got < 0)
        return false;
    out[got] = '\0';
    return true;
}

/** The smallest quota of this process's group and its parents; 0 if there is none. */
static unsigned cores_of_groups(void)
{
    char group[1024], path[sizeof group + 64], quota[64];
    if (!read_text("/proc/self/cgroup", group, sizeof group))
        return 0;
    char *name = strstr(group, "0::/"); /* version 2: the one group of the unified tree */
    if (name == NULL || (name != group && name[-1] != '\n'))
        return 0;
    name += 3;
    name[strcspn(name, "\n")] = '\0';
    unsigned least = 0;
    for (;;) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", name);
        unsigned cores = read_text(path, quota, sizeof quota) ? cores_of_quota(quota) : 0;
        if (cores != 0 && (least == 0 || cores < least))
            least = cores;
        char *slash = strrchr(name, '/');
        if (slash == NULL)
            return least;
        *slash = '\0';
    }
}

unsigned cores_available(void)
{
    cpu_set_t set;
    unsigned cores = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        cores = (unsigned)CPU_COUNT(&set);
    unsigned allowed = cores_of_groups();
    return allowed != 0 && allowed < cores ? allowed : cores;
}

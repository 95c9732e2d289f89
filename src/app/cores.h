/** How many processors this process may use: what `--workers auto` means. */
#ifndef APP_CORES_H
#define APP_CORES_H

/** The CPUs of the affinity mask, bounded by the cgroup v2 quotas (cpu.max) of this process's groups: what a
 * container was given, not what the machine has. At least 1. */
unsigned cores_available(void);
/** The CPUs that the content of a cpu.max file allows ("150000 100000" is 2, a started one counts); 0 for
 * "max" and for what makes no sense. */
unsigned cores_of_quota(const char *text);

#endif

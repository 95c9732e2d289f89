/** The number of processors that this process may use: the meaning of `--workers auto`. */
#ifndef APP_CORES_H
#define APP_CORES_H

/** The CPUs of the affinity mask, bounded by the cgroup v2 quotas (cpu.max) of this process's groups: what
 * the container has, not the machine. At least 1. */
unsigned cores_available(void);
/** The CPUs that the content of a cpu.max file allows ("150000 100000" is 2: rounded up); 0 for "max" and for
 * invalid text. */
unsigned cores_of_quota(const char *text);

#endif

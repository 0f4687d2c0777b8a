/* A disk whose every fsync takes FSYNC_DELAY_MS longer: loaded before everything else (LD_PRELOAD). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slowly(int fd, const char *name) {
    const char *delay = getenv("FSYNC_DELAY_MS");
    if (delay) usleep(1000 * atoi(delay));
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}

int fsync(int fd) { return slowly(fd, "fsync"); }
int fdatasync(int fd) { return slowly(fd, "fdatasync"); }

/* What a disk can do to a program, below the folder FAULTS_ROOT: loaded before everything else (LD_PRELOAD).

   FAULTS_SWITCHES  a folder: while the file `full` is there, nothing more can be written (ENOSPC); while
                    `broken` is, nothing can be synchronised (EIO).
   FAULTS_SHADOW    a folder that gets what a power failure would leave, in the strictest reading of POSIX: of a
                    file what it held when it was synchronised last (data/INODE), of a folder the names it had
                    when it was synchronised last (names/INODE). */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int within(int fd) {
    char link[64], path[PATH_MAX];
    const char *root = getenv("FAULTS_ROOT");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    return root && length > 0 && strncmp(path, root, strlen(root)) == 0;
}

static int on(const char *name) {
    char path[PATH_MAX];
    const char *switches = getenv("FAULTS_SWITCHES");
    if (!switches) return 0;
    snprintf(path, sizeof path, "%s/%s", switches, name);
    return access(path, F_OK) == 0;
}

static void finish(char *unfinished, const char *shadow, const char *kind, ino_t inode) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/%lu", shadow, kind, (unsigned long)inode);
    rename(unfinished, path);
}

static void keep_names(int fd, const char *shadow, ino_t inode) {
    char unfinished[PATH_MAX];
    snprintf(unfinished, sizeof unfinished, "%s/names-%d", shadow, gettid());
    int again = openat(fd, ".", O_RDONLY | O_DIRECTORY);
    DIR *folder = fdopendir(again);
    FILE *out = fopen(unfinished, "w");
    if (!folder || !out) abort();
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fprintf(out, "%lu %d %s\n", (unsigned long)entry->d_ino, entry->d_type == DT_DIR, entry->d_name);
    closedir(folder);
    fclose(out);
    finish(unfinished, shadow, "names", inode);
}

static void keep_data(int fd, const char *shadow, const struct stat *about) {
    char unfinished[PATH_MAX], link[64];
    snprintf(unfinished, sizeof unfinished, "%s/data-%d", shadow, gettid());
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int in = open(link, O_RDONLY), out = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in < 0 || out < 0) abort();
    for (off_t left = about->st_size; left > 0;) {
        ssize_t done = sendfile(out, in, NULL, left);
        if (done <= 0) break;
        left -= done;
    }
    close(in);
    close(out);
    finish(unfinished, shadow, "data", about->st_ino);
}

static int synchronise(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (!within(fd)) return real(fd);
    if (on("broken")) {
        errno = EIO;
        return -1;
    }
    const char *shadow = getenv("FAULTS_SHADOW");
    struct stat about;
    /* What is kept is a copy, so the disk itself need not be waited for. */
    if (!shadow) return real(fd);
    fstat(fd, &about);
    if (S_ISDIR(about.st_mode))
        keep_names(fd, shadow, about.st_ino);
    else
        keep_data(fd, shadow, &about);
    return 0;
}

int fsync(int fd) { return synchronise(fd, "fsync"); }
int fdatasync(int fd) { return synchronise(fd, "fdatasync"); }

static int full(int fd) {
    if (!on("full") || !within(fd)) return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return full(fd) ? -1 : real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return full(fd) ? -1 : real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return full(fd) ? -1 : real(fd, data, size, at);
}

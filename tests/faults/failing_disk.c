/* Makes writing and syncing fail with EIO for as long as the file named by SEGSTUDIO_FAIL_WHILE exists.
   Only files whose name holds ".segproj" are struck, so that the test itself can go on telling. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int struck(int handle) {
    const char *flag = getenv("SEGSTUDIO_FAIL_WHILE");
    char link[64], name[4096];
    ssize_t length;
    if (flag == NULL || access(flag, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return strstr(name, ".segproj") != NULL;
}

#define FAIL_OR(handle, call) do { if (struck(handle)) { errno = EIO; return -1; } return call; } while (0)

int fsync(int handle) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    FAIL_OR(handle, real(handle));
}

int fdatasync(int handle) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    FAIL_OR(handle, real(handle));
}

ssize_t pwrite64(int handle, const void *data, size_t count, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    FAIL_OR(handle, real(handle, data, count, at));
}

ssize_t pwrite(int handle, const void *data, size_t count, off_t at) {
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    FAIL_OR(handle, real(handle, data, count, at));
}

ssize_t write(int handle, const void *data, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    FAIL_OR(handle, real(handle, data, count));
}

// Stands for a program of the JDK where there is no glibc: HOME/bin/NAME runs
// HOME/lib/glibc/NAME by the glibc loader HOME/bin/glibc-loader (jlink lets only bin be
// executable), and needs nothing itself, as it is linked statically. So a runtime that jlink
// makes carries all of it along, and runs from any folder. NAME and HOME come from the
// program's own path.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char self[PATH_MAX], loader[PATH_MAX], libraries[3 * PATH_MAX], program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return perror("/proc/self/exe"), 127;
    self[length] = '\0';
    char *name = strrchr(self, '/');
    *name++ = '\0';
    *strrchr(self, '/') = '\0';

    snprintf(loader, sizeof loader, "%s/bin/glibc-loader", self);
    snprintf(libraries, sizeof libraries, "%s/lib:%s/lib/server:%s/lib/glibc", self, self, self);
    snprintf(program, sizeof program, "%s/lib/glibc/%s", self, name);
    char **call = calloc(argc + 6, sizeof *call);
    if (!call) return 127;
    call[0] = loader;
    call[1] = "--library-path", call[2] = libraries;
    call[3] = program;
    memcpy(call + 4, argv + 1, (size_t)(argc > 0 ? argc - 1 : 0) * sizeof *call);
    execv(loader, call);
    perror(loader);
    return 127;
}

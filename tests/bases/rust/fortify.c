// glibc's checked forms of two functions, by the plain ones: Debian's libunwind.a calls them,
// musl has them not.
#include <stdarg.h>
#include <stdio.h>

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list arguments) {
    return (void)flag, vfprintf(file, format, arguments);
}

int __vsnprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format, va_list arguments) {
    return (void)flag, (void)room, vsnprintf(buffer, size, format, arguments);
}

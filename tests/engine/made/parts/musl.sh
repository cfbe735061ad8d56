# Run in /out of the stage with musl; the sources are in /src.
set -e
gcc -o hello /src/hello.c
gcc -shared -fPIC -Wl,-soname,libgreeting.so.1 -o libgreeting.so.1 /src/alone.c
gcc -o greeting /src/greeting.c ./libgreeting.so.1
cp -L /lib/ld-musl-x86_64.so.1 .
cp -L /bin/busybox .

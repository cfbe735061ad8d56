# Run in /out of the stage with glibc; the sources are in /src.
set -e
program() { # NAME SOURCE OPTIONS…: a program
    name=$1 source=$2
    shift 2
    gcc -o "$name" "/src/$source" "$@"
}
library() { # NAME SOURCE OPTIONS…: a library that is needed under its own name
    name=$1 source=$2
    shift 2
    gcc -shared -fPIC -Wl,-soname,"${name%%.in-*}" -o "$name" "/src/$source" "$@"
}
program hello hello.c
program hello-static hello.c -static
program hello-static-pie hello.c -static-pie -fPIE

# libgreeting.so.1, which stands alone, and libouter.so.1, which needs libinner.so.1.
library libgreeting.so.1 alone.c
library libinner.so.1 inner.c
library libouter.so.1 outer.c ./libinner.so.1
program greeting greeting.c ./libgreeting.so.1
program greeting-runpath greeting.c ./libgreeting.so.1 -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../lib'
program outer-runpath greeting.c ./libouter.so.1 -Wl,--enable-new-dtags,-rpath,/opt/lib -Wl,-rpath-link,.
program outer-rpath greeting.c ./libouter.so.1 -Wl,--disable-new-dtags,-rpath,/opt/lib -Wl,-rpath-link,.

program greeting-runpath-empty greeting.c ./libgreeting.so.1 -Wl,--enable-new-dtags,-rpath,:/nowhere
program greeting-rpath-empty greeting.c ./libgreeting.so.1 -Wl,--disable-new-dtags,-rpath,/nowhere:

# A library that needs nothing, and one that the kernel can start.
library libstill.so.1 inner.c -nostdlib
gcc -shared -fPIC -nostdlib -Wl,-e,start -o start.so /src/start.c

# libversion.so.1 as it was, and as the program wants it.
printf 'V_1 { global: inner; };\nV_2 { global: greeting; } V_1;\n' >new.map
printf 'V_1 { global: greeting; };\n' >old.map
cat /src/inner.c /src/alone.c >/src/both.c
library libversion.so.1 both.c -Wl,--version-script=new.map
library libversion.so.1.in-old alone.c -Wl,--version-script=old.map
program version greeting.c ./libversion.so.1

# A cache that knows of /opt/lib, as ldconfig writes it.
mkdir -p /opt/lib
cp libgreeting.so.1 /opt/lib/
ldconfig -C /out/ld.so.cache /opt/lib

cp -L /lib64/ld-linux-x86-64.so.2 /lib/x86_64-linux-gnu/libc.so.6 .
cp -L /bin/dash sh
cp -L /bin/bash bash
cp -L /lib/x86_64-linux-gnu/libtinfo.so.6 tinfo
cp -L /usr/bin/env env

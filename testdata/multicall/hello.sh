# hello.sh: run by the shell of a root.sh root in a directory with the source of GNU hello: builds and installs it.
# (The archive is older than the format of tar that BusyBox reads.)
set -eu
cd hello-*/
FORCE_UNSAFE_CONFIGURE=1 ./configure --prefix="$PWD/out" >../log 2>&1 || { tail -n 20 ../log; exit 1; }
make >>../log 2>&1 && make install >>../log 2>&1 || { tail -n 20 ../log; exit 1; }
out/bin/hello --greeting="hello from a bundle"
out/bin/hello --version | head -n 1
find out -type f | sort | while read -r file; do md5sum "$file"; done

#!/bin/sh
# deps.sh PACKAGE...: installs the Debian packages that the tests need and that are missing. Without root, without
# apt-get or with NODEPS set it leaves the machine alone, says what is missing and fails.
set -eu

have() {
	case $1 in
	gcc) command -v gcc ;;
	make) command -v make ;;
	strace) command -v strace ;;
	busybox-static) command -v busybox ;;
	libc6-dev) echo 'int main(void) { return 0; }' | gcc -static -x c -o /dev/null - ;;
	gcc-multilib) printf '#include <errno.h>\nint main(void) { return 0; }\n' | gcc -m32 -static -x c -o /dev/null - ;;
	*) dpkg -s "$1" ;;
	esac >/dev/null 2>&1
}

missing=
for package in "$@"; do
	have "$package" || missing="$missing $package"
done
test -n "$missing" || exit 0

if test -n "${NODEPS:-}" || test "$(id -u)" != 0 || ! command -v apt-get >/dev/null; then
	echo "the tests need these packages (Debian's names), which are missing:$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends $missing </dev/null; }
install || { apt-get update </dev/null && install; }

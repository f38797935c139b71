# lib.sh: what the scripts here share. Sourced.
umask 022
unset MAKEFLAGS MAKELEVEL MFLAGS

# Says how a comparison went and remembers a failure.
verdict=0
report() {
	if test "$1" = 0; then
		echo "ok    uid $(id -u)  $2"
	else
		echo "FAIL  uid $(id -u)  $2"
		verdict=1
	fi
}

# Everything below a directory: type, mode, size, content or target.
listing() {
	(cd "$1" && find . \( -type f -printf '%p %y %m %s ' -exec sh -c 'sha256sum <"$1"' - {} \; \) -o -printf '%p %y %m %l\n') |
		sort
}

# succeeded WHAT FILE: every status in FILE is 0, but that of a package's own tests, which may fail natively too.
succeeded() {
	if grep -v '^make -k check: ' "$2" | grep -qv ': 0$'; then
		report 1 "$1: natively it fails: $(tr '\n' ' ' <"$2")"
	fi
}

# same WHAT FILE FILE
same() {
	if cmp -s "$2" "$3"; then
		report 0 "$1"
	else
		report 1 "$1"
		diff "$2" "$3" | head -n 20
	fi
}

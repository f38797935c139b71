#!/bin/sh
# shell.sh TIMES: what configure scripts and makefiles do all day, TIMES times: subshells, pipes, here documents, tests,
# and small programs that read what others wrote. It runs in an empty directory.
set -eu
times=$1
i=0
while test "$i" -lt "$times"; do
	i=$((i + 1))
	cat >"in.$i" <<END
/* conftest $i */
#define HAVE_ALLOCA_H 1
#define PACKAGE "sample-$i"
int main(void) { return $i; }
END
	name=$(sed -n 's/^#define PACKAGE "\(.*\)"$/\1/p' "in.$i")
	test "$name" = "sample-$i"
	if grep '^#define HAVE_' "in.$i" >/dev/null; then
		have=$(grep -c '^#define' "in.$i" | tr -d ' ')
	fi
	(
		umask 077
		echo "name=$name have=$have" >"out.$i"
		sort "in.$i" | sed 's/[0-9]/N/g' | uniq -c >>"out.$i"
	)
	case $(wc -l <"out.$i") in
	0) exit 1 ;;
	esac
	mkdir -p "dir/sub.$((i % 8))"
	mv "out.$i" "dir/sub.$((i % 8))/out"
	test -f "dir/sub.$((i % 8))/out" && rm -f "in.$i" "no-such-file.$i"
	dir=$(dirname "dir/sub.$((i % 8))/out")
	base=$(basename "$dir" | cut -d. -f1)
	expr "$base" : 'sub' >/dev/null
done
find dir -type f | xargs cat | grep -c "^name=sample-" >/dev/null

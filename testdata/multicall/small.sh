# small.sh: run by the shell of a root.sh root in an empty directory: builds a small program as a package does, with a
# test of the compiler, generated sources, a library and an installation, most of it by applets.
set -eu
mkdir -p src include build out/bin
cat >src/main.c.in <<'END'
#include <stdio.h>
#include "words.h"
int main(void) { for (int i = 0; words[i]; i++) printf("%d %s\n", i + @BASE@, words[i]); return 0; }
END
echo 'extern const char *words[];' >include/words.h
printf '%s\n' gamma alpha beta alpha | sort | uniq >list
{
	echo 'const char *words[] = {'
	while read -r word; do echo "\"$word\","; done <list
	echo '0};'
} >src/words.c
echo 'int main(void) { return sizeof(long) == 0; }' >conftest.c
gcc -o conftest conftest.c && ./conftest && rm -f conftest conftest.c
sed "s/@BASE@/$(expr "$(wc -l <list)" + 7)/" src/main.c.in >src/main.c
cat >Makefile <<'END'
CFLAGS = -O1 -Iinclude
objects = $(patsubst src/%.c,build/%.o,src/main.c src/words.c)
all: build/program
build/program: build/main.o build/libwords.a
	gcc -o $@ build/main.o -Lbuild -lwords
build/libwords.a: build/words.o
	rm -f $@
	/usr/bin/ar cr $@ $<
build/%.o: src/%.c include/words.h
	@mkdir -p $(@D); test -d build && gcc $(CFLAGS) -c -o $@ $<
install: all
	for name in program; do cp build/$$name out/bin/$$name && chmod 755 out/bin/$$name; done
	@echo "installed $$(ls out/bin | wc -l) file"
END
make install
test -x out/bin/program
./out/bin/program | tee result | tail -n 2
find . -type f | sort | xargs md5sum
for word in one two; do basename "/a/$word" | tr a-z A-Z; done
cut -d ' ' -f 1 result | head -n 1

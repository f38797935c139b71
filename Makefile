# make            build bin/sydbox and bin/syd-trace, static
# make test       install what the tests need (as root, with apt-get), run them all; NODEPS=1 leaves the machine alone
# make demo       a sample package in the sandbox, with one violation to look at
# make install    DESTDIR and PREFIX as usual
# make lint       gofmt, go vet, staticcheck
# make fuzz       every fuzz target for FUZZTIME
# make browser    look at the pages of syd-trace with Chromium, which it installs as root
# make soak       trees that fork, race, wait and kill, for SOAK; a short form is part of make test
# make attacks    all hostile programs in all variants as all users, long races, the whole matrix of protections: an hour
# make bench      CPU and wall time against native runs and other tools; BENCH='-only REGEXP' runs a part
# make test-oldkernel  the tests under a filter that makes newer features fail as Linux 4.19, 4.14 and 4.9 would; SHORT=1
#                 for a few of them at one level
# make test-kernels    the tests in Debian's kernels from 5.10 on, in emulators, which it installs; SHORT=1: in one
# make realworld  build real packages in the sandbox, recorded and natively, and compare (needs the network, as root)

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
GO      ?= go
# Where no tag describes this tree, the commands name the commit by themselves.
VERSION ?= $(shell git describe --tags --dirty 2>/dev/null)
GOFLAGS_BUILD = -trimpath -ldflags "-s -w -X main.release=$(VERSION)"
COMMANDS = $(patsubst cmd/%/main.go,%,$(wildcard cmd/*/main.go))
FUZZTIME ?= 30s
SOAK     ?= 30m

# What the tests need: compilers for the programs in testdata, and programs that are interesting to sandbox.
TEST_PACKAGES = gcc libc6-dev make strace busybox-static git iproute2 python3 curl wget nodejs netcat-openbsd dnsutils
ifeq ($(shell uname -m),x86_64)
TEST_PACKAGES += gcc-multilib
endif

# The race detector runs on everything but the tracer's own thread and what needs a traced child to be tested: ptrace
# binds those to one OS thread, which the detector's own threads upset. Nor does it run on oracles, which compare with what
# thousands of real processes do and would take minutes.
RACE_PACKAGES = ./access/... ./arch/... ./cmd/internal/... ./dns/... ./event/... ./netres/... ./pathres/... ./policy/... \
	./record/pkgdb ./record/show ./record/trail ./sandbox/report/... ./syscalls/...

.PHONY: test-oldkernel test-kernels all build test deps demo install attacks lint fuzz browser soak bench realworld clean
all: build

build:
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build $(GOFLAGS_BUILD) -o bin/ $(addprefix ./cmd/,$(COMMANDS))

test: deps
	$(GO) test -timeout 60m ./... ./testdata/bench
	CGO_ENABLED=1 $(GO) test -race -skip Oracle -timeout 20m $(RACE_PACKAGES)

deps:
	@sh testdata/deps.sh $(TEST_PACKAGES)
	@sh testdata/multicall/fetch.sh >/dev/null

demo: build
	@sh testdata/demo/run.sh bin/sydbox

# Without Go, as root may be, what is built already is installed.
install: $(if $(shell command -v $(GO) 2>/dev/null),build,$(addprefix bin/,$(COMMANDS)))
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(addprefix bin/,$(COMMANDS)) $(DESTDIR)$(BINDIR)

$(addprefix bin/,$(COMMANDS)):
	$(MAKE) build

lint:
	@files=$$(gofmt -l .); test -z "$$files" || { echo "gofmt: $$files"; exit 1; }
	$(GO) vet ./... ./testdata/bench ./testdata/kernels/... ./testdata/realworld/oracle
	@set -e; for arch in 386 arm arm64 riscv64 ppc64le s390x loong64; do GOARCH=$$arch $(GO) vet ./...; done
	$(GO) tool staticcheck ./... ./testdata/bench ./testdata/kernels/... ./testdata/realworld/oracle

fuzz:
	@set -e; for file in $$(grep -rl '^func Fuzz' --include='*_test.go' .); do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$file); do \
			echo "$$name in $$(dirname $$file)"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$(dirname $$file); \
		done; \
	done

browser:
	@sh testdata/deps.sh chromium
	$(GO) test -count 1 -tags browser ./record/page

# Several boxes side by side: a quarter of the time each runs to a first look at what it holds, and then to the end.
soak:
	SYDBOX_SOAK=$(SOAK) $(GO) test -count 1 -timeout 0 -parallel 4 -v -run '^TestSoak' ./sandbox

attacks: deps
	ATTACKS=full $(GO) test -count 1 -timeout 180m -v -run 'TestAttacks|TestAblation|TestNetAttacks|TestNetAblation|TestOutsiders|TestExecRaces' ./sandbox

# KERNELS: flags of testdata/kernels/run, as KERNELS='-level 4.19 -suites deputy'. SHORT=1: what takes a minute or two.
test-oldkernel: deps
	$(GO) run ./testdata/kernels/run old $(if $(SHORT),-short) $(KERNELS)

# The short form boots user-mode Linux, or where that cannot run an emulator of this machine, which it installs then.
# clang builds what tests of other machines have built: Debian's cross compilers by gcc and gcc-multilib exclude each
# other.
GCC_MAJOR = $(shell gcc -dumpversion 2>/dev/null || echo 12)
BOOT_PACKAGES = qemu-system-x86 qemu-system-arm qemu-system-misc opensbi gcc gcc-multilib libc6-dev clang \
	$(foreach m,arm64 armhf riscv64,libc6-dev-$(m)-cross libgcc-$(GCC_MAJOR)-dev-$(m)-cross) \
	binutils-aarch64-linux-gnu binutils-arm-linux-gnueabihf binutils-riscv64-linux-gnu

test-kernels:
	@sh testdata/deps.sh debian-archive-keyring $(if $(SHORT),,$(BOOT_PACKAGES))
	$(GO) run ./testdata/kernels/run boot $(if $(SHORT),-short) $(KERNELS)

bench: build
	$(GO) run ./testdata/bench -sydbox bin/sydbox -syd-trace bin/syd-trace $(BENCH)

realworld: build
	sh testdata/realworld/run.sh bin/sydbox
	sh testdata/realworld/trace.sh bin/syd-trace bin/sydbox
	sh testdata/multicall/hello_roots.sh bin/sydbox

clean:
	rm -rf bin

package access

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"sydbox/arch"
)

const layoutSource = `#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#define M(member) (int)offsetof(struct msghdr, member)
int main(void)
{
	printf("[%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d]\n", M(msg_name), M(msg_namelen), M(msg_iov), M(msg_iovlen), M(msg_control),
	       M(msg_controllen), M(msg_flags), (int)sizeof(struct msghdr), (int)sizeof(struct mmsghdr),
	       (int)offsetof(struct mmsghdr, msg_len), (int)sizeof(long));
	printf("[%d,%d,%d,%d,%d,%d,%d,%d,%d,%d]\n", (int)offsetof(struct sockaddr_in, sin_port),
	       (int)offsetof(struct sockaddr_in, sin_addr), (int)sizeof(struct sockaddr_in),
	       (int)offsetof(struct sockaddr_in6, sin6_port), (int)offsetof(struct sockaddr_in6, sin6_addr),
	       (int)offsetof(struct sockaddr_in6, sin6_scope_id), (int)sizeof(struct sockaddr_in6),
	       (int)offsetof(struct sockaddr_un, sun_path), (int)sizeof(struct sockaddr_un),
	       (int)sizeof(struct sockaddr_storage));
	return 0;
}
`

// TestLayouts asks the C compiler where the members of structures are that programs hand to the kernel.
func TestLayouts(t *testing.T) {
	dir := t.TempDir()
	source, program := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(source, []byte(layoutSource), 0o644); err != nil {
		t.Fatal(err)
	}
	targets := map[string]*arch.ABI{"": nativeABI(t)}
	if runtime.GOARCH == "amd64" {
		targets = map[string]*arch.ABI{"-m64": arch.X86_64, "-m32": arch.I386}
	}
	for flag, abi := range targets {
		args := []string{"-o", program, source}
		if flag != "" {
			args = append(args, flag)
		}
		if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
			t.Fatalf("gcc %s: %v\n%s", flag, err, out)
		}
		out, err := exec.Command(program).Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(out, []byte{'\n'})
		var header, address []int
		for i, to := range []*[]int{&header, &address} {
			if err := json.Unmarshal(lines[i], to); err != nil {
				t.Fatal(err)
			}
		}
		l := layoutOf(abi)
		if got := (layout{header[0], header[1], header[2], header[3], header[4], header[5], header[6], header[7], header[8],
			header[9], header[10]}); got != l {
			t.Errorf("%s: struct msghdr is %+v, not %+v", abi, got, l)
		}
		if headerSize(abi) != header[7] || entrySize(abi) != header[8] {
			t.Errorf("%s: a header has %d bytes, an entry %d", abi, header[7], header[8])
		}
		for i, want := range []int{sinPort, sinAddr, sinSize, sinPort, sin6Addr, sin6Scope, sin6Size, sunPath, sunSize,
			storageSize} {
			if address[i] != want {
				t.Errorf("%s: number %d of addresses is %d, not %d", abi, i, address[i], want)
			}
		}
	}
}

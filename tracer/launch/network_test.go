package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer/seccomp"
)

// The test binary runs again as somebody who starts a target and as the target itself, because what is tested depends
// on who starts.
const (
	starter = "launch-test-starter"
	looker  = "launch-test-looker"
)

func TestMain(m *testing.M) {
	Init()
	switch os.Args[0] {
	case starter:
		os.Exit(startOnce(os.Args[1]))
	case looker:
		os.Exit(look(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// sight is what a target sees of itself and of the world.
type sight struct {
	Applied, User bool
	Skipped       string
	Elsewhere     bool // the socket for asking is of another namespace than the starter's

	Interfaces             []string
	Server, Name, Path     bool // those of the test's that can be reached
	Own, Own6              bool // a server of its own can
	UID, GID               int
	Caps, Bounding, Others string
	Error                  string
}

// startOnce starts a looker as the words say and prints what it saw.
func startOnce(words string) int {
	has := func(word string) bool { return slices.Contains(strings.Fields(words), word) }
	runtime.LockOSThread()
	var s sight
	fail := func(err error) int {
		s.Error = err.Error()
		text, _ := json.Marshal(s)
		fmt.Println(string(text))
		return 0
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	plan := &Plan{
		Path: "/proc/self/exe", Args: append([]string{looker}, os.Args[2:]...), NoNewPrivs: Required, Stdout: w,
		Stderr: os.Stderr,
	}
	if has("preferred") {
		plan.Network = Preferred
	}
	if has("required") {
		plan.Network = Required
	}
	if has("drop") {
		plan.Drop = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW
	}
	if has("privs") {
		plan.NoNewPrivs = Off
	}
	if has("closed") {
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	}
	if has("forbidden") {
		if err := forbid(); err != nil {
			return fail(err)
		}
	}
	if has("can") {
		if err := CanNetwork(); err != nil {
			return fail(err)
		}
	}
	shim, err := plan.Start()
	if err != nil {
		return fail(err)
	}
	defer shim.Close()
	shim.Go()
	w.Close()
	dumpable, _ := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if has("closed") != (dumpable == 0) {
		return fail(fmt.Errorf("dumpable is %d after the start", dumpable))
	}
	decodeErr := json.NewDecoder(r).Decode(&s)
	var ws unix.WaitStatus
	if _, err := unix.Wait4(shim.PID, &ws, 0, nil); err != nil {
		return fail(err)
	}
	if decodeErr != nil {
		return fail(errors.Join(shim.Failure(ws), decodeErr))
	}
	network := shim.Network()
	s.Applied, s.User = network.Applied, network.User
	if network.Skipped != nil {
		s.Skipped = network.Skipped.Error()
	}
	s.Elsewhere = network.Diag >= 0 && elsewhere(network.Diag) && elsewhere(network.Route)
	text, _ := json.Marshal(s)
	fmt.Println(string(text))
	return 0
}

// forbid is a sandbox around the starter that lets nobody make network namespaces.
func forbid() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return seccomp.Install([]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_CLONE, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.CLONE_NEWNET, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}, 0)
}

// elsewhere says whether a socket is in another network namespace than this process (SO_NETNS_COOKIE, Linux 5.14).
func elsewhere(fd int) bool {
	own, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return false
	}
	defer unix.Close(own)
	a, err := unix.GetsockoptUint64(own, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if errors.Is(err, unix.ENOPROTOOPT) {
		return true // cannot be told
	}
	b, errB := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return err == nil && errB == nil && a != b
}

// look is the target: the arguments are a port, an abstract name and the path of a socket.
func look(args []string) int {
	var s sight
	interfaces, err := net.Interfaces()
	if err != nil {
		s.Error = err.Error()
	}
	for _, i := range interfaces {
		s.Interfaces = append(s.Interfaces, fmt.Sprintf("%s %v", i.Name, i.Flags&net.FlagUp != 0))
	}
	dial := func(network, address string) bool {
		c, err := net.Dial(network, address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	s.Server, s.Name, s.Path = dial("tcp4", "127.0.0.1:"+args[0]), dial("unix", "@"+args[1]), dial("unix", args[2])
	serve := func(network, address string) bool {
		l, err := net.Listen(network, address)
		if err != nil {
			return false
		}
		defer l.Close()
		return dial(network, l.Addr().String())
	}
	s.Own, s.Own6 = serve("tcp4", "127.0.0.1:0"), serve("tcp6", "[::1]:0")
	s.UID, s.GID = os.Getuid(), os.Getgid()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		s.Error = err.Error()
	}
	field := func(name string) string {
		_, rest, _ := strings.Cut(string(status), "\n"+name+":")
		value, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(value)
	}
	s.Caps, s.Bounding = field("CapEff"), field("CapBnd")
	s.Others = field("CapPrm") + field("CapInh") + field("CapAmb")
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return 1
	}
	return 0
}

// starting runs a starter as a user.
func starting(t *testing.T, uid int, words string) sight {
	t.Helper()
	dir, err := os.MkdirTemp("", "launch")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path, name := filepath.Join(dir, "socket"), filepath.Base(dir)
	var servers []net.Listener
	for _, at := range [][2]string{{"tcp4", "127.0.0.1:0"}, {"unix", "@" + name}, {"unix", path}} {
		l, err := net.Listen(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		servers = append(servers, l)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	port := servers[0].Addr().(*net.TCPAddr).Port
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{starter, words, strconv.Itoa(port), name, path}
	if uid != os.Getuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var s sight
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		t.Fatalf("user %d, %q: %v\n%s%s", uid, words, err, out, &stderr)
	}
	return s
}

func users() []int {
	if os.Getuid() == 0 {
		return []int{0, 1000}
	}
	return []int{os.Getuid()}
}

// needNamespaces skips a test where the kernel or a sandbox around the test does not let this user have them.
func needNamespaces(t *testing.T, uid int) {
	t.Helper()
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if uid != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
	}
	if err := cmd.Run(); err != nil {
		t.Skipf("a namespace cannot be made: %v", err)
	}
}

// TestNetworkNamespace: nothing outside is reached but by a path, and all inside is as it was.
func TestNetworkNamespace(t *testing.T) {
	for _, uid := range users() {
		needNamespaces(t, uid)
		for _, words := range []string{"required", "preferred", "required closed"} {
			s := starting(t, uid, words)
			if s.Error != "" || !s.Applied || s.User != (uid != 0) || s.Skipped != "" || !s.Elsewhere {
				t.Errorf("user %d, %s: %+v", uid, words, s)
			}
			if s.Server || s.Name || !s.Path {
				t.Errorf("user %d, %s: reached the server %v, the name %v, the path %v", uid, words, s.Server, s.Name, s.Path)
			}
			if !slices.Equal(s.Interfaces, []string{"lo true"}) || !s.Own {
				t.Errorf("user %d, %s: interfaces %q, a server of its own %v", uid, words, s.Interfaces, s.Own)
			}
			if s.UID != uid || s.GID != uid {
				t.Errorf("user %d, %s: it thinks that it is %d, %d", uid, words, s.UID, s.GID)
			}
		}
		free := starting(t, uid, "")
		if free.Applied || free.User || !free.Server || !free.Name || !free.Path {
			t.Errorf("user %d, without: %+v", uid, free)
		}
		if again := starting(t, uid, "required"); again.Own6 != free.Own6 {
			t.Errorf("user %d: IPv6 inside %v, outside %v", uid, again.Own6, free.Own6)
		}
	}
}

// CanNetwork says the same as a start, and leaves no child.
func TestCanNetwork(t *testing.T) {
	for _, uid := range users() {
		needNamespaces(t, uid)
		if s := starting(t, uid, "can required closed"); s.Error != "" || !s.Applied {
			t.Errorf("user %d: %+v", uid, s)
		}
		if s := starting(t, uid, "can forbidden"); !strings.HasPrefix(s.Error, "operation not permitted: a sandbox") {
			t.Errorf("user %d, forbidden: %q", uid, s.Error)
		}
	}
}

// TestNetworkLevels: where it cannot be had, preferred goes on and says so, required does not start.
func TestNetworkLevels(t *testing.T) {
	for _, uid := range users() {
		reason := "operation not permitted: a sandbox around this one forbids network namespaces"
		if uid != 0 {
			reason = "operation not permitted: a sandbox or a chroot around this one forbids user namespaces"
		}
		want := "cannot make a network namespace: " + reason +
			`: to start without it, say [harden] network_namespace = "preferred"`
		if s := starting(t, uid, "required forbidden"); s.Error != want {
			t.Errorf("user %d: %q, want %q", uid, s.Error, want)
		}
		if s := starting(t, uid, "preferred forbidden"); s.Error != "" || s.Applied || !s.Server || s.Skipped != want {
			t.Errorf("user %d: %+v", uid, s)
		}
	}
}

// TestCapabilities: a target has none of those that are dropped, however it is started, and loses no other; in a user
// namespace it has none at all.
func TestCapabilities(t *testing.T) {
	dropped := uint64(1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW)
	hex := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, uid := range users() {
		free := starting(t, uid, "")
		for _, words := range []string{
			"drop", "drop privs", "drop required", "drop required privs", "required", "required privs",
		} {
			if strings.Contains(words, "required") {
				needNamespaces(t, uid)
			}
			want, bounding := hex(free.Caps), hex(free.Bounding)
			apart := strings.Contains(words, "required") && uid != 0
			if strings.Contains(words, "drop") {
				want &^= dropped
			}
			switch {
			case apart && strings.Contains(words, "privs"):
				bounding = 0
			case uid == 0 && strings.Contains(words, "drop"):
				bounding &^= dropped
			}
			s := starting(t, uid, words)
			if apart && bounding != 0 {
				bounding = hex(s.Bounding) // a user namespace begins with all, and no_new_privs keeps them from being had
			}
			if s.Error != "" || hex(s.Caps) != want || hex(s.Bounding) != bounding {
				t.Errorf("user %d, %s: %s of %s, want %x of %x (%s)", uid, words, s.Caps, s.Bounding, want, bounding, s.Error)
			}
			if uid != 0 && strings.Trim(s.Others, "0") != "" {
				t.Errorf("user %d, %s: permitted, inheritable, ambient: %s", uid, words, s.Others)
			}
		}
	}
}

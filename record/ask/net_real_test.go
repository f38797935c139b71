package ask

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"sydbox/record"
	"sydbox/record/trail"
	"sydbox/sandbox/probetest"
)

// download is a build that fetches something behind the maintainer's back, from 192.0.2.7, which is another machine: in
// the network namespace there is a route to it.
const download = `all: lib.txt
lib.txt:
	sh fetch.sh $@
`

const fetch = `curl --silent --connect-timeout 30 --output $1 http://192.0.2.7:8000/lib.txt || echo none > $1
python3 -c '
import socket
a = socket.create_server(("127.0.0.1", 0))
socket.create_connection(a.getsockname())
'
`

// A real make downloads by way of a shell, and has a server of its own.
func TestRealNet(t *testing.T) {
	probetest.Needs(t, "pidfd_getfd")
	if out, err := exec.Command("unshare", "--net", "true").CombinedOutput(); err != nil {
		t.Skipf("no network namespaces for this user: %v\n%s", err, out)
	}
	dir := realDir(t)
	for name, text := range map[string]string{"Makefile": download, "fetch.sh": fetch} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	const world = "ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && " +
		"ip link set v0 up && exec make"
	cmd := record.Command("unshare", "--net", "sh", "-ec", world)
	cmd.Dir, cmd.Out, cmd.Tool = dir, &out, "syd-trace test"
	if result, err := cmd.Run(); err != nil || result.Root != 0 {
		t.Fatal(err, result)
	}
	tr, err := trail.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	a := Net(tr)
	got := shown(t, a, 0)
	if a.Status() != 1 || len(a.Outside) != 1 || string(a.Outside[0].Address) != "192.0.2.7:8000" || len(a.Own) != 1 {
		t.Fatal(got)
	}
	wants(t, got, "Outside of this machine\n  192.0.2.7:8000 tcp\n    connect (begun) at ", "curl #", " < sh #", " < make #",
		"curl --silent --connect-timeout 30 --output lib.txt http://192.0.2.7:8000/lib.txt", "The command's own servers\n",
		"python3 #", `allow = ["192.0.2.7:8000"]`)
}

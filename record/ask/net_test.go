package ask

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sydbox/record/show"
)

// A build that downloads something behind the maintainer's back.
func TestNetDownload(t *testing.T) {
	a := Net(tell(t, `/b
		0 #1 born 0
		0 #1 exec /b make
		1 #2 born 1
		1 #2 exec /b/sub curl -O http://example.org/x y
		2 #2 ask example.org 192.0.2.53:53
		2 #2 ask example.org. 192.0.2.53:53
		3 #2 connect 192.0.2.7:80 tcp example.org EINPROGRESS
		3 #2 connect 192.0.2.8:80 tcp example.org ENETUNREACH
		3 #2 connect [2001:db8::7]:80 tcp example.org ENETUNREACH
		4 #2 connect 192.0.2.53:53 udp
		9 #1 exit 0`))
	if a.Status() != 1 {
		t.Error("a download is nothing")
	}
	got := shown(t, a, 78)
	wants(t, got, "Outside of this machine\n", "example.org (192.0.2.7:80, 192.0.2.8:80, [2001:db8::7]:80) tcp\n",
		"connect (begun) at +0.003s  curl #2 < make #1\n", "curl -O http://example.org/x y   in /b/sub\n",
		"connect ENETUNREACH ×2", "192.0.2.53:53 udp\n", "example.org, asked of 192.0.2.53:53\n",
		"ask ×2 at", "[connect]\n",
		`allow = ["example.org:80", "192.0.2.53:53"]`, "sends nothing by itself", "begun: ")
	lacks(t, got, "Services", "own servers")
	written(t, a)
}

// What stays on the machine is told apart: the tree's own servers, and those of others.
func TestNetInside(t *testing.T) {
	a := Net(tell(t, `/b
		0 #1 born 0
		0 #1 exec /b make check
		1 #1 bind 0.0.0.0:8080 tcp
		2 #1 listen 0.0.0.0:8080 tcp
		2 #1 bind unix:/b/sock stream
		3 #1 connect 127.0.0.1:8080 tcp
		3 #1 connect [::1]:8080 tcp
		3 #1 connect unix:/b/sock stream
		4 #1 connect 127.0.0.1:5432 tcp ECONNREFUSED
		5 #1 connect 127.0.0.1:5432 tcp EINPROGRESS
		5 #1 connect unix:/run/x* stream
		6 #1 connect abstract:$S stream
		6 #1 connect unix:/run/nscd/socket stream ENOENT
		6 #1 ask localhost 192.0.2.53:53
		9 #1 exit 0`))
	if a.Status() != 0 {
		t.Error("the loopback is outside")
	}
	if diff := cmp.Diff([]show.Bytes{"loopback:5432", `unix:/run/x\*`, "abstract: "}, a.Connect); diff != "" {
		t.Error(diff)
	}
	if len(a.Own) != 3 || len(a.Services) != 4 || len(a.Offered) != 2 || a.Bind != nil {
		t.Errorf("%+v", a)
	}
	wants(t, shown(t, a, 100),
		"Nothing outside of this machine was tried.\n\nServices of this machine\n  127.0.0.1:5432 tcp\n",
		`"abstract: "`, "The command's own servers\n", "127.0.0.1:8080", "unix:/b/sock", "Addresses that were taken\n",
		"bind at +0.001s  make #1\n", "make check   in /b\n", "listen at",
		`["loopback:5432", "unix:/run/x\\*", "abstract: "]`)
}

// A rule is a pattern in a string of TOML, whatever the name of a socket is.
func TestNetRuleText(t *testing.T) {
	a := Net(tell(t, "/b\n0 #1 born 0\n0 #1 exec /b x\n1 #1 connect unix:/r/\x01\xff*\"\\ stream\n9 #1 exit 0"))
	wants(t, shown(t, a, 0), `allow = ["unix:/r/\u0001?\\*\"\\\\"]`)
}

func TestNetNothing(t *testing.T) {
	a := Net(tell(t, "/b\n0 #1 born 0\n0 #1 exec /b true\n1 #1 exit 0"))
	if got := shown(t, a, 80); got != "Nothing used the network.\n" || a.Status() != 0 {
		t.Errorf("%q", got)
	}
}

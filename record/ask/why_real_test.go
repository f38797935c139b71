package ask

import (
	"testing"
)

// Real commands that fail, and what failed first.
func TestWhyReal(t *testing.T) {
	tests := []struct {
		name    string
		files   []string
		command []string
		first   string   // the program that failed first
		wants   []string // in this order
		lacks   []string
	}{
		{"compiler below make", []string{"Makefile", "all:\n\tgcc -c x.c\n", "x.c", "#include <zlub.h>\n"},
			[]string{"make"}, "cc1",
			[]string{"cc1 #", "failed first: exit 1", "< gcc #", "< make #1", "exit 2", "ENOENT", "zlub.h in", "directories",
				"wrote to standard error", "fatal error: zlub.h", "syd-trace missing", "syd-trace cmd"}, nil},
		{"recipe", []string{"Makefile", "all: a\na:\n\ttouch ok\n\tcp nowhere there; exit $$?\n"},
			[]string{"make"}, "cp",
			[]string{"cp #", "failed first: exit 1", "< sh #", "< make #1", "ENOENT", "nowhere", "cannot stat 'nowhere'"}, nil},
		{"ignored in a makefile", []string{"Makefile", "all:\n\t-cp nothing there\n\tcp nowhere there\n"},
			[]string{"make"}, "cp", []string{"cp nowhere there"}, nil},
		{"tests", []string{"Makefile", "all: a b c\na:\n\techo $$$$ > pid; mv pid a.pid; " +
			"until [ -e c.began ]; do sleep 0.1; done; false\nb:\n\tcp b1 b2\nc:\n\techo > c.began; " +
			"until [ -e a.pid ]; do sleep 0.1; done; read pid < a.pid; " + // c is made when b has ended, and has its place
			"while [ -d /proc/$$pid ]; do sleep 0.1; done; cp c1 c2\n"},
			[]string{"make", "-j2", "-k"}, "cp",
			[]string{"cp b1 b2", "Failed too", "false", "cp c1 c2"}, nil},
		{"signal", []string{"run.sh", "#!/bin/sh\nset -e\nsh -c 'kill -SEGV $$'\necho on\n"},
			[]string{"./run.sh"}, "sh", []string{"failed first: SIGSEGV", "The signal came from itself"}, nil},
		{"killed from beside", []string{"run.sh", "#!/bin/sh\nsleep 500 &\np=$!\nsh -c '" +
			"until read name </proc/$0/comm; [ $name = sleep ]; do sleep 0.1; done; kill -KILL $0' $p\nwait $p\n"},
			[]string{"./run.sh"}, "sleep", []string{"sleep #2 failed first: SIGKILL", "The signal came from sh #3 < run.sh #1"}, nil},
		{"not found", []string{"run.sh", "#!/bin/sh\nset -e\ntrue\nnosuchprogram -x\n"},
			[]string{"./run.sh"}, "run.sh",
			[]string{"exit 127", "ENOENT", "nosuchprogram in", "nosuchprogram: not found"}, nil},
		{"set -e", []string{"run.sh", "#!/bin/sh\nset -e\nls no1 || true\nls no2\necho on\n"},
			[]string{"./run.sh"}, "ls", []string{"ls no2", "'no2'"}, []string{"ls no1\n"}},
		{"pipeline", []string{"run.sh", "#!/bin/bash\nset -e -o pipefail\nls no1 | cat | cat\necho on\n"},
			[]string{"./run.sh"}, "ls", []string{"ls no1"}, nil},
		{"condition", []string{"run.sh", "#!/bin/sh\nif ls no1; then :; fi\nls\nls no2 || { rm -f x; exit 3; }\n"},
			[]string{"./run.sh"}, "ls", []string{"ls no2"}, nil},
		{"timeout", []string{"run.sh", "#!/bin/sh\necho up >f\ntimeout 500 tail -f f >g &\np=$!\n" +
			"until [ -s g ]; do sleep 0.1; done; kill -ALRM $p\nwait $p\n"}, // its time is over as tail runs
			[]string{"./run.sh"}, "timeout", []string{"timeout #", "exit 124", "itself ended tail #", "by SIGTERM"}, nil},
		{"directory", []string{"d/x", ""}, []string{"sh", "-c", "cat x >d || exit 5"}, "sh",
			[]string{"EISDIR", "write"}, nil},
		{"python", []string{"x.py", "import subprocess\nsubprocess.run(['ls', 'no1'])\nsubprocess.check_call(['true'])\n" +
			"open('/b/there/is/none')\n"}, []string{"python3", "x.py"}, "python3",
			[]string{"ENOENT", "read", "/b/there/is/none", "FileNotFoundError"}, []string{"ls no1"}},
		{"python's child", []string{"x.py", "import subprocess\nsubprocess.check_call(['ls', 'no1'])\n"},
			[]string{"python3", "x.py"}, "ls", []string{"ls no1", "CalledProcessError"}, nil},
		{"a loop over tests", []string{"Makefile", "check:\n\t@fail=0; for t in t1 t2 t3; do ./$$t || fail=1; done; exit $$fail\n",
			"t1", "#!/bin/sh\n", "t2", "#!/bin/sh\nmkdir /proc/no || exit 1\n", "t3", "#!/bin/sh\nls >&2\n"}, []string{"make", "check"}, "sh",
			[]string{"Failed below it before", "mkdir /proc/no", "mkdir #", "wrote to standard error", "/proc/no"}, nil},
		{"full", nil, []string{"sh", "-c", "cat /etc/passwd >/dev/full; exit $?"}, "cat", []string{"No space left"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tr, _ := recordedFiles(t, test.files, test.command...)
			a := Why(tr)
			text := shown(t, a, 120)
			if a.Status() != 0 || string(a.Chain[0].Program) != test.first {
				t.Fatalf("status %d\n%s", a.Status(), text)
			}
			t.Logf("%s", text)
			wants(t, text, test.wants...)
			lacks(t, text, test.lacks...)
		})
	}
}

// What succeeds has no reason to fail, whatever failed in it.
func TestWhyTolerated(t *testing.T) {
	tr, _ := recordedFiles(t, nil, "sh", "-c", "ls /no1 || true; ls / >/dev/null")
	a := Why(tr)
	if a.Status() != 1 || a.Tolerated != 1 {
		t.Errorf("status %d, %d tolerated", a.Status(), a.Tolerated)
	}
	wants(t, shown(t, a, 80), "succeeded", "1 process failed")
}

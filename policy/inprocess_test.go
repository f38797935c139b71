package policy

import "testing"

func TestDecideApplet(t *testing.T) {
	p := mustLoad(t, host(nil), `
extends = []
[exec]
deny = ["dd", "start-stop-daemon", "mk*", "/bin/rm", "git push"]
allow = ["mkdir ...", "mkfifo"]
`)
	for name, want := range map[string]string{
		"dd": "deny dd", "ls": "allow default", "rm": "allow default", "git": "allow default", "mknod": "deny mk*",
		"mkdir": "allow mkdir ...", "mkfifo": "deny mk*", "start-stop-daem": "deny start-stop-daemon",
		"start-stop-dae": "allow default", "": "allow default",
	} {
		d := p.DecideApplet([]byte(name))
		if got := verdict(d.Decision); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
		if d.Denied() && (d.Name == nil || string(d.Name.Text) != name) {
			t.Errorf("%q: named %v", name, d.Name)
		}
	}
	for rules, want := range map[string]bool{
		"deny = ['dd']": true, "mute = ['d*']": true, "default = 'deny'": true, "deny = ['/bin/dd', 'git push']": false,
		"warn = ['dd']": false, "allow = ['dd']": false,
	} {
		if got := mustLoad(t, host(nil), "extends = []\n[exec]\n"+rules).WatchesApplets(); got != want {
			t.Errorf("%s: %t", rules, got)
		}
	}
}

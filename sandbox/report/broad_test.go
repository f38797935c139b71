package report

import "testing"

// TestOpening: a prefix that holds the home is no directory to open, and what lies in it still has one.
func TestOpening(t *testing.T) {
	tests := []struct{ path, home, want string }{
		{"/opt/pkg/bin/x", "/home/a", "/opt/pkg"},
		{"/opt/pkg/bin/x", "/opt/pkg/home", "/opt/pkg/bin"},
		{"/opt/pkg/x", "/opt/pkg/home", "/opt/pkg/x"},
		{"/opt/pkg/home/x", "/opt/pkg/home", "/opt/pkg/home/x"},
		{"/opt/pkg/bin/x", "/opt", "/opt/pkg"},
		{"/usr/local/bin/x", "/home/a", "/usr/local"},
		{"/usr/local/bin/x", "/usr/local/a", "/usr/local/bin"},
		{"/srv/a/x", "/home/a", "/srv/a"},
		{"/srv/x", "/home/a", "/srv/x"},
		{"/sys/a/b", "/home/a", "/sys/a/b"},
	}
	for _, tt := range tests {
		if got := opening(tt.path, tt.home); got != tt.want {
			t.Errorf("%s with home %s: %s, want %s", tt.path, tt.home, got, tt.want)
		}
	}
}

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestListPrograms: a listing has every name that can be opened, or says that it does not.
func TestListPrograms(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 3000 {
		name := fmt.Sprintf("program-with-a-name-%d", i)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	names, ok := listPrograms(dir)
	if ok {
		slices.Sort(names)
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("%d names of %d", len(names), len(want))
		}
	}
	if names, ok := listPrograms(filepath.Join(dir, "nothing")); !ok || len(names) != 0 {
		t.Error("a directory that is not there has no programs")
	}
	// A procfs finds names that it does not list: threads.
	if _, ok := listPrograms("/proc"); ok {
		t.Error("the list of /proc was taken for whole")
	}
}

package main

import (
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine says where it was measured.
type Machine struct {
	CPU    string   `json:"cpu"`
	CPUs   int      `json:"cpus"`
	Kernel string   `json:"kernel"`
	Load   string   `json:"load"`
	UID    int      `json:"uid"`
	Tools  []string `json:"tools"`
}

func describe(tools []tool) Machine {
	m := Machine{CPU: "unknown CPU", CPUs: runtime.NumCPU(), Kernel: "unknown", Load: "unknown", UID: os.Getuid()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				m.CPU = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Fields(string(text))[0]
	}
	for _, t := range tools {
		if t.version != "" && !slices.Contains(m.Tools, t.version) {
			m.Tools = append(m.Tools, t.version)
		}
	}
	return m
}

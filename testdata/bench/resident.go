package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// residentName is what -only picks it by.
const residentName = "resident memory beside 1000"

// memoryOfTracees is the resident memory of sydbox, in kB, with 1,000 live tracees; 0 without sydbox.
func memoryOfTracees(tools []tool) (int, error) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == "sydbox" })
	if i < 0 {
		return 0, nil
	}
	const script = `i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; echo ready; read line; kill -KILL 0`
	argv := append(slices.Clone(tools[i].prefix), "/bin/sh", "-c", script)
	cmd := exec.Command(argv[0], argv[1:]...)
	// A group of its own, which ends with kill 0: sydbox as well.
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		stdin.Close()
		_ = cmd.Wait()
	}()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		return 0, fmt.Errorf("the tracees did not start: %q, %w", line, err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb, nil
		}
	}
	return 0, errors.New("no VmRSS in /proc/PID/status")
}

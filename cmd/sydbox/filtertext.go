package main

import (
	"fmt"
	"math"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// conditions are the tests of a clause in words; arguments count from 0, as in seccomp_data.
func conditions(tests []syscalls.Test) string {
	words := make([]string, len(tests))
	for i, t := range tests {
		relation := "=="
		if t.Not {
			relation = "!="
		}
		arg := fmt.Sprintf("arg%d", t.Arg)
		if t.Mask != math.MaxUint32 && t.Mask != math.MaxUint64 {
			arg = fmt.Sprintf("%s & %#x", arg, t.Mask)
		}
		words[i] = fmt.Sprintf("%s %s %#x", arg, relation, t.Value)
	}
	return strings.Join(words, " and ")
}

func errnoName(errno uint16) string {
	if name := unix.ErrnoName(syscall.Errno(errno)); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", errno)
}

// writeWrapped writes words in indented lines of about the width of a terminal.
func writeWrapped(out *strings.Builder, words []string) {
	const width = 100
	column := 0
	for _, word := range words {
		switch {
		case column == 0:
			out.WriteString(" ")
			column = 1
		case column+1+len(word) > width:
			out.WriteString("\n ")
			column = 1
		}
		out.WriteString(" " + word)
		column += 1 + len(word)
	}
	if column > 0 {
		out.WriteByte('\n')
	}
}

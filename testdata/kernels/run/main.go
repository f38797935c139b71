// Run tests sydbox on kernels that this machine does not have. It is started in the root of the module.
//
//	run old [-level L] [flags]        under a filter that pretends older kernels (oldk)
//	run boot [-kernel REGEXP] [flags] in real kernels of Debian's, under user-mode Linux or qemu
//
// The flags: -suites REGEXP, -run TESTS, -limit D, -all, -short and -v.
//
// It prints one line for each kernel and suite, and why tests were skipped. The exit status is 1 if anything failed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

// errFailed ends the program after all has been printed.
var errFailed = errors.New("tests failed")

func main() {
	err := errors.New("usage: run old|boot [flags]")
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "old":
			err = old(os.Args[2:])
		case "boot":
			err = boot(os.Args[2:])
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

// options are what both forms take.
type options struct {
	suites, kernels *regexp.Regexp
	limit           time.Duration
	run             string
	all, short      bool
	verbose         bool
}

// parse reads the flags. kernels is what the flag for them is called.
func parse(form, kernels string, args []string) (*options, error) {
	var o options
	var suiteText, kernelText string
	flags := flag.NewFlagSet(form, flag.ContinueOnError)
	flags.StringVar(&kernelText, kernels, ".", "only those whose names match")
	flags.StringVar(&suiteText, "suites", ".", "only the packages whose names match")
	flags.StringVar(&o.run, "run", "", "only these tests, for go test's -run, whatever a suite has by itself")
	flags.DurationVar(&o.limit, "limit", 20*time.Minute, "how long a suite may take; a slow one, three times that")
	flags.BoolVar(&o.all, "all", false, "also the suites that take long; -suites and -run mean these, too")
	flags.BoolVar(&o.short, "short", false, "the tests that take a minute or two, at one level or in one kernel")
	flags.BoolVar(&o.verbose, "v", false, "print everything that the tests print")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	o.all = o.all || suiteText != "." || o.run != ""
	var err error
	if o.suites, err = regexp.Compile(suiteText); err == nil {
		o.kernels, err = regexp.Compile(kernelText)
	}
	return &o, err
}

// chosen are the suites that the flags leave.
func (o *options) chosen() (list []suite) {
	for _, s := range suites {
		if o.suites.MatchString(s.pkg) {
			if o.run != "" {
				s.run, s.short, s.long = o.run, "", ""
			}
			list = append(list, s)
		}
	}
	return list
}

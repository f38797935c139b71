package main

import (
	"fmt"

	"sydbox/policy"
)

// mostWarnings is how many a run begins with: a policy that is shared between machines may name hundreds of programs that
// one of them does not have.
const mostWarnings = 8

// warn tells of rules that name a program which is not there: most likely a typing error, and never an error, as the
// program may be made later. What is more than most is only counted.
func warn(p *policy.Policy, most int) {
	list := p.Warnings()
	for i, w := range list {
		if i == most {
			self.Say(fmt.Sprintf("warning: and %d more: `sydbox policy show` prints them all", len(list)-i))
			return
		}
		self.Say("warning: " + w.Detail())
	}
}

package main

import "sydbox/policy"

// warn tells of rules that name a program which is not there: most likely a typing error, and never an error, as the
// program may be made later.
func warn(p *policy.Policy) {
	for _, w := range p.Warnings() {
		self.Say("warning: " + w.Detail())
	}
}

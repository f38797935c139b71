package sandbox

import (
	"sydbox/policy"
	"sydbox/tracer"
)

// Fit says whether a policy can be run here, and with what lost.
type Fit struct {
	// Profile is what the policy was asked for by.
	Profile string `json:"profile"`
	// Runs: everything that the policy requires is there.
	Runs bool `json:"runs"`
	// Missing is what it requires and is not there.
	Missing []Lack `json:"missing,omitempty"`
	// Lost is what it would have, and does without.
	Lost []Lack `json:"lost,omitempty"`
}

// Lack is a feature that is not there.
type Lack struct {
	Feature string `json:"feature"`
	// Why is what the probe saw.
	Why string `json:"why,omitempty"`
	// Lost is what that costs, Remedy what to do.
	Lost   string `json:"lost"`
	Remedy string `json:"remedy"`
}

// For says whether p can be run on a machine that has these features. name is what p was asked for by.
func (f *Features) For(name string, p *policy.Policy) *Fit {
	fit := &Fit{Profile: name, Runs: true}
	for i := range f.Features {
		feature := &f.Features[i]
		if feature.Found || feature.wanted == nil || feature.Detail == tracer.ErrUntried.Error() {
			continue // what was not tried failed for the sake of another
		}
		lack := Lack{Feature: feature.Name, Why: feature.Detail, Lost: feature.Without, Remedy: feature.Remedy}
		switch feature.wanted(p) {
		case Required:
			fit.Runs = false
			fit.Missing = append(fit.Missing, lack)
		case Preferred:
			fit.Lost = append(fit.Lost, lack)
		}
	}
	return fit
}

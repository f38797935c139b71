package sandbox

import "sydbox/policy"

// FilterOptions says what else than the filter would hold a run under p on this machine: what Start compiles it with.
func FilterOptions(p *policy.Policy) policy.FilterOptions {
	wall, err := newWall(&Cmd{Policy: p})
	if err != nil {
		return policy.FilterOptions{} // such a run would not start
	}
	return wall.filterOptions()
}

func (w *wall) filterOptions() policy.FilterOptions {
	return policy.FilterOptions{SignalsScoped: w.keepsSignalsIn()}
}

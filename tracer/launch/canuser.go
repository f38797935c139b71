package launch

// CanUser says why this process cannot make a user namespace; nil if it can. One is made for a child that executes
// nothing, with the maps of IDs that a run writes.
func CanUser() error { return CanMake(StepUsers) }

package policy

var actionNames = [...]string{"allow", "warn", "mute", "deny", "kill", "kill-tree"}

// String returns the action's key in a policy file.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "?"
}

// ActionByName returns the action with the given key.
func ActionByName(name string) (Action, bool) {
	for i, n := range actionNames {
		if n == name {
			return Action(i), true
		}
	}
	return 0, false
}

package policy

// NetworkNamespace returns harden.network_namespace: "off" unless said, "preferred" or "required". In a network
// namespace of its own the tree reaches nobody but itself, so one that is preferred is left out where a rule of
// [connect] may allow more than that: obstacle is that rule, or default. Where it is required, such a policy is not
// loaded.
func (p *Policy) NetworkNamespace() (level string, obstacle *Rule) {
	if level = p.settings.networkNamespace.or("off"); level == "preferred" {
		obstacle = p.NetHull(ConnectSection).Beyond
	}
	return level, obstacle
}

// checkNamespace is the error of a policy that requires a network namespace and allows what cannot be reached from one.
func (p *Policy) checkNamespace() *Error {
	if p.settings.networkNamespace.or("off") != "required" {
		return nil
	}
	beyond := p.NetHull(ConnectSection).Beyond
	if beyond == nil {
		return nil
	}
	return p.namespaceError(beyond, `[harden] network_namespace is "required", and nothing but the command's own `+
		"servers can be reached in one", ` or say network_namespace = "preferred" or "off"`)
}

// namespaceWarning says why there is no network namespace though one is preferred; nil if there is nothing to say.
func (p *Policy) namespaceWarning() *Error {
	_, obstacle := p.NetworkNamespace()
	if obstacle == nil {
		return nil
	}
	return p.namespaceError(obstacle, `[harden] network_namespace is "preferred", and there is none: more is allowed `+
		"than can be reached in one", ` or say network_namespace = "off"`)
}

// namespaceError points at a rule; at the setting if the rule is a default.
func (p *Policy) namespaceError(beyond *Rule, msg, otherwise string) *Error {
	for i := range p.rules {
		if &p.rules[i].Rule == beyond {
			return p.rules[i].place.fail(msg, "take the rule out,"+otherwise)
		}
	}
	msg += ", and the default of [connect] is " + quote(beyond.Action.String()) + " (" + from(beyond) + ")"
	return p.settings.networkNamespace.place.fail(msg, `set the default to "deny",`+otherwise)
}

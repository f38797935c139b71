package sandbox

import (
	"sydbox/policy"
	"sydbox/tracer/launch"
)

// spaceFeatures are the namespaces that a command can be born in.
func spaceFeatures() []Feature {
	const remedy = "allow user namespaces (user.max_user_namespaces, the container's seccomp profile), or have CAP_SYS_ADMIN"
	list := []Feature{
		spaceFeature(featureMounts, "2.4.19", launch.StepMounts, policy.NamespaceMount,
			"mounts made outside from then on are not the command's, nor are its own anybody else's"),
		spaceFeature(featurePIDs, "2.6.24", launch.StepPIDs, policy.NamespacePID,
			"processes outside have no numbers for the command, and the kernel ends all of it with the last or with sydbox"),
		spaceFeature(featureIPC, "2.6.30", launch.StepIPC, policy.NamespaceIPC,
			"System V and POSIX queues, semaphores and shared memory of others are out of reach"),
		spaceFeature(featureUTS, "2.6.19", launch.StepUTS, policy.NamespaceUTS, "the host's name is a copy of the command's own"),
	}
	for i := range list {
		list[i].Remedy = remedy
	}
	return append(list, Feature{Name: featureSetattr, Since: "5.12",
		Probe:   "mount_setattr(2) is called with nothing to do",
		Use:     "[harden] read_only: a mount and all below become read-only in one call",
		Without: "they are remounted one by one", Promise: PromiseSame,
		Remedy: "nothing is lost; Linux 5.12 or later has it",
		try:    func(*tries) (bool, string) { return succeeded(launch.CanSetattr()) },
	}, Feature{Name: featureProc, Since: "3.8",
		Probe: "a child mounts a procfs in a PID and a mount namespace of its own",
		Use:   "where both are asked for /proc shows the command's processes only",
		Without: "where one of the two is preferred /proc goes on showing the processes outside; where both are required " +
			"sydbox does not start",
		Promise: PromiseFewer,
		Remedy: "leave nothing mounted over parts of /proc, as containers have it (docker run --security-opt " +
			"systempaths=unconfined), and allow mount(2) in the container's seccomp profile",
		wanted: func(p *policy.Policy) Level {
			h := p.Hardening()
			return min(levelNamed(h.Namespaces[policy.NamespacePID]), levelNamed(h.Namespaces[policy.NamespaceMount]))
		},
		try: func(*tries) (bool, string) { return succeeded(launch.CanMountProc()) }})
}

// spaceFeature is the feature of one kind of namespace.
func spaceFeature(name, since string, step launch.Step, kind policy.Namespace, use string) Feature {
	return Feature{Name: name, Since: since, Probe: "a child that executes nothing is made in one, as a run would make it",
		Use:     "[harden] " + kind.String() + ": " + use,
		Without: "where it is preferred the command goes without; where it is required sydbox does not start",
		Promise: PromiseFewer,
		wanted: func(p *policy.Policy) Level {
			h := p.Hardening()
			level := levelNamed(h.Namespaces[kind])
			if kind == policy.NamespaceMount {
				level = max(level, coversWanted(&h))
			}
			return level
		},
		try: func(*tries) (bool, string) { return succeeded(launch.CanMake(step)) },
	}
}

// coversWanted is how much a policy wants what takes a mount namespace besides.
func coversWanted(h *policy.Hardening) Level {
	for _, paths := range h.Mounts {
		if len(paths) > 0 {
			return levelNamed(h.MountLevel)
		}
	}
	return Off
}

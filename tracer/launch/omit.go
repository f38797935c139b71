//go:build ablation

package launch

import "slices"

// Omit takes a primitive out of the plan, as if nobody had asked for it. It says whether the plan can do without: where
// it cannot, or the primitive is more than a step, somebody else has to switch it off. It is for builds that show what
// each primitive is good for.
func (p *Plan) Omit(step Step) bool {
	switch step {
	case StepNetwork:
		p.Network = Off
	case StepUsers:
		p.Users = Off
	case StepMounts:
		p.Mounts, p.MountLevel = Off, Off
	case StepRoot:
		p.Root = nil
	case StepHide:
		p.Hide = nil
	case StepReadOnly:
		p.ReadOnly = nil
	case StepPIDs:
		p.PIDs = Off
	case StepIPC:
		p.IPC = Off
	case StepUTS:
		p.UTS = Off
	case StepProc:
		p.OuterProc = true
	case StepNoNewPrivs:
		p.NoNewPrivs = Off
	case StepCapabilities:
		p.Drop, p.DropAll = 0, Off
	case StepCore:
		p.NoCore = false
	case StepLandlock:
		p.Landlock, p.LandlockLevel = nil, Off
	case StepUmask:
		p.SetUmask = false
	case StepDescriptors:
		p.InheritFDs, p.Descriptors = true, Off
	case StepCPU, StepAS, StepNofile, StepNproc, StepFsize, StepCoreSize:
		p.Limits = slices.DeleteFunc(p.Limits, func(l Limit) bool { return l.Step == step })
	default:
		return false
	}
	return true
}

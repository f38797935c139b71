package sandbox

// protection is one of the things that keep a hostile program in. The attacks of testdata/attacks are run with each of
// them off in turn: those that it stops must win then. That takes a binary built with the tag "ablation"; in any
// other, nothing can be switched off.
type protection uint8

const (
	protectPinning    protection = iota // judged calls are done by the tracer on what was judged
	protectSecondLook                   // what an exec has loaded is judged again
	protectMoves                        // rename and link must not launder
	protectCopies                       // a copy of a denied program is that program
	protectMemory                       // a call whose arguments cannot be read fails
	protectNatural                      // what the kernel would refuse anyway is refused by the tracer
	protectHeld                         // reopening a descriptor gives no more access than it has
	protectStdio                        // nor does reopening what was open at the start
	protectMembers                      // /proc/PID is the tree's own only for its members
	protectNameless                     // an object without a name in the target's root is denied
	protectSocketcall                   // the sockets of socketcall are judged like those of socket
	protectRights                       // the tracer acts with the task's rights
	protectOwned                        // `bound` is what the tree alone receives at
	protectMuffled                      // a socket that anybody may call hears this machine alone
	protectCalls                        // the filter refuses what deny_calls names
	protections
)

// protectionNames are what a switch is called.
var protectionNames = [protections]string{
	"pinning", "second-look", "moves", "copies", "memory", "natural", "held", "stdio", "members", "nameless",
	"socketcall", "rights", "owned", "muffled", denyPrimitive,
}

func (p protection) String() string { return protectionNames[p] }

package policy

// Namespace is a kind of namespace that [harden] can ask for (namespaces(7)). That of networks is apart: see
// Policy.NetworkNamespace.
type Namespace uint8

// The kinds.
const (
	NamespaceUser Namespace = iota
	NamespacePID
	NamespaceIPC
	NamespaceUTS
	NamespaceMount
	namespaces
)

var namespaceKeys = [namespaces]string{
	"user_namespace", "pid_namespace", "ipc_namespace", "uts_namespace", "mount_namespace",
}

func (n Namespace) String() string { return namespaceKeys[n] }

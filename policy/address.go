package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sydbox/access"
)

// addressKind is what sort of address a rule of [connect] or [bind] names.
type addressKind uint8

const (
	everything   addressKind = iota // `any`: every address of every family that rules judge
	internet                        // networks and ports
	hostName                        // a host by its name, and a port
	ownSockets                      // `bound`: what the tree itself holds
	localOnly                       // `local`: any internet address, heard on this machine alone
	unixPath                        // the path of a unix socket: a pattern as those of files
	abstractName                    // the name of an abstract unix socket
	family                          // making a socket of a family
)

// addressPattern is what a rule of [connect] or [bind] names. The pattern of a unix socket's path is that of the
// rule.
type addressPattern struct {
	kind addressKind
	// nets are the networks, every address if there are none; of a host those that its name led to.
	nets  []netip.Prefix
	ports portRange
	host  string    // lower case, without a dot at its end
	name  component // of an abstract socket
	// family is one of sys/socket.h.
	family uint16
}

// portRange has both ends.
type portRange struct{ low, high uint16 }

var allPorts = portRange{0, 65535}

func (r portRange) has(port uint16) bool { return r.low <= port && port <= r.high }

// narrow is higher for a range of fewer ports.
func (r portRange) narrow() uint64 { return uint64(65535 - (r.high - r.low)) }

// Networks behind names. Those of `private` are what netip.Addr.IsPrivate says (RFC 1918, RFC 4193).
var (
	loopbackNets = prefixes("127.0.0.0/8", "::1/128")
	privateNets  = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Words that a rule may begin with.
const (
	unixScheme     = "unix"
	abstractScheme = "abstract"
	familyScheme   = "family"
)

var schemes = []string{unixScheme, abstractScheme, familyScheme}

// words are the rules that consist of one word, of a section.
func addressWords(s Section) []string {
	if s == BindSection {
		return []string{"any", "local", "loopback", "private"}
	}
	return []string{"any", "bound", "loopback", "private"}
}

// addressParser reads rules of [connect] and [bind].
type addressParser struct {
	section Section
	vars    *vars
	// flag: the rule is one of the command line, where a path may be relative.
	flag     bool
	services *services
	text     string
}

// parse returns what a rule names, and of the path of a unix socket its pattern.
func (t *addressParser) parse(text string) (*addressPattern, *pattern, *problem) {
	t.text = text
	switch text {
	case "":
		return nil, nil, &problem{0, 0, "the address is empty", addressHint}
	case "any":
		return &addressPattern{kind: everything, ports: allPorts}, &pattern{}, nil
	case "loopback":
		return &addressPattern{kind: internet, nets: loopbackNets, ports: allPorts}, nil, nil
	case "private":
		return &addressPattern{kind: internet, nets: privateNets, ports: allPorts}, nil, nil
	case "bound":
		if t.section == BindSection {
			return nil, nil, t.whole(boundInBind, boundInBindHint)
		}
		return &addressPattern{kind: ownSockets}, nil, nil
	case "local":
		if t.section == ConnectSection {
			return nil, nil, t.whole("only [bind] has `local`: it says who may reach a server",
				`write "bound" for the command's own servers, "loopback" for all of this machine`)
		}
		return &addressPattern{kind: localOnly, ports: allPorts}, nil, nil
	}
	scheme, rest, _ := strings.Cut(text, ":")
	off := len(text) - len(rest)
	switch scheme {
	case unixScheme:
		return t.unixSocket(rest, off)
	case abstractScheme:
		return t.abstract(rest, off)
	case familyScheme:
		x, pr := t.family(rest, off)
		return x, nil, pr
	}
	x, pr := t.inet()
	return x, nil, pr
}

const (
	boundInBind     = "only [connect] has `bound`: it is what has been bound already"
	boundInBindHint = `write "loopback" or "local" for servers that nobody outside of this machine reaches`
)

// addressHint names the sorts of addresses.
const addressHint = `write an address as in "10.0.0.0/8:443", "[::1]:80", "*:53", "loopback" or "unix:/run/socket"`

func (t *addressParser) whole(msg, hint string) *problem { return &problem{0, len(t.text), msg, hint} }

// word is the hint for a word that is none of ours; "" if nothing is near.
func (t *addressParser) word(got string) string {
	return didYouMean(got, addressWords(t.section))
}

// unixSocket reads the pattern behind `unix:`.
func (t *addressParser) unixSocket(text string, off int) (*addressPattern, *pattern, *problem) {
	switch {
	case text == "":
		return nil, nil, &problem{off, 0, "the path is missing", `write "unix:/run/socket", or "unix:/" for every path`}
	case strings.HasPrefix(text, "@"):
		return nil, nil, t.whole("a name that begins with `@` is an abstract one", fmt.Sprintf("write %q",
			abstractScheme+":"+text[1:]))
	case !rooted(text) && !t.flag:
		name, _, _ := strings.Cut(text, "/")
		return nil, nil, &problem{off, len(name), "the path of a socket must start with `/`, `**/`, `~` or a variable",
			rootedHint("unix:", text)}
	}
	p, pr := parsePattern(text, t.vars, t.flag)
	switch {
	case pr != nil:
		pr.off += off
		pr.hint = strings.Replace(pr.hint, `write "$`, `write "unix:$`, 1)
	case p.stdio:
		pr = &problem{off, len(text), "$STDIO is no path of a socket", "what is open already is not connected to by a name"}
	}
	return &addressPattern{kind: unixPath}, p, pr
}

// abstract reads the glob behind `abstract:`. A slash is a character as any other.
func (t *addressParser) abstract(text string, off int) (*addressPattern, *pattern, *problem) {
	switch {
	case text == "":
		return nil, nil, &problem{off, 0, "the name is missing", `write "abstract:name", or "abstract:*" for every name`}
	case text[0] == '@':
		return nil, nil, &problem{off, 1, "the name of an abstract socket is written without the `@` that tools show",
			fmt.Sprintf("write %q, or `abstract:\\%s` if the name itself begins with one", "abstract:"+text[1:], text)}
	}
	l := &lexer{text: text, vars: t.vars}
	if pr := l.rest(); pr != nil {
		pr.off += off
		return nil, nil, pr
	}
	if l.missing != "" {
		return nil, &pattern{leftOut: l.missing}, nil
	}
	var tokens []token
	for _, tok := range l.tokens {
		if tok.kind == slash {
			tok.kind = literal
		}
		if n := len(tokens); tok.kind == star && n > 0 && tokens[n-1].kind == star {
			continue
		}
		tokens = append(tokens, tok)
	}
	c, pr := newComponent(tokens)
	return &addressPattern{kind: abstractName, name: c}, nil, pr
}

// family reads the name behind `family:`.
func (t *addressParser) family(text string, off int) (*addressPattern, *problem) {
	number, known := access.FamilyByName(strings.ToLower(text))
	switch {
	case t.section == BindSection:
		return nil, t.whole("only [connect] has families: they are judged when a socket is made",
			fmt.Sprintf("write %q in [connect]", t.text))
	case text == "":
		return nil, &problem{off, 0, "the name of the family is missing", `write "family:netlink" or "family:vsock"`}
	case !known:
		return nil, &problem{off, len(text), fmt.Sprintf("%q is not the name of an address family", printable(text)),
			familyHint(text)}
	case number == 0:
		return nil, &problem{off, len(text), "no socket can be of the family " + text, ""}
	}
	return &addressPattern{kind: family, family: number}, nil
}

func familyHint(got string) string {
	got = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(got), "af_"), "pf_")
	if _, known := access.FamilyByName(got); known {
		return fmt.Sprintf("did you mean %q?", got)
	}
	if hint := didYouMean(got, access.FamilyNames()); hint != "" {
		return hint
	}
	return "names are those of socket(2) without AF_, in lower case, as in family:vsock"
}

// literals counts the characters of an abstract name's glob that stand for themselves.
func (c *component) literals() int {
	if c.kind == compLiteral {
		return len(c.text)
	}
	if c.glob == nil {
		return 0
	}
	return c.glob.literalCount()
}

// vague says that the rule speaks of all of its sort, so that `any` matches as well as it does.
func (r *rule) vague() bool {
	switch r.addr.kind {
	case everything, localOnly:
		return true
	case internet:
		return len(r.addr.nets) == 0 && r.addr.ports == allPorts
	case abstractName:
		return r.addr.name.literals() == 0
	case unixPath:
		return !slices.ContainsFunc(r.pattern.comps, func(c component) bool {
			return c.kind == compLiteral || c.kind == compTree || c.kind == compGlob && c.glob.literals
		})
	}
	return false
}

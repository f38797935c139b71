package policy

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// services are the ports that have names in /etc/services. They are read when a rule first asks for one.
type services struct {
	fs    fs.FS
	ports map[string]uint16
}

// maxHostFile bounds what is read of a file below /etc.
const maxHostFile = 4 << 20

// readLines returns the lines of a file without comments, split at blanks; none if it cannot be read.
func readLines(files fs.FS, name string, comments string) (lines [][]string) {
	if files == nil {
		return nil
	}
	f, err := files.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHostFile))
	if err != nil {
		return nil
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if i := strings.IndexAny(line, comments); i >= 0 {
			line = line[:i]
		}
		if fields := strings.Fields(line); len(fields) > 0 {
			lines = append(lines, fields)
		}
	}
	return lines
}

// port returns the port of a service. Where protocols have different ports for a name, that of TCP counts.
func (s *services) port(name string) (uint16, bool) {
	if s.ports == nil {
		s.ports = make(map[string]uint16)
		for _, fields := range readLines(s.fs, "etc/services", "#") { // services(5)
			if len(fields) < 2 {
				continue
			}
			number, protocol, _ := strings.Cut(fields[1], "/")
			port, err := strconv.ParseUint(number, 10, 16)
			if err != nil {
				continue
			}
			for _, name := range append(slices.Clone(fields[2:]), fields[0]) {
				if _, known := s.ports[name]; !known || protocol == "tcp" {
					s.ports[name] = uint16(port)
				}
			}
		}
	}
	port, known := s.ports[name]
	return port, known
}

// hint goes with a name that is none of a service.
func (s *services) hint(name string) string {
	if len(s.ports) == 0 {
		return "there are no names of services in /etc/services: write the number"
	}
	known := make([]string, 0, len(s.ports))
	for service := range s.ports {
		known = append(known, service)
	}
	if hint := didYouMean(name, known); hint != "" {
		return hint
	}
	return "write a number from 0 to 65535, or a name of /etc/services"
}

// ports reads what is behind the colon. The name of a host has one port.
func (t *addressParser) ports(text part, single bool) (portRange, *problem) {
	head := t.text[:text.off]
	switch {
	case text.text == "":
		return portRange{}, &problem{text.off - 1, 1, "the port is missing", fmt.Sprintf("write %q for all ports", head+"*")}
	case text.text == "*" && single:
		return portRange{}, text.fail("the name of a host needs one port",
			"a name may lead to a machine that serves many others: write the port")
	case text.text == "*":
		return allPorts, nil
	case strings.Contains(text.text, ","):
		return portRange{}, text.fail("a rule has one port, or one range", "write a rule for each")
	}
	if port, known := t.services.port(strings.ToLower(text.text)); known {
		return portRange{port, port}, nil
	}
	low, high, isRange := strings.Cut(text.text, "-")
	if strings.Trim(text.text, "0123456789-") != "" {
		if strings.ContainsAny(text.text, "*?") {
			return portRange{}, text.fail("a port has no wildcards",
				fmt.Sprintf("write %q for all ports, or a range as in %q", head+"*", head+"8000-8099"))
		}
		return portRange{}, text.fail(fmt.Sprintf("%q is not the name of a service", printable(text.text)),
			t.services.hint(strings.ToLower(text.text)))
	}
	if !isRange {
		port, pr := t.port(text)
		if pr == nil && port == 0 && t.section == ConnectSection {
			pr = text.fail("nothing is at port 0", fmt.Sprintf("write %q for all ports", head+"*"))
		}
		return portRange{port, port}, pr
	}
	if low == "" || high == "" {
		from, to := low, high
		if from == "" {
			from = "0"
		}
		if to == "" {
			to = "65535"
		}
		return portRange{}, text.fail("a range has two ends", fmt.Sprintf("write %q", head+from+"-"+to))
	}
	var r portRange
	var pr *problem
	if r.low, pr = t.port(part{low, text.off}); pr != nil {
		return r, pr
	}
	if r.high, pr = t.port(part{high, text.off + len(low) + 1}); pr != nil {
		return r, pr
	}
	switch {
	case r.low > r.high:
		return r, text.fail("the range is empty", fmt.Sprintf("write the smaller port first: %q", head+high+"-"+low))
	case single && r.low != r.high:
		return r, text.fail("the name of a host needs one port", "write a rule for each port")
	}
	return r, nil
}

func (t *addressParser) port(text part) (uint16, *problem) {
	n, err := strconv.ParseUint(text.text, 10, 16)
	if err != nil {
		return 0, text.fail(fmt.Sprintf("%q is not a port", printable(text.text)), "ports are numbers from 0 to 65535")
	}
	return uint16(n), nil
}

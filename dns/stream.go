package dns

// Next takes the first message off a TCP stream, where each is preceded by its length (RFC 1035, 4.2.2). whole says
// that it is all there; else msg is what there is of it and rest is empty.
func Next(stream []byte) (msg, rest []byte, whole bool) {
	if len(stream) < prefixSize {
		return nil, nil, false
	}
	end := prefixSize + int(stream[0])<<8 + int(stream[1])
	if end > len(stream) {
		return stream[prefixSize:], nil, false
	}
	return stream[prefixSize:end], stream[end:], true
}

// prefixSize is the length of a message's length.
const prefixSize = 2

// Question returns the name that a query asks about, Normal, as it is sent by UDP or TCP; with the length before it or
// without, as some send that apart. It is "" if payload asks for no name.
func Question(payload []byte) string {
	if m, err := Parse(payload); err == nil && !m.Response {
		return m.Name
	}
	msg, _, _ := Next(payload)
	if m, err := Parse(msg); err == nil && !m.Response {
		return m.Name
	}
	return ""
}

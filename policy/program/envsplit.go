package program

import (
	"bytes"
	"errors"
)

// errEnvSplit is a string that env -S refuses.
var errEnvSplit = errors.New("env -S cannot split its string")

// splitEnv splits the string of env -S as GNU env does (env(1), "-S/--split-string usage in scripts"). getenv may
// be nil and may say that it does not know: then ${VAR} stays as it is. A nil value is an unset variable.
func splitEnv(text []byte, getenv func(name []byte) (value []byte, known bool)) ([][]byte, error) {
	var (
		list   [][]byte
		word   []byte
		inWord bool
	)
	end := func() {
		if inWord {
			list = append(list, word)
		}
		word, inWord = nil, false
	}
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\'' && quote != '"' || c == '"' && quote != '\'':
			inWord = true
			if quote == 0 {
				quote = c
			} else {
				quote = 0
			}
		case quote == 0 && bytes.IndexByte([]byte(" \t\n\v\f\r"), c) >= 0:
			end()
		case c == '#' && quote == 0 && !inWord:
			return list, nil
		case c == '\\':
			if i++; i == len(text) {
				return nil, errEnvSplit
			}
			stop, err := envEscape(text[i], quote, &word, &inWord, end)
			if err != nil {
				return nil, err
			}
			if stop {
				end()
				return list, nil
			}
		case c == '$' && quote != '\'':
			name, length := envVariable(text[i:])
			if length == 0 {
				return nil, errEnvSplit
			}
			value := text[i : i+length]
			if getenv != nil {
				if v, known := getenv(name); known {
					value = v
				}
			}
			inWord = inWord || value != nil // an empty value is a word, an unset one is nothing
			word = append(word, value...)
			i += length - 1
		default:
			inWord = true
			word = append(word, c)
		}
	}
	if quote != 0 {
		return nil, errEnvSplit
	}
	end()
	return list, nil
}

// envEscape handles the character behind a backslash. stop is \c: the rest does not count.
func envEscape(c, quote byte, word *[]byte, inWord *bool, end func()) (stop bool, err error) {
	if quote == '\'' && c != '\\' && c != '\'' {
		*word, *inWord = append(*word, '\\', c), true
		return false, nil
	}
	switch c {
	case '"', '#', '$', '\'', '\\':
	case '_':
		if quote == 0 {
			end()
			return false, nil
		}
		c = ' '
	case 'c':
		if quote != 0 {
			return false, errEnvSplit
		}
		return true, nil
	case 'f', 'n', 'r', 't', 'v':
		c = "\f\n\r\t\v"[bytes.IndexByte([]byte("fnrtv"), c)]
	default:
		return false, errEnvSplit
	}
	*word, *inWord = append(*word, c), true
	return false, nil
}

// envVariable reads ${NAME} and returns its length, 0 if there is none: bare $NAME is an error to env.
func envVariable(text []byte) (name []byte, length int) {
	if len(text) < 4 || text[1] != '{' {
		return nil, 0
	}
	for i := 2; i < len(text); i++ {
		c := text[i]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		switch {
		case c == '}' && i > 2:
			return text[2:i], i + 1
		case !letter && (i == 2 || c < '0' || c > '9'):
			return nil, 0
		}
	}
	return nil, 0
}

// env notes the command that env will execute. That exec will be judged by itself; this is for those who ask
// beforehand.
func (w *walk) env(f File, argv [][]byte) {
	if string(base(f.Path())) != "env" {
		return
	}
	w.id.Next = envCommand(after(argv, 1), w.getenv())
	if len(w.id.Next) > 0 {
		w.step("env will execute", w.id.Next[0], "judged by itself")
	}
}

// getenv looks variables up in the exec's environment; nil if that is not known.
func (w *walk) getenv() func([]byte) ([]byte, bool) {
	env := w.exec.Env
	if env == nil {
		return nil
	}
	return func(name []byte) ([]byte, bool) {
		for _, pair := range env {
			if key, value, ok := bytes.Cut(pair, []byte("=")); ok && bytes.Equal(key, name) {
				return value, true
			}
		}
		return nil, true
	}
}

// envCommand finds the command among env's arguments; nil if there is none or it cannot be told.
func envCommand(args [][]byte, getenv func([]byte) ([]byte, bool)) [][]byte {
	o := tables["env"]
	for splits := 0; len(args) > 0; {
		word := args[0]
		text, split := envSplitOption(args)
		if split > 0 {
			list, err := splitEnv(text, getenv)
			if splits++; err != nil || splits > maxScripts {
				return nil
			}
			args = append(list, args[split:]...)
			continue
		}
		switch kind, extra := o.read(word); {
		case kind == option && extra < len(args):
			args = args[1+extra:]
		case kind == endOfOptions || string(word) == "-":
			return withoutAssignments(args[1:])
		case kind == positional:
			return withoutAssignments(args)
		default:
			return nil
		}
	}
	return nil
}

// withoutAssignments is the command behind NAME=VALUE words.
func withoutAssignments(args [][]byte) [][]byte {
	for len(args) > 0 && bytes.IndexByte(args[0], '=') >= 0 {
		args = args[1:]
	}
	return args
}

// envSplitOption is the string of a -S at the start of args, and how many words it takes; 0 if there is none.
func envSplitOption(args [][]byte) (text []byte, taken int) {
	word := args[0]
	if rest, ok := bytes.CutPrefix(word, []byte("--split-string")); ok {
		if text, ok = bytes.CutPrefix(rest, []byte("=")); ok {
			return text, 1
		}
		if len(rest) == 0 && len(args) > 1 {
			return args[1], 2
		}
		return nil, 0
	}
	if len(word) < 2 || word[0] != '-' || word[1] == '-' {
		return nil, 0
	}
	for i := 1; i < len(word); i++ {
		switch word[i] {
		case 'i', '0', 'v': // flags may stand before it: -vS
			continue
		case 'S':
			if i+1 < len(word) {
				return word[i+1:], 1
			}
			if len(args) > 1 {
				return args[1], 2
			}
		}
		return nil, 0
	}
	return nil, 0
}

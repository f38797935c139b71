package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	words "mvdan.cc/sh/v3/shell"

	"sydbox/event"
)

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocsFlags: every question and every flag is in docs/tracing.md.
func TestDocsFlags(t *testing.T) {
	parser, err := newParser(new(commandLine))
	if err != nil {
		t.Fatal(err)
	}
	text := document(t, "docs/tracing.md")
	for _, node := range parser.Model.Children {
		if !strings.Contains(text, "`"+node.Name+"`") && !strings.Contains(text, "syd-trace "+node.Name) {
			t.Errorf("docs/tracing.md does not speak of %s", node.Name)
		}
		for _, flag := range node.Flags {
			if !strings.Contains(text, "--"+flag.Name) && (flag.Short == 0 || !strings.Contains(text, "`-"+string(flag.Short))) {
				t.Errorf("docs/tracing.md does not speak of %s --%s", node.Name, flag.Name)
			}
		}
	}
}

var examples = regexp.MustCompile(`(?m)^(?:\$ |    |# )(syd-trace (?:'#|[^|#…\n])*)`)

// TestDocsExamples: what the documents show can be typed.
func TestDocsExamples(t *testing.T) {
	n := 0
	for _, name := range []string{"README.md", "docs/tracing.md", "docs/schema.md", "docs/cookbook.md"} {
		for _, found := range examples.FindAllStringSubmatch(document(t, name), -1) {
			line, _, _ := strings.Cut(found[1], "   ") // what follows explains it
			line, _, _ = strings.Cut(line, ">")
			line, _, _ = strings.Cut(line, " 2")
			if strings.Contains(line, "QUESTION") {
				continue
			}
			args, err := words.Fields(line, nil)
			if err != nil {
				t.Errorf("%s: %s: %v", name, line, err)
				continue
			}
			n++
			tryArguments(t, name, args[1:])
		}
	}
	if n < 20 {
		t.Errorf("only %d examples were found", n)
	}
}

func tryArguments(t *testing.T, name string, args []string) {
	t.Helper()
	var cli commandLine
	parser, err := newParser(&cli)
	if err != nil {
		t.Fatal(err)
	}
	args, cli.Record.short = impliedRecord(args)
	if err = checkWords(parser, args); err == nil {
		var ctx *kong.Context
		if ctx, err = self.Parse(parser, args); err == nil && ctx.Command() == "record <cmd>" {
			err = cli.Record.validate()
		}
	}
	if err != nil {
		t.Errorf("%s: syd-trace %q: %v", name, args, err)
	}
}

// TestDocsSchema: each field that a recording can have is in the section of its line.
func TestDocsSchema(t *testing.T) {
	text := document(t, "docs/schema.md")
	for _, e := range []event.Event{
		&event.Recording{}, &event.Born{}, &event.Executed{}, &event.Used{}, &event.Reached{}, &event.Asked{},
		&event.Signalled{}, &event.Said{}, &event.Hinted{}, &event.Ended{}, &event.Finished{},
	} {
		fill(reflect.ValueOf(e).Elem())
		var fields map[string]any
		if err := json.Unmarshal(e.AppendJSON(nil), &fields); err != nil {
			t.Fatal(err)
		}
		kind := fields["type"].(string)
		_, section, ok := strings.Cut(text, "\n## `"+kind+"`\n")
		if !ok {
			t.Errorf("docs/schema.md has no section `%s`", kind)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		for name := range fields {
			if name != "v" && name != "type" && name != "at" && name != "id" && !strings.Contains(section, "`"+name+"`") {
				t.Errorf("docs/schema.md: `%s` does not speak of `%s`", kind, name)
			}
		}
	}
}

// fill sets every field to something that is written.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetInt(1)
	}
}

//go:build browser

package page

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium, spoken to over two pipes: its descriptors 3 and 4, messages ended by a zero byte.
type browser struct {
	t        testing.TB
	cmd      *exec.Cmd
	to       *os.File
	from     *bufio.Reader
	last     int
	session  string
	trouble  []string // what went wrong on the page
	requests []string // the addresses that it asked for
}

// message is a command, its result, or an event of the browser.
type message struct {
	ID        int             `json:"id,omitempty"`
	Session   string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Exception *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("these tests need the package chromium: %v", err)
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, to: ourOut, from: bufio.NewReaderSize(ourIn, 1<<20)}
	b.cmd = exec.Command(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	b.cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	t.Cleanup(func() {
		b.call("Browser.close", nil)
		ourOut.Close()
		b.cmd.Wait()
		ourIn.Close()
	})
	var target struct {
		TargetID  string `json:"targetId"`
		SessionID string `json:"sessionId"`
	}
	b.into(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	b.into(&target, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	b.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil)
	}
	return b
}

// call does a command and returns its result. Events that come meanwhile are noted.
func (b *browser) call(method string, params any) json.RawMessage {
	b.t.Helper()
	b.last++
	raw, err := json.Marshal(params)
	if err != nil {
		b.t.Fatal(err)
	}
	m := message{ID: b.last, Session: b.session, Method: method, Params: raw}
	if params == nil {
		m.Params = nil
	}
	if strings.HasPrefix(method, "Target.") || strings.HasPrefix(method, "Browser.") {
		m.Session = ""
	}
	text, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		line, err := b.from.ReadBytes(0)
		if err != nil {
			if method == "Browser.close" {
				return nil
			}
			b.t.Fatalf("%s: the browser is gone: %v", method, err)
		}
		var answer message
		if err := json.Unmarshal(line[:len(line)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID == 0 {
			b.note(&answer)
			continue
		}
		if answer.Exception != nil {
			b.t.Fatalf("%s: %s", method, answer.Exception.Message)
		}
		return answer.Result
	}
}

func (b *browser) into(result any, method string, params any) {
	b.t.Helper()
	if err := json.Unmarshal(b.call(method, params), result); err != nil {
		b.t.Fatal(err)
	}
}

// note keeps what an event tells.
func (b *browser) note(m *message) {
	switch m.Method {
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening":
		b.trouble = append(b.trouble, m.Method+": "+string(m.Params))
	case "Network.requestWillBeSent":
		var sent struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		if json.Unmarshal(m.Params, &sent) == nil {
			b.requests = append(b.requests, sent.Request.URL)
		}
	}
}

// open loads a page from a file and waits until it has drawn itself.
func (b *browser) open(page string, width, height int, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height,
		"deviceScaleFactor": 1, "mobile": false})
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{
		map[string]string{"name": "prefers-color-scheme", "value": scheme}}})
	b.call("Page.navigate", map[string]any{"url": "about:blank"})
	b.requests = nil
	b.call("Page.navigate", map[string]any{"url": "file://" + page})
	for range 600 {
		if b.eval(`(document.documentElement || document).dataset?.ready || ""`) == "yes" {
			b.settle()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatalf("the page did not draw itself: %s", b.trouble)
}

// settle waits until what was changed is on the screen.
func (b *browser) settle() {
	b.eval(`new Promise(done => setTimeout(() => requestAnimationFrame(() =>
		requestAnimationFrame(() => done(""))), 150))`)
}

// eval evaluates an expression on the page and returns its value as text.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	var result struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
		Exception json.RawMessage `json:"exceptionDetails"`
	}
	b.into(&result, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true,
		"awaitPromise": true})
	if result.Exception != nil {
		b.t.Fatalf("%s: %s", expression, result.Exception)
	}
	return fmt.Sprint(result.Result.Value)
}

// keys types text, or presses a key that has a name of more than one letter.
func (b *browser) keys(keys ...string) {
	for _, key := range keys {
		down := map[string]any{"type": "keyDown", "key": key}
		if len(key) == 1 {
			down["text"] = key
		}
		b.call("Input.dispatchKeyEvent", down)
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key})
	}
	b.settle()
}

// click clicks on a place of the window.
func (b *browser) click(x, y float64) {
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": x, "y": y, "button": "left",
			"clickCount": 1})
	}
	b.settle()
}

// picture saves what is seen, where PAGE_PICTURES names a directory for it.
func (b *browser) picture(name string) {
	dir := os.Getenv("PAGE_PICTURES")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.into(&shot, "Page.captureScreenshot", map[string]any{"format": "png"})
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

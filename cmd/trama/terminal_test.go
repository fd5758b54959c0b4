package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"trama/codec"
)

// freely is hj212 without its checksum, and with any characters in the name of a master.
func freely(t *testing.T) string {
	t.Helper()
	src, ok := codec.ShippedSource("hj212")
	if !ok {
		t.Fatal("hj212 is not shipped")
	}
	text := string(src)
	for _, r := range [][2]string{
		{`  { key = "crc", type = "checksum", algorithm = "crc-16/late-a001", as = "hex", over = "after length" },` + "\n", ""},
		{`role = "identity" }`, `role = "identity", chars = "any" }`},
		{`name  = "hj212"`, `name = "freely"`},
	} {
		if !strings.Contains(text, r[0]) {
			t.Fatalf("hj212 has no %q", r[0])
		}
		text = strings.Replace(text, r[0], r[1], 1)
	}
	text, _, _ = strings.Cut(text, "[[example]]")
	return text
}

// hostile is every control character, those that turn the direction of a text, and what is no UTF-8, around a line that
// pretends to be one of the table.
func hostile(without string) string {
	var out strings.Builder
	out.WriteString("\x1b[2J\x1b]52;c;ZXZpbA==\x07\nFAKE LINE\r\nFAKE LINE\u202egnp\u2028FAKE LINE\u009b31m\xff\xc3\x9b2J")
	for r := range rune(0xa0) {
		if unicode.IsControl(r) {
			out.WriteRune(r)
			out.WriteByte(byte(r))
		}
	}
	text := out.String()
	for _, c := range without {
		text = strings.ReplaceAll(text, string(c), "")
	}
	return text
}

// unfit says what of a text would be obeyed by a terminal, or stands at the beginning of a line and should not.
func unfit(text string) string {
	if strings.Contains(text, "\nFAKE") {
		return "a line of its own"
	}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			return fmt.Sprintf("byte %x", text[i])
		}
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)) {
			return fmt.Sprintf("%q in %q", r, text[max(0, i-20):min(len(text), i+20)])
		}
	}
	return ""
}

// What a device says never reaches a terminal as something that it obeys, whatever command shows it.
func TestNoCommandLetsADeviceControlTheTerminal(t *testing.T) {
	config := strings.Replace(twoPorts, `profile = "extended"`, "profile = \"freely.toml\"\nmax_frame_bytes = 9999", 1)
	p := serveWith(t, config, map[string]string{"freely.toml": freely(t)})
	p.write("masters.csv", "serial,name\n12345678,Pump\n")
	serial := "M\x1b[2J\nFAKE LINE\u202e\u009b31m\xff\x9b2J\r\x7f\xc3" // 64 bytes at most
	frame := func(n int) []byte {
		body := fmt.Sprintf("QN=%017d;ST=51;CN=2011;MN=%s;Flag=5;CP=&&%s=1,@x=%s;a=+1+1&&", n, serial, "N"+hostile("=,;&"), "=V"+hostile(",;&="))
		return fmt.Appendf(nil, "##%04d%s\r\n", len(body), body)
	}
	device := p.dial("field")
	device.send(frame(1))
	device.receive(10)
	device.send([]byte("noise" + hostile("#")))
	stop, sent := make(chan struct{}), sync.WaitGroup{}
	sent.Go(func() { // for the commands that follow
		for n := 2; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				_, _ = device.Write(frame(n)) // that it arrives is seen below
			}
		}
	})
	seen := map[string]string{}
	eachCommand((&app{}).root(), func(path string, command *cobra.Command) {
		for _, more := range formsOf(command) {
			args := strings.Fields(path)
			for _, arg := range argumentsOf[path] {
				switch {
				case arg == "12345678":
					arg = serial
				case filepath.Ext(arg) == ".csv" && path == "export":
					arg = "-"
				case filepath.Ext(arg) != "":
					arg = p.file(arg)
				}
				args = append(args, arg)
			}
			if path == "kick" || path == "forget" || path == "simulate" || path == "suspend" || path == "fault" || path == "restart" {
				continue // they show nothing of a device
			}
			args = append(args, more...)
			args = append(args, "--config", p.file("config.toml"))
			if command.Flags().Lookup("admin") != nil {
				args = append(args, "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token"))
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			out, done, watched := &logBuffer{}, make(chan struct{}), sync.WaitGroup{}
			if path == "watch" || slices.Contains(more, "--follow") { // they end when they are told to
				watched.Go(func() {
					defer cancel()
					for end := time.Now().Add(patience / 40); path == "watch" && !out.has("FAKE LINE") || time.Now().Before(end); {
						select {
						case <-done:
							return
						case <-time.After(time.Millisecond):
						}
					}
				})
			}
			run(ctx, args, strings.NewReader(""), out, out)
			close(done)
			watched.Wait()
			cancel()
			if bad := unfit(out.String()); bad != "" {
				t.Errorf("trama %s %s: %s", path, more, bad)
			}
			seen[path+" "+strings.Join(more, " ")] = out.String()
		}
	})
	close(stop)
	sent.Wait()
	for _, c := range []string{"masters ", "masters --json", "history ", "history --frames", "history --format csv", "history --json", "watch ", "watch --json", "export ",
		"events ", "events --json", "tree ", "tree --json", "connections ", "connections --json"} {
		if !strings.Contains(seen[c], "FAKE LINE") {
			t.Errorf("trama %s shows nothing of the device: %.300s", c, seen[c])
		}
	}
	for _, c := range []string{"history --format csv", "export "} {
		if strings.Contains(seen[c], ",=V") || !strings.Contains(seen[c], ",'=V") || !strings.Contains(seen[c], ",+1+1") && !strings.Contains(seen[c], ",'+1+1") {
			t.Errorf("trama %s has a formula", c)
		}
	}
	p.end()
	if bad := unfit(p.log.String()); bad != "" {
		t.Errorf("the log: %s", bad)
	}
}

// formsOf are the ways in which a command shows what it shows.
func formsOf(c *cobra.Command) [][]string {
	forms := [][]string{{}}
	for _, form := range [][]string{{"--json"}, {"--frames"}, {"--format", "csv"}, {"--follow"}, {"--follow", "--json"}} {
		if c.Flags().Lookup(strings.TrimPrefix(form[0], "--")) != nil {
			forms = append(forms, form)
		}
	}
	return forms
}

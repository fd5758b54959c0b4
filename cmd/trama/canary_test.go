package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"trama/codec"
	"trama/codec/protect"
	"trama/keys"
)

// canaries are secrets in every form in which they could be seen.
type canaries map[string]string // form → what it is

// key adds a device key, whole and its halves.
func (c canaries) key(name string, k protect.Key) {
	raw := k.Bytes()
	for what, part := range map[string][]byte{name: raw, name + ", first half": raw[:8], name + ", second half": raw[8:]} {
		c[string(part)] = what + ", raw"
		c[fmt.Sprintf("%x", part)] = what + ", hex"
		c[fmt.Sprintf("%X", part)] = what + ", hex in capitals"
		c[strings.Trim(fmt.Sprint(part), "[]")] = what + ", as Go prints bytes"
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			c[e.EncodeToString(part)] = what + ", base64"
		}
		if len(part) == 8 {
			c[fmt.Sprintf("%#x", binary.LittleEndian.Uint64(part))] = what + ", as a word in a trace"
			c[fmt.Sprintf("{%#x, %#x, %#x, %#x", part[0], part[1], part[2], part[3])] = what + ", as an argument in a trace"
		}
	}
}

// look fails the test when a secret stands in what somebody can see.
func (c canaries) look(t *testing.T, where string, seen []byte) {
	t.Helper()
	for form, what := range c {
		if bytes.Contains(seen, []byte(form)) {
			t.Errorf("%s shows the %s", where, what)
		}
	}
}

// lookAtFiles looks at every file below a directory but those that are to hold secrets.
func (c canaries) lookAtFiles(t *testing.T, dir string, but ...string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		relative, _ := filepath.Rel(dir, file)
		if slices.Contains(but, relative) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err == nil {
			n++
			c.look(t, "the file "+relative, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCanariesAreFoundInEveryForm(t *testing.T) {
	c, k := canaries{}, keys.Generate()
	c.key("key", k)
	raw := k.Bytes()
	for _, text := range []string{string(raw), fmt.Sprintf("%x", raw), fmt.Sprintf("x%Xy", raw[:8]), fmt.Sprint(raw), fmt.Sprintf("%v", [16]byte(raw)),
		base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw)} {
		found := false
		for form := range c {
			found = found || strings.Contains(text, form)
		}
		if !found {
			t.Errorf("not found in %q", text)
		}
	}
}

// argumentsOf says how the canary calls commands that need arguments.  A command that is not named here is called without.
var argumentsOf = map[string][]string{
	"approve":           {"12345678"},
	"cancel":            {"1"},
	"command":           {"1"},
	"cursors set":       {"canary"},
	"cursors remove":    {"canary"},
	"decode":            {"--profile", "extended", "0013010000000012345678010273000041ac0000"},
	"encode":            {"--profile", "extended", "A", "SD=12345678", "NUT=101", "TS=20261123153334", "RFC=1", "SC=2", "CC=3"},
	"explain":           {"--profile", "extended", "0013010000000012345678010273000041ac0000"},
	"export":            {"export.csv"},
	"fault":             {"trama/registry"},
	"forget":            {"77777777"},
	"history":           {"12345678"},
	"journal backup":    {"backup.db"},
	"journal restore":   {"backup.db"},
	"keys add":          {"00000008", "--hex", "-"},
	"keys import":       {"import.csv"},
	"keys remove":       {"00000002"},
	"keys rotate":       {"--all"},
	"keys qr":           {"12345678"},
	"kick":              {"1"},
	"masters import":    {"masters.csv"},
	"profile doc":       {"extended"},
	"profile dissector": {"extended"},
	"profile points":    {"extended"},
	"profile show":      {"extended"},
	"restart":           {"trama/registry"},
	"settings":          {"12345678"},
	"resume":            {"field"},
	"send":              {"12345678", "A", "--wait", "100ms"},
	"shadow":            {"field"},
	"simulate":          {"--masters", "1", "--duration", "100ms"},
	"suspend":           {"compact"},
	"token add":         {"canary", "--role", "read"},
	"token revoke":      {"canary"},
}

// eachCommand visits the commands that do something, in the order of their names.
func eachCommand(c *cobra.Command, visit func(path string, c *cobra.Command)) {
	for _, below := range c.Commands() {
		eachCommand(below, visit)
	}
	if _, path, _ := strings.Cut(c.CommandPath(), " "); c.Runnable() && path != "" && path != "serve" {
		visit(path, c)
	}
}

// No command, route, log line, trace of a fault or file shows a key or the admin token, whatever was done with keys before.
func TestNothingShowsAKey(t *testing.T) {
	const imported = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	p := serve(t, "[log]\nlevel = \"trace\"\n"+withKeys)
	p.write("given", deviceKey)
	p.write("import.csv", "00000007,"+imported+"\n")
	p.write("masters.csv", "serial,name\n12345678,Pump\n")
	p.keys(strings.ToUpper(deviceKey), "add", "12345678", "--hex", "-").want(t, 0)
	p.keys("", "add", "00000001", "--file", p.file("given")).want(t, 0)
	p.keys("", "add", "00000002", "--generate", "--suite", "10").want(t, 0)
	p.keys("", "rotate", "00000001").want(t, 0)
	c := canaries{}
	store, err := keys.Open(p.file("data/keys"))
	if err != nil {
		t.Fatal(err)
	}
	for _, serial := range store.Serials() {
		e, _ := store.Key(serial)
		c.key("key of "+serial, e.Key)
		c.key("next key of "+serial, e.Newest())
	}
	if k, err := protect.ParseKey(imported); err == nil {
		c.key("imported key", k)
	}
	token, err := os.ReadFile(p.file("data/admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	c[strings.TrimSpace(string(token))] = "admin token"

	trafficUnderKeys(t, p.addresses.Listeners["field"], store)
	p.cli("fault", "trama/listeners/field", "--on-frame")
	p.eachRoute(c, strings.TrimSpace(string(token)))
	eachCommand((&app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}).root(), func(path string, command *cobra.Command) {
		p.canary(c, path, command)
	})
	trafficUnderKeys(t, p.addresses.Listeners["field"], store)
	p.end()
	c.look(t, "the log", []byte(p.log.String()))
	if !p.log.has("keys read", "fault") {
		t.Error("the log does not show what was done")
	}
	if n := c.lookAtFiles(t, p.dir, "data/keys", "data/admin.token", "given", "import.csv"); n < 5 {
		t.Errorf("%d files were looked at", n)
	}
}

// canary calls a command in each of its forms and looks at what it prints.
func (p *program) canary(c canaries, path string, command *cobra.Command) {
	p.t.Helper()
	flags := []string{"--config", p.file("config.toml")}
	if command.Flags().Lookup("admin") != nil {
		flags = append(flags, "--admin", p.addresses.Admin, "--token-file", p.file("data/admin.token"))
	}
	variants := [][]string{{}, {"--help"}}
	if command.Flags().Lookup("json") != nil {
		variants = append(variants, []string{"--json"})
	}
	for _, variant := range variants {
		args := append(strings.Fields(path), variant...)
		for _, arg := range argumentsOf[path] {
			if filepath.Ext(arg) != "" { // files lie beside the configuration
				arg = p.file(arg)
			}
			args = append(args, arg)
		}
		if path == "simulate" {
			args = append(args, "--address", p.addresses.Listeners["field"])
		}
		limit := patience
		if path == "watch" { // for ever
			limit = time.Second
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		var out bytes.Buffer
		code := run(ctx, append(args, flags...), strings.NewReader(deviceKey), &out, &out)
		cancel()
		c.look(p.t, "trama "+strings.Join(args, " "), out.Bytes())
		if code == exitUsage {
			p.t.Errorf("trama %s is called wrongly: argumentsOf must say how\n%s", strings.Join(args, " "), out.String())
		}
	}
}

// eachRoute asks for every page that the table of routes has.
func (p *program) eachRoute(c canaries, token string) {
	p.t.Helper()
	src, err := os.ReadFile("internal/admin/routes.go")
	if err != nil {
		p.t.Fatal(err)
	}
	routes := regexp.MustCompile(`\{"(GET|POST|PUT|DELETE) (/[^"]*)"`).FindAllStringSubmatch(string(src), -1)
	if len(routes) < 40 {
		p.t.Errorf("%d routes are known", len(routes))
	}
	for _, r := range routes {
		path := strings.NewReplacer("{serial}", "12345678", "{id}", "1", "{name}", "field", "{path...}", "trama/registry/fault").Replace(r[2])
		for _, query := range []string{"", "?follow=true", "?format=text", "?limit=5"} {
			limit := patience
			if strings.Contains(path, "watch") || strings.Contains(query, "follow") { // for ever
				limit = time.Second
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			request, err := http.NewRequestWithContext(ctx, r[1], p.addresses.Admin+path+query, strings.NewReader("{}"))
			if err != nil {
				p.t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				p.t.Fatal(err)
			}
			text, _ := io.ReadAll(answer.Body) // what has come is enough
			_ = answer.Body.Close()
			cancel()
			if bytes.Contains(text, []byte("no such page")) {
				p.t.Errorf("%s %s: there is no such page", r[1], path)
			}
			c.look(p.t, r[1]+" "+path+query, text)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// trafficUnderKeys sends frames as good and as bad devices do: plain, under each key, under a wrong one, damaged.
func trafficUnderKeys(t *testing.T, address string, store *keys.Store) {
	t.Helper()
	extended, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	for n, serial := range append(store.Serials(), "77777777") {
		e, _ := store.Key(serial)
		plain := fromHex(t, "00250100000000"+serial+"0102036d0020261123143000"+fmt.Sprintf("%08d", n)+"0041ac0000")
		for _, suite := range []protect.Suite{protect.None, protect.Auth24, protect.Enc24, protect.CCM8, protect.CCM16} {
			for i, key := range []protect.Key{e.Key, e.Newest(), keys.Generate()} {
				frame, err := extended.Protect(nil, plain, &protect.Protection{Suite: suite, Key: key, Epoch: 3, Counter: uint32(100*n + i)})
				if err != nil {
					t.Fatal(err)
				}
				damaged := bytes.Clone(frame)
				damaged[len(damaged)-1] ^= 1
				conn, err := net.Dial("tcp", address)
				if err != nil {
					return // the port is suspended
				}
				_, _ = conn.Write(plain) // the gateway may have closed it before the last
				_, _ = conn.Write(frame)
				_, _ = conn.Write(damaged)
				_ = conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		}
	}
}

// A trace of all goroutines, as a crash prints it, has no key among the arguments of the functions; and no core is dumped.
func TestATraceOfAllGoroutinesShowsNoKey(t *testing.T) {
	dir := t.TempDir()
	p := startProcessWith(t, dir, withKeys)
	flags := []string{"--config", filepath.Join(dir, "config.toml"), "--admin", p.addresses.Admin}
	command(t, deviceKey, append([]string{"keys", "add", "12345678", "--hex", "-"}, flags...)...).want(t, 0, "the daemon has taken it over")
	store, err := keys.Open(filepath.Join(dir, "data/keys"))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := store.Key("12345678")
	c := canaries{}
	c.key("key", e.Key)
	frames, under := framesUnderKey(t, &e.Key), 0
	const traces = 20
	for n := range traces {
		if n > 0 {
			p = startProcessWith(t, dir, withKeys)
		}
		var load sync.WaitGroup
		for range 4 {
			load.Go(func() {
				for {
					conn, err := net.Dial("tcp", p.addresses.Listeners["field"])
					if err != nil {
						return // it has ended
					}
					_, _ = conn.Write(frames) // the gateway may close it before the last, or end
					_ = conn.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, conn)
					_ = conn.Close()
				}
			})
		}
		time.Sleep(time.Duration(10+n) * time.Millisecond) // in the midst of it; at any moment it must be so
		p.signal(syscall.SIGQUIT)
		p.wait()
		load.Wait()
		if !p.log.has("SIGQUIT", "goroutine ") {
			t.Errorf("there is no trace: %s", p.log)
		}
		if p.log.has("trust.(*Keyring).Open") {
			under++
		}
		c.look(t, "a trace", []byte(p.log.String()))
	}
	t.Logf("%d of %d traces were taken while a frame was opened", under, traces)
	c.lookAtFiles(t, dir, "data/keys", "data/admin.token")
}

// framesUnderKey are many frames of a device, of many epochs: each expands keys before it is opened.
func framesUnderKey(t *testing.T, key *protect.Key) (all []byte) {
	t.Helper()
	extended, err := codec.Shipped("extended")
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint32(640) {
		plain := fromHex(t, fmt.Sprintf("00250100000000123456780102036d0020261123143000%08d0041ac0000", n))
		how := &protect.Protection{Suite: protect.CCM8, Key: *key, Epoch: uint8(n % 64), Counter: n}
		if all, err = extended.Protect(all, plain, how); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

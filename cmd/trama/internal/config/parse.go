package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"trama/actors/known"
	"trama/cmd/trama/internal/access"
	"trama/internal/tomlread"
)

// parse reads the whole text and returns the configuration with everything that is wrong with it.
func parse(file string, src []byte) (*Config, []tomlread.Problem) {
	r, root := open(file, src)
	if root.Table == nil {
		return nil, r.Problems
	}
	c := Default()
	c.File = file
	dir := filepath.Dir(file)
	c.Log.read(root.section("log"))
	c.Admin.read(root.section("admin"))
	c.Admin = resolveAdmin(c.Admin, dir)
	c.Limits.read(root.section("limits"))
	c.Journal.read(root.section("journal"))
	c.Journal.Path = resolve(dir, c.Journal.Path)
	ofMasters := c.Masters.read(root.section("masters"), dir)
	c.Keys.read(root, dir)
	profiles := profileSet{Source: r, dir: dir, read: map[string]*loaded{}}
	for _, t := range root.sections("listener") {
		c.Listeners = append(c.Listeners, readListener(t, &profiles))
	}
	c.readPolls(root)
	root.done()
	if len(c.Listeners) == 0 && !root.Has("listener") {
		r.Problem("listener", "no listener", "at least one [[listener]]")
	}
	checkPorts(r, &c)
	return &c, slices.Concat(sorted(r.Problems), profiles.problems(), ofMasters)
}

// parseAdmin reads only the [admin] table.
func parseAdmin(file string, src []byte) (Admin, error) {
	r, root := open(file, src)
	admin := Default().Admin
	if root.Table != nil {
		admin.read(root.section("admin"))
	}
	if len(r.Problems) > 0 {
		return Admin{}, &Error{Problems: sorted(r.Problems)}
	}
	return resolveAdmin(admin, filepath.Dir(file)), nil
}

// open parses the syntax.  The table holds nil when the text is not TOML.
func open(file string, src []byte) (*tomlread.Source, table) {
	s := tomlread.NewSource(file, phrases)
	return s, table{s.Parse(src)}
}

func (l *Log) read(t table) {
	t.enum("level", &l.Level, "trace", "debug", "info", "warn", "error")
	t.enum("format", &l.Format, "text", "json")
	t.done()
}

func (l *Limits) read(t table) {
	t.duration("drain_timeout", &l.DrainTimeout, 100*time.Millisecond, 10*time.Minute, offIsNotAllowed)
	t.count("commands_per_master", &l.CommandsPerMaster, 1, 1000)
	t.count("queued_per_second", &l.QueuedPerSecond, 1, 1_000_000)
	t.count("max_masters", &l.MaxMasters, 1, 10_000_000)
	t.count("resend_mib", &l.ResendMiB, 0, min(1<<16, math.MaxInt>>20)) // as bytes, which are an int too
	t.done()
}

// read reads [masters] and the file that it names, whose problems are returned.
func (m *Masters) read(t table, dir string) []tomlread.Problem {
	t.text("file", &m.File)
	t.done()
	if m.File == "" {
		return nil
	}
	m.File = resolve(dir, m.File)
	var err error
	m.Known, err = known.Read(m.File)
	var bad *known.Error
	switch {
	case errors.As(err, &bad):
		return bad.Problems
	case err != nil:
		t.Problem(t.At("file"), err.Error(), "a file that can be read")
	}
	return nil
}

// read reads [keys] of the file; a table without keys stands for the default directory.
func (k *Keys) read(root table, dir string) {
	t := root.section("keys")
	if root.Has("keys") {
		k.Directory = filepath.Join("data", "keys")
	}
	t.text("directory", &k.Directory)
	t.done()
	if k.Directory != "" {
		k.Directory = resolve(dir, k.Directory)
	}
}

func (a *Admin) read(t table) {
	t.flag("allow_remote", &a.AllowRemote)
	a.readListen(t)
	t.text("read_group", &a.ReadGroup)
	t.text("operate_group", &a.OperateGroup)
	t.text("admin_group", &a.AdminGroup)
	t.text("token_file", &a.TokenFile)
	t.texts("allowed_hosts", &a.AllowedHosts)
	t.flag("allow_faults", &a.AllowFaults)
	t.flag("pprof", &a.Pprof)
	for _, t := range t.sections("token") {
		a.Tokens = append(a.Tokens, readToken(t, a.Tokens))
	}
	t.done()
	for _, host := range a.AllowedHosts {
		if strings.ContainsAny(host, "/ :") {
			t.Problem(t.At("allowed_hosts"), fmt.Sprintf("%q", host), "host names without scheme, port or path")
		}
	}
}

// readListen reads one address, or a list.
func (a *Admin) readListen(t table) {
	all := []string{}
	if _, isList := t.Values["listen"].([]any); isList {
		t.texts("listen", &all)
		if len(all) == 0 {
			t.Problem(t.At("listen"), "an empty list", `at least one address, such as "127.0.0.1:8686"`)
		}
	} else if one := ""; t.text("listen", &one) {
		all = []string{one}
	}
	sound := len(all) > 0
	for _, address := range all {
		if path, isSocket := strings.CutPrefix(address, SocketPrefix); isSocket {
			if !filepath.IsAbs(path) || len(path) > maxSocketPath {
				t.Problem(t.At("listen"), fmt.Sprintf("%q", address),
					fmt.Sprintf(`unix: and an absolute path of at most %d bytes, such as "unix:/run/trama/admin.sock"`,
						maxSocketPath))
				sound = false
			}
			continue
		}
		if !t.checkAddress("listen", address) {
			sound = false
			continue
		}
		if host, _, _ := net.SplitHostPort(address); !a.AllowRemote && !isLoopback(host) {
			t.Problem(t.At("listen"), fmt.Sprintf("%q, which others on the network can reach", address),
				`a loopback address such as "127.0.0.1:8686", or allow_remote = true beside it`)
		}
	}
	if sound {
		a.Listen = all
	}
}

// SocketPrefix is before the path of a socket where an address may stand.
const SocketPrefix = "unix:"

const maxSocketPath = 107 // bytes, what an address of the kernel holds

// readToken reads one [[admin.token]]; before are those above it.
func readToken(t table, before []access.Token) access.Token {
	token := access.Token{Kept: "configuration"}
	var role, hash, expires string
	t.text("name", &token.Name)
	t.enum("role", &role, access.Roles...)
	t.text("hash", &hash)
	if moment, ok := t.Values["expires"].(time.Time); ok {
		t.Get("expires")
		token.Expires = moment
	} else if t.text("expires", &expires); expires != "" {
		var err error
		if token.Expires, err = time.Parse(time.RFC3339, expires); err != nil {
			t.Problem(t.At("expires"), fmt.Sprintf("%q", expires), "a time with its zone, such as 2027-02-28T12:00:00Z")
		}
	}
	t.done()
	_ = token.Role.UnmarshalText([]byte(role)) // enum has said what is wrong
	if err := token.Hash.UnmarshalText([]byte(hash)); err != nil && hash != "" {
		t.Problem(t.At("hash"), "another text", `"sha256:" and 64 hexadecimal digits`)
	} else if err := token.Check(); err != nil && (role != "" || !t.Has("role")) {
		t.Problem(t.Path, err.Error(), "name, role and hash of a token")
	}
	if slices.ContainsFunc(before, func(b access.Token) bool { return b.Name == token.Name }) {
		t.Problem(t.At("name"), fmt.Sprintf("%q a second time", token.Name), "a name of its own")
	}
	return token
}

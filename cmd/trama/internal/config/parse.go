package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"trama/codec"
)

// parse reads the whole text and returns the configuration with everything that is wrong with it.
func parse(file string, src []byte) (*Config, []codec.Problem) {
	r, root := open(file, src)
	if root == nil {
		return nil, r.problems
	}
	c := Default()
	c.File = file
	dir := filepath.Dir(file)
	c.Log.read(r.table(root, "log"))
	c.Admin.read(r.table(root, "admin"))
	c.Admin = resolveAdmin(c.Admin, dir)
	c.Limits.read(r.table(root, "limits"))
	c.Journal.read(r.table(root, "journal"))
	c.Journal.Path = resolve(dir, c.Journal.Path)
	profiles := profileSet{report: r, dir: dir, read: map[string]*loaded{}}
	for _, t := range r.tables(root, "listener") {
		c.Listeners = append(c.Listeners, readListener(t, &profiles))
	}
	root.done()
	if len(c.Listeners) == 0 && !root.has("listener") {
		r.add("listener", "no listener", "at least one [[listener]]")
	}
	checkPorts(r, &c)
	return &c, append(r.sorted(), profiles.problems()...)
}

// parseAdmin reads only the [admin] table.
func parseAdmin(file string, src []byte) (Admin, error) {
	r, root := open(file, src)
	admin := Default().Admin
	if root != nil {
		admin.read(r.table(root, "admin"))
	}
	if len(r.problems) > 0 {
		return Admin{}, &Error{Problems: r.sorted()}
	}
	return resolveAdmin(admin, filepath.Dir(file)), nil
}

// open parses the syntax.  The table is nil when the text is not TOML.
func open(file string, src []byte) (*report, *table) {
	r := &report{file: file, lines: findLines(string(src))}
	values := map[string]any{}
	if _, err := toml.Decode(string(src), &values); err != nil {
		problem := codec.Problem{File: file, Found: err.Error(), Expected: "TOML"}
		var bad toml.ParseError
		if errors.As(err, &bad) {
			problem.Line, problem.Found = bad.Position.Line, bad.Message
		}
		r.problems = append(r.problems, problem)
		return r, nil
	}
	return r, &table{report: r, values: values}
}

// table returns the named table of the file, empty when it is absent.
func (r *report) table(root *table, name string) *table {
	value, path, present := root.take(name)
	t := &table{report: r, path: path}
	if !present {
		return t
	}
	values, ok := value.(map[string]any)
	if !ok {
		r.add(path, typeName(value), fmt.Sprintf("a table [%s]", name))
		return t
	}
	t.values = values
	return t
}

// tables returns the named list of tables.
func (r *report) tables(root *table, name string) []*table {
	value, path, present := root.take(name)
	if !present {
		return nil
	}
	list, ok := value.([]map[string]any)
	if !ok {
		r.add(path, typeName(value), fmt.Sprintf("tables [[%s]], in double brackets", name))
		return nil
	}
	all := make([]*table, len(list))
	for i, values := range list {
		all[i] = &table{report: r, path: fmt.Sprintf("%s[%d]", path, i), values: values}
	}
	return all
}

func (l *Log) read(t *table) {
	t.enum("level", &l.Level, "trace", "debug", "info", "warn", "error")
	t.enum("format", &l.Format, "text", "json")
	t.done()
}

func (l *Limits) read(t *table) {
	t.duration("drain_timeout", &l.DrainTimeout, 100*time.Millisecond, 10*time.Minute, offIsNotAllowed)
	t.count("commands_per_master", &l.CommandsPerMaster, 1, 1000)
	t.count("max_masters", &l.MaxMasters, 1, 10_000_000)
	t.done()
}

func (a *Admin) read(t *table) {
	t.address("listen", &a.Listen)
	t.text("token_file", &a.TokenFile)
	t.texts("allowed_hosts", &a.AllowedHosts)
	t.flag("allow_remote", &a.AllowRemote)
	t.flag("allow_faults", &a.AllowFaults)
	t.done()
	if host, _, err := net.SplitHostPort(a.Listen); err == nil && !a.AllowRemote && !isLoopback(host) {
		t.add(join(t.path, "listen"), fmt.Sprintf("%q, which others on the network can reach", a.Listen),
			`a loopback address such as "127.0.0.1:8686", or allow_remote = true beside it`)
	}
	for _, host := range a.AllowedHosts {
		if strings.ContainsAny(host, "/ :") {
			t.add(join(t.path, "allowed_hosts"), fmt.Sprintf("%q", host), "host names without scheme, port or path")
		}
	}
}

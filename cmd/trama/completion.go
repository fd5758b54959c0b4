package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"trama/actors"
	"trama/actors/master"
	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/codec"
	"trama/journal"
)

// Bounds of what a shell is offered.
const (
	offerWithin = 300 * time.Millisecond // to ask the daemon; without one nothing is offered
	mostOffered = 200                    // serials
	mostLooked  = 5000                   // masters whose sites and tags are offered
)

// completer is one completion of a command line.
type completer struct {
	*app
	context.Context
	command *cobra.Command
	args    []string // before the word
	word    string   // as far as it is typed
}

// offered are words that may stand at a place, each perhaps with a tab and what it means.
type offered func(c *completer) []string

func fixedWords(all ...string) offered { return func(*completer) []string { return all } }

// ofArgument is what may stand for an argument by its name in the usage line; any other is a file, or what nobody knows.
var ofArgument = map[string]offered{
	"SERIAL": (*completer).serials, "LISTENER": (*completer).listeners, "LISTENER|SERIAL": (*completer).listenersAndSerials,
	"ID": (*completer).numbers, "PATH": (*completer).actors, "LEVEL": fixedWords(admin.LogLevels...),
	"PROFILE": (*completer).profiles, "PROFILE.toml": (*completer).profiles, "NAME": (*completer).named,
	"COMMAND": (*completer).commands, "KEY=VALUE": (*completer).fields, "HEX": nil, "POSITION": nil,
}

// ofFlag is what may stand behind a flag; others take a file, or what nobody knows.
var ofFlag = map[string]offered{
	"profile": (*completer).profiles, "kind": fixedWords(journal.EventKinds...), "format": fixedWords(historyFormats...),
	"state": (*completer).states, "sort": (*completer).orders, "site": (*completer).sites,
	"tag": (*completer).tags, "name": (*completer).names, "listener": (*completer).listeners, "serial": (*completer).serials, "master": (*completer).serials,
	"role": fixedWords(access.Roles...), "log": fixedWords(admin.LogLevels...), "direction": fixedWords("any", "uplink", "downlink"),
	"color": fixedWords("auto", "always", "never"), "suite": fixedWords("10", "11", "20", "21"), "point": (*completer).points,
	"field": (*completer).points, "under": (*completer).actors,
}

// withFiles are arguments and flags for which a file may stand too.
var withFiles = []string{"PROFILE", "PROFILE.toml", "profile", "NAME"}

// complete has a command and those below it offer what may stand for their arguments and flags.
func (a *app) complete(c *cobra.Command) {
	for _, below := range c.Commands() {
		a.complete(below)
	}
	names := argumentNames(c.Use)
	if c.ValidArgsFunction == nil && c.Runnable() {
		c.ValidArgsFunction = func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			names := names
			if chosen(c) {
				names = names[1:]
			}
			if len(names) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			at := min(len(args), len(names)-1)
			if len(args) >= len(names) && !strings.HasSuffix(names[at], "…") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			name := strings.TrimSuffix(names[at], "…")
			return a.offer(c, args, word, name, ofArgument)
		}
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, known := ofFlag[f.Name]; known {
			// it fails for a flag that has a function already
			_ = c.RegisterFlagCompletionFunc(f.Name, func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
				return a.offer(c, args, word, f.Name, ofFlag)
			})
		}
	})
}

// offer lists the words that begin with what is typed.
func (a *app) offer(c *cobra.Command, args []string, word, name string, of map[string]offered) ([]string, cobra.ShellCompDirective) {
	words, known := of[name]
	if !known {
		return nil, cobra.ShellCompDirectiveDefault
	}
	how := cobra.ShellCompDirectiveNoFileComp
	if slices.Contains(withFiles, name) && c.Parent().Name() != "cursors" && c.Parent().Name() != "token" {
		how = cobra.ShellCompDirectiveDefault
	}
	if words == nil {
		return nil, how
	}
	a.find(c)
	ctx, cancel := context.WithTimeout(c.Context(), offerWithin)
	defer cancel()
	all := slices.DeleteFunc(slices.Clone(words(&completer{app: a, Context: ctx, command: c, args: args, word: word})),
		func(w string) bool { return !strings.HasPrefix(w, word) })
	if len(all) > 0 && !slices.ContainsFunc(all, func(w string) bool { return !strings.HasSuffix(w, "=") }) {
		how |= cobra.ShellCompDirectiveNoSpace
	}
	return all, how
}

// argumentNames are the arguments of a usage line in their order, those that may be left out too.
func argumentNames(use string) (names []string) {
	flag := false
	for _, word := range strings.Fields(use)[1:] {
		word = strings.Trim(word, "[]()")
		switch {
		case word == "|" || flag:
			flag = false
			if word == "|" {
				return names
			}
		case strings.HasPrefix(word, "-"):
			flag = true
		default:
			names = append(names, strings.ReplaceAll(word, "]…", "…"))
		}
	}
	return names
}

// chosen says whether flags of send choose masters, and its SERIAL is left out.
func chosen(c *cobra.Command) bool {
	return c.Name() == "send" && slices.ContainsFunc([]string{"site", "tag", "prefix", "all"}, c.Flags().Changed)
}

// ask reads what the daemon says; nothing when there is none.
func (c *completer) ask(path string, into any) bool {
	daemon, err := c.client()
	return err == nil && daemon.get(c.Context, path, into) == nil
}

// master is a row of the list of masters, as far as it is offered.
type masterRow struct {
	Serial  string   `json:"serial"`
	Name    string   `json:"name"`
	Site    string   `json:"site"`
	State   string   `json:"state"`
	Profile string   `json:"profile"`
	Tags    []string `json:"tags"`
}

func (c *completer) masters(after string, limit int) (rows []masterRow) {
	c.ask("/api/v1/masters?"+url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}.Encode(), &rows)
	return rows
}

func (c *completer) serials() (all []string) {
	for _, m := range c.masters(c.word, mostOffered) { // in their order: those that begin with the word come first
		all = append(all, m.Serial+"\t"+strings.TrimPrefix(m.Name+", "+m.State, ", "))
	}
	return all
}

// each are the different words of all masters.
func (c *completer) each(of func(m masterRow) []string) (all []string) {
	for _, m := range c.masters("", mostLooked) {
		all = append(all, of(m)...)
	}
	slices.Sort(all)
	return slices.Compact(slices.DeleteFunc(all, func(s string) bool { return s == "" }))
}

// orders are those of the list that is sorted.
func (c *completer) orders() []string {
	if c.command.Name() == "connections" {
		return admin.ConnectionOrders()
	}
	return admin.MasterOrders()
}

// states are those that the rows of a list have.
func (c *completer) states() []string {
	if c.command.Name() == "commands" {
		return admin.CommandStates()
	}
	return admin.MasterStates()
}

func (c *completer) sites() []string {
	return c.each(func(m masterRow) []string { return []string{m.Site} })
}
func (c *completer) tags() []string { return c.each(func(m masterRow) []string { return m.Tags }) }
func (c *completer) names() []string {
	return c.each(func(m masterRow) []string { return []string{m.Name} })
}

func (c *completer) listeners() (all []string) {
	var rows []actors.ListenerInfo
	c.ask("/api/v1/listeners", &rows)
	for _, l := range rows {
		all = append(all, l.Name+"\t"+l.Profile+" on "+l.Address)
	}
	return all
}

func (c *completer) listenersAndSerials() []string { return append(c.listeners(), c.serials()...) }

func (c *completer) connections() (all []string) {
	var rows []actors.ConnectionInfo
	c.ask("/api/v1/connections?limit="+strconv.Itoa(mostOffered), &rows)
	for _, r := range rows {
		all = append(all, strconv.FormatUint(r.ID, 10)+"\t"+strings.Join(append(r.Masters, r.Remote), " "))
	}
	return all
}

// numbers are those of connections, or of commands: of open ones where they are to be withdrawn.
func (c *completer) numbers() (all []string) {
	if c.command.Name() == "kick" {
		return c.connections()
	}
	daemon, err := c.client()
	if err != nil {
		return nil
	}
	q := url.Values{"open": {strconv.FormatBool(c.command.Name() == "cancel")}}
	rows, _ := allCommands(c.Context, daemon, q, mostOffered) // without a daemon nothing is offered
	for i := range rows {
		r := &rows[i].Command
		all = append(all, fmt.Sprintf("%d\t%s to %s, %s", r.ID, what(r), r.Serial, stateOf(r)))
	}
	return all
}

// actors offers the children of the actor that the path leads to so far.
func (c *completer) actors() (all []string) {
	under := "trama"
	if at := strings.LastIndexByte(c.word, '/'); at >= 0 {
		under = c.word[:at]
	} else {
		all = []string{under}
	}
	var node actors.Node
	c.ask("/debug/actors?"+url.Values{"format": {"json"}, "depth": {"1"}, "under": {under}, "limit": {strconv.Itoa(mostOffered)}}.Encode(), &node)
	for _, child := range node.Children {
		all = append(all, child.Path)
	}
	return all
}

// profiles are the shipped ones, with what they are.
func (c *completer) profiles() (all []string) {
	for _, name := range codec.ShippedNames() {
		if p, err := codec.Shipped(name); err == nil {
			all = append(all, name+"\t"+p.Title())
		}
	}
	return all
}

// named offers what NAME is a name of: a cursor, a token, a profile.
func (c *completer) named() (all []string) {
	var rows []struct {
		Name string `json:"name"`
	}
	switch c.command.CommandPath() {
	case "trama cursors set", "trama cursors remove":
		c.ask("/api/v1/cursors", &rows)
	case "trama token revoke":
		c.ask("/api/v1/tokens", &rows)
	case "trama token add":
	default:
		return c.profiles()
	}
	for _, r := range rows {
		all = append(all, r.Name)
	}
	return all
}

// profile is that of --profile, or the one that the master of the command line speaks; nil when nobody knows it.
func (c *completer) profile() (p *codec.Profile) {
	if c.command.Name() != "send" {
		if name, _ := c.command.Flags().GetString("profile"); name != "" {
			p, _ = findProfile(name) // nil when there is none
		}
		return p
	}
	var rows []masterRow
	if chosen(c.command) {
		flag := func(name string) string { return c.command.Flags().Lookup(name).Value.String() }
		c.ask("/api/v1/masters?"+url.Values{"site": {flag("site")}, "tag": {flag("tag")}}.Encode(), &rows)
		rows = slices.DeleteFunc(rows, func(m masterRow) bool { return !strings.HasPrefix(m.Serial, flag("prefix")) })
	} else {
		rows = make([]masterRow, 1)
		c.ask("/api/v1/masters/"+url.PathEscape(c.args[0]), &rows[0])
	}
	if len(rows) > 0 {
		p = c.profileNamed(rows[0].Profile)
	}
	return p
}

// commands are those of the profile; encode takes them by the names of their messages.
func (c *completer) commands() (all []string) {
	p := c.profile()
	if p == nil {
		return nil
	}
	for _, d := range p.DeclaredCommands() {
		switch {
		case c.command.Name() != "send":
			all = append(all, d.Message.Name+"\t"+d.Title)
		case d.Name != master.SetKey && d.Name != master.Challenge:
			all = append(all, d.Name+"\t"+d.Title)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// fields offers the arguments of the command, and the words for the value of one.  Who begins with a letter of the wire is
// offered these; encode takes no others.
func (c *completer) fields() (all []string) {
	p := c.profile()
	at := slices.Index(argumentNames(c.command.Use), "COMMAND")
	if chosen(c.command) {
		at--
	}
	if p == nil || at < 0 || len(c.args) <= at {
		return nil
	}
	d, ok := p.Command(c.args[at])
	if !ok {
		return nil
	}
	for _, a := range d.Arguments {
		for _, key := range []string{a.Key, a.Field} {
			if key == a.Key && key != a.Field && c.command.Name() != "send" || key == a.Field && key != a.Key && c.word == "" && c.command.Name() == "send" {
				continue
			}
			if !slices.ContainsFunc(c.args, func(arg string) bool { return strings.HasPrefix(arg, key+"=") }) {
				all = append(all, key+"=")
			}
			for _, l := range a.Enum {
				if strings.HasPrefix(c.word, key+"=") {
					all = append(all, key+"="+l.Label)
				}
			}
		}
	}
	if slices.Sort(all); len(all) > 1 { // the one that is typed
		all = slices.DeleteFunc(slices.Compact(all), func(w string) bool { return w == c.word })
	}
	return all
}

// points are those of the master.
func (c *completer) points() (all []string) {
	if len(c.args) == 0 {
		return nil
	}
	var m struct {
		Points []struct {
			Name  string          `json:"name"`
			Title string          `json:"title"`
			Unit  string          `json:"unit"`
			Value json.RawMessage `json:"value"`
		} `json:"points"`
	}
	c.ask("/api/v1/masters/"+url.PathEscape(c.args[0]), &m)
	for _, p := range m.Points {
		all = append(all, p.Name+"\t"+strings.TrimSpace(p.Title+" "+p.Unit))
	}
	return all
}

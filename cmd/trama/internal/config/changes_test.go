package config

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatOnlyARestartTakesOverIsNamed(t *testing.T) {
	base := "[[listener]]\nname = \"a\"\naddress = \":1\"\nprofile = \"extended\"\n[[listener]]\nname = \"b\"\naddress = \":2\"\nprofile = \"extended\"\n"
	parsed := func(src string) *Config {
		t.Helper()
		c, err := Parse("config.toml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"", "", nil},
		{`":1"` + "\nprofile = \"extended\"", `":1"` + "\nprofile = \"compact\"", nil},
		{`":1"`, `":3"`, []string{"listener a: address"}},
		{`[[listener]]`, "[log]\nlevel = \"debug\"\n[limits]\ndrain_timeout = \"1s\"\n[admin]\nlisten=\"127.0.0.1:7\"\n[[listener]]",
			[]string{"[admin] listen", "[limits] drain_timeout", "[log] level"}},
		{`name = "b"`, `name = "c"`, []string{"listener b: it is gone", "listener c: it is new"}},
		{`name = "a"`, "name = \"a\"\nheartbeat = \"1m\"\ncredits = 3\nkeep_alive = \"1m\"\nrole = \"integrator\"",
			[]string{"listener a: credits", "listener a: heartbeat or idle_timeout", "listener a: keep_alive", "listener a: role"}},
		{`name = "a"`, "name = \"a\"\nunknown = \"refuse\"\nserials = [\"1*\"]\nsources = [\"10.0.0.0/8\"]\nproxy_protocol = [\"10.0.0.1\"]\nsuites = [\"21\"]\ntakeover = \"same-source\"",
			[]string{"listener a: proxy_protocol", "listener a: serials", "listener a: sources", "listener a: suites", "listener a: takeover", "listener a: unknown"}},
	} {
		got := Changes(parsed(base), parsed(strings.Replace(base, c.from, c.to, 1)))
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.to, got, c.want)
		}
	}
}

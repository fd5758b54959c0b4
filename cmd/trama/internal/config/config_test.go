package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"trama/actors"
	"trama/actors/admission"
	"trama/codec/protect"
	"trama/internal/tomlread"
)

// Every *.good.toml is accepted.
func TestGoodFilesAreAccepted(t *testing.T) {
	for _, file := range glob(t, "testdata/*.good.toml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if _, err := Load(file); err != nil {
				t.Errorf("refused:\n%v", err)
			}
		})
	}
}

// Every *.bad.toml is refused with all the messages of its `# want:` lines, and every problem is one that it wants.
func TestBadFilesAreRefusedWithEveryProblem(t *testing.T) {
	for _, file := range glob(t, "testdata/*.bad.toml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file)
			var problems *Error
			if !errors.As(err, &problems) {
				t.Fatalf("got error %v, want an *Error", err)
			}
			wanted := wants(t, file)
			for _, want := range wanted {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no problem says %q", want)
				}
			}
			for _, p := range problems.Problems {
				if !containsOne(p.String(), wanted) {
					t.Errorf("surplus problem: %s", p)
				}
			}
			if t.Failed() {
				t.Logf("it says:\n%v", err)
			}
		})
	}
}

// Memory for resends that is taken is a number of bytes, where an int has 32 bits too.
func TestMemoryForResendsIsANumberOfBytes(t *testing.T) {
	for _, mib := range []int{2047, 2048, 4096, 1 << 16} {
		file := filepath.Join(t.TempDir(), "config.toml")
		text := fmt.Sprintf("[[listener]]\nname = \"a\"\naddress = \":1\"\nprofile = \"compact\"\n[limits]\nresend_mib = %d\n", mib)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := Load(file); err == nil && c.Limits.ResendMiB<<20>>20 != mib || err != nil && mib == 2047 {
			t.Errorf("%d MiB: %v", mib, err)
		}
	}
}

func TestShippedConfigIsTheReference(t *testing.T) {
	file := "../../../../config.toml"
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	d := Default()
	if c.Log != d.Log || c.Limits != d.Limits || !reflect.DeepEqual(c.Admin.Listen, d.Admin.Listen) {
		t.Errorf("config.toml does not state the defaults: %+v", c)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, root := open(file, src)
	written := root.Values["listener"].([]map[string]any)[0]
	probe := table{&tomlread.Table{Source: tomlread.NewSource("", phrases), Values: map[string]any{}}}
	readListener(probe, &profileSet{Source: probe.Source})
	for _, key := range probe.Known {
		if _, ok := written[key]; !ok && key != "idle_timeout" && !strings.Contains(string(src), "\n# "+key+" ") && !strings.Contains(string(src), "[listener."+key+"]") {
			t.Errorf("config.toml does not show the key %s of a listener", key)
		}
	}
}

func TestListenerKeysReachTheTransport(t *testing.T) {
	c, err := Load("testdata/everything.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	first, second := c.Listeners[0], c.Listeners[1]
	o := first.Transport
	if o.FirstFrameTimeout != time.Second || o.FrameTimeout != 2*time.Second || o.WriteTimeout != 3*time.Second {
		t.Errorf("deadlines: %+v", o)
	}
	if o.IdleTimeout != 3*time.Minute {
		t.Errorf("heartbeat 1m gives an idle timeout of %v, want 3m", o.IdleTimeout)
	}
	if o.UserTimeout >= 0 {
		t.Errorf("user_timeout off gives %v, want a negative duration", o.UserTimeout)
	}
	if !o.KeepAlive.Enable || o.KeepAlive.Idle != 45*time.Second {
		t.Errorf("keep-alive: %+v", o.KeepAlive)
	}
	if o.MaxConnections != 10 || o.MaxFrameBytes != 512 || o.WriteQueueBytes != 4096 || o.Credits != 2 || first.MaxMastersPerConnection != 20 || !o.Proxy {
		t.Errorf("limits: %+v", o)
	}
	if first.DeliveryWindow != 20*time.Second || second.DeliveryWindow != 0 || c.Limits.QueuedPerSecond != 50 {
		t.Errorf("delivery: %v, %v, %d a second", first.DeliveryWindow, second.DeliveryWindow, c.Limits.QueuedPerSecond)
	}
	if o.Name != "field" || o.Address != ":12986" || first.Profile == nil {
		t.Errorf("identity: %+v", first)
	}
	if second.Role != actors.RoleIntegrator || second.Transport.KeepAlive.Enable {
		t.Errorf("second listener: %+v", second)
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	c, err := Load("testdata/minimal.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("testdata", "data", "admin.token"); c.Admin.TokenFile != want {
		t.Errorf("token file %q, want %q", c.Admin.TokenFile, want)
	}
}

func TestLoadAdminOverlooksProblemsElsewhere(t *testing.T) {
	admin, err := LoadAdmin("testdata/enum.bad.toml")
	if err != nil || admin.Listen[0] != "127.0.0.1:8686" {
		t.Errorf("got %+v, %v", admin, err)
	}
	if _, err := LoadAdmin("testdata/admin-remote.bad.toml"); err == nil {
		t.Error("a problem in [admin] itself was overlooked")
	}
	if _, err := LoadAdmin("testdata/no-such-file.toml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that must be there is not: got %v", err)
	}
}

func TestAddressesOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{":1", ":1", true},
		{":1", "0.0.0.0:1", true},
		{"[::]:1", "127.0.0.1:1", true},
		{"127.0.0.1:1", "localhost:1", true},
		{"[::ffff:127.0.0.1]:1", "127.0.0.1:1", true},
		{"127.0.0.1:1", "127.0.0.1:01", true},
		{"Gateway.example:1", "gateway.example:1", true},
		{"127.0.0.1:1", "127.0.0.1:2", false},
		{"127.0.0.1:1", "[::1]:1", false},
		{":0", ":0", false},
	} {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("overlap(%q, %q) is not %v both ways", c.a, c.b, c.want)
		}
	}
}

func wants(t *testing.T, file string) []string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(src)) {
		if want, ok := strings.CutPrefix(line, "# want: "); ok {
			all = append(all, strings.TrimSpace(want))
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no # want: line", file)
	}
	return all
}

func containsOne(s string, subs []string) bool {
	for _, sub := range subs {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func TestAdmissionKeysReachThePolicy(t *testing.T) {
	c, err := Load("testdata/admission.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	l := c.Listeners[0]
	want := admission.Policy{Security: admission.Mixed, Suites: []protect.Suite{protect.CCM8, protect.CCM16, protect.Auth24}, Challenge: true,
		AllowUnprotectedControl: true, Unknown: admission.Quarantine, Serials: []string{"1234*", "87654321", "*"}, NewMastersPerMinute: 60,
		Takeover: admission.SameSource}
	if !reflect.DeepEqual(l.Policy, want) {
		t.Errorf("policy %+v, want %+v", l.Policy, want)
	}
	if got := fmt.Sprint(l.Transport.Sources, l.Transport.ProxyFrom); got != "[10.0.0.0/8 2001:db8::/32 192.0.2.7/32] [127.0.0.1/32]" {
		t.Errorf("networks %s", got)
	}
	c, err = Load("testdata/minimal.good.toml")
	if err != nil {
		t.Fatal(err)
	}
	if l := c.Listeners[0]; !reflect.DeepEqual(l.Policy, admission.Policy{Suites: admission.DefaultSuites}) || l.Transport.Sources != nil || l.Transport.ProxyFrom != nil {
		t.Errorf("without the keys: %+v, %+v", l.Policy, l.Transport)
	}
}

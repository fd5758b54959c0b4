//go:build tshark

package dissector

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"trama/codec"
	"trama/codec/describe"
)

// field is one line of the tree that Wireshark shows, as in PDML.
type field struct {
	Name   string  `xml:"name,attr"`
	Label  string  `xml:"showname,attr"`
	Show   string  `xml:"show,attr"`
	Pos    int     `xml:"pos,attr"`
	Size   int     `xml:"size,attr"`
	Fields []field `xml:"field"`
	Protos []field `xml:"proto"`
}

// seen is what Wireshark made of the bytes of one direction of a connection, in order.
type seen struct {
	frames []field
	noise  []field
}

// flow is one direction of a connection.
type flow struct {
	device uint16
	up     bool
}

// dissect runs tshark with the script of p over a capture.
func dissect(t *testing.T, p *codec.Profile, c *capture, options ...string) map[flow]*seen {
	t.Helper()
	return readPDML(t, p.Name(), tshark(t, Script(describe.Profile(p), Options{Ports: []int{serverPort}}), c, append(options, "-T", "pdml")...))
}

// tshark is what it prints when it reads a capture with a script.
func tshark(t *testing.T, script string, c *capture, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	lua, packets := filepath.Join(dir, "profile.lua"), filepath.Join(dir, "packets.pcap")
	if err := os.WriteFile(lua, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	c.write(t, packets)
	cmd := exec.Command("tshark", append([]string{"-r", packets, "-X", "lua_script:" + lua}, options...)...)
	cmd.Env = append(os.Environ(), "TZ=CET-1CEST,M3.5.0,M10.5.0/3", "LC_ALL=C.UTF-8", "HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderr.String())
	}
	for _, line := range strings.Split(strings.TrimSpace(stderr.String()), "\n") {
		if line != "" && !strings.HasPrefix(line, "Running as user") {
			t.Errorf("tshark says: %s", line)
		}
	}
	return stdout.Bytes()
}

func readPDML(t *testing.T, name string, text []byte) map[flow]*seen {
	t.Helper()
	var all struct {
		Packets []struct {
			Protos []field `xml:"proto"`
		} `xml:"packet"`
	}
	text = []byte(legal(string(text)))
	if err := xml.Unmarshal(text, &all); err != nil {
		t.Fatalf("PDML: %v", err)
	}
	if at := bytes.Index(text, []byte("Lua Error")); at >= 0 {
		t.Fatalf("%s", text[at:min(at+400, len(text))])
	}
	out := map[flow]*seen{}
	for _, p := range all.Packets {
		var from, to int
		for _, proto := range p.Protos {
			for _, f := range proto.Fields {
				switch f.Name {
				case "tcp.srcport":
					from, _ = strconv.Atoi(f.Show)
				case "tcp.dstport":
					to, _ = strconv.Atoi(f.Show)
				}
			}
			if proto.Name != name && proto.Name != "trama-"+name {
				continue
			}
			where := flow{uint16(from), true}
			if from == serverPort {
				where = flow{uint16(to), false}
			}
			if out[where] == nil {
				out[where] = &seen{}
			}
			if _, ok := proto.find(proto.Name + ".message"); ok {
				out[where].frames = append(out[where].frames, proto)
			} else {
				out[where].noise = append(out[where].noise, proto)
			}
		}
	}
	return out
}

// find returns the first field of a name directly below f.
func (f *field) find(name string) (field, bool) {
	for _, one := range f.Fields {
		if one.Name == name {
			return one, true
		}
	}
	return field{}, false
}

// legal replaces the characters that XML cannot hold, which tshark writes all the same.
func legal(text string) string {
	return strings.NewReplacer("\ufffe", "?", "\uffff", "?").Replace(text)
}

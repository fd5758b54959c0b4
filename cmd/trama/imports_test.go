package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "trama"

// layers is the direction of imports between the parts of the program: what each may import of the others, a package
// or, with /..., all packages below one.  The main package of cmd stands above all.
var layers = map[string][]string{
	"example.go": {}, // of the root: config.toml for the program
	"internal":   {},
	"codec":      {"internal/tomlread", "internal/words"},
	"transport":  {"internal/stack", "internal/fault"},
	"journal":    {"internal/stack", "internal/fault", "internal/words", "internal/filelock"},
	"keys":       {"codec/protect", "internal/filelock"},
	"actors":     {"codec", "codec/explain", "codec/protect", "transport", "journal/...", "keys", "internal/tomlread", "internal/words", "internal/stack", "internal/fault"},
	"fleet":      {"internal/filelock", "codec", "codec/protect"},
	"cmd":        {"codec/...", "transport", "actors/...", "fleet/...", "journal/...", "keys", "internal/..."},
}

// bottom are the rooms of codec that everything in it stands on.
var bottom = []string{"codec/protect", "codec/internal/field", "codec/internal/expr", "codec/internal/scalar", "codec/internal/checksum"}

// rooms is the direction inside codec and actors, where each package is named: what it may import of the same part.
var rooms = map[string][]string{
	"codec":          {"codec/internal/...", "codec/protect"},
	"codec/protect":  {},
	"codec/explain":  {"codec", "codec/protect", "codec/internal/..."},
	"codec/check":    {"codec", "codec/internal/..."},
	"codec/describe": {"codec", "codec/protect", "codec/internal/..."},

	"codec/internal/field":    {},
	"codec/internal/expr":     {"codec/internal/field"},
	"codec/internal/checksum": {"codec/internal/field"},
	"codec/internal/scalar":   {"codec/internal/field", "codec/internal/expr"},
	"codec/internal/schema":   bottom,
	"codec/internal/program":  bottom,
	"codec/internal/frame":    append([]string{"codec/internal/program"}, bottom...),
	"codec/internal/compile":  append([]string{"codec/internal/schema", "codec/internal/program"}, bottom...),
	"codec/internal/decode":   append([]string{"codec/internal/program", "codec/internal/frame"}, bottom...),
	// A frame that was written is read back once, which fills the Frame.
	"codec/internal/encode": append([]string{"codec/internal/program", "codec/internal/frame", "codec/internal/decode"}, bottom...),
	"codec/internal/simulate": append([]string{"codec/internal/schema", "codec/internal/program", "codec/internal/frame", "codec/internal/decode",
		"codec/internal/encode"}, bottom...),

	"actors":                {"actors/port", "actors/shadow", "actors/connection", "actors/master", "actors/known", "actors/ledger", "actors/profiles", "actors/schedule", "actors/settings", "actors/supervise", "actors/admission", "actors/trust", "actors/internal/count"},
	"actors/port":           {"actors/admission", "actors/shadow", "actors/connection", "actors/master", "actors/profiles", "actors/supervise", "actors/internal/count"},
	"actors/shadow":         {"actors/profiles"},
	"actors/connection":     {"actors/admission", "actors/ledger", "actors/master", "actors/profiles", "actors/supervise", "actors/trust", "actors/internal/count"},
	"actors/master":         {"actors/admission", "actors/known", "actors/ledger", "actors/presence", "actors/profiles", "actors/settings", "actors/supervise", "actors/trust", "actors/internal/count"},
	"actors/schedule":       {"actors/known", "actors/master"},
	"actors/admission":      {},
	"actors/trust":          {},
	"actors/known":          {},
	"actors/ledger":         {},
	"actors/presence":       {},
	"actors/settings":       {},
	"actors/profiles":       {},
	"actors/supervise":      {"actors/internal/count"},
	"actors/internal/count": {},
}

// allows tells whether a list of packages holds one.
func allows(list []string, path string) bool {
	return slices.ContainsFunc(list, func(allowed string) bool {
		below, all := strings.CutSuffix(allowed, "/...")
		return path == below || all && strings.HasPrefix(path, below+"/")
	})
}

// onlyInTests names what must not get into the program.
var onlyInTests = []string{module + "/journal/faultfs"}

// onlyIn names libraries that belong to one part.
var onlyIn = map[string]string{"github.com/asynkron/protoactor-go": "actors"}

// pure is what codec must do without: it is handed bytes and time, and reads neither a file nor a clock.
var pure = []string{"net", "os", "log", "log/slog", "syscall", "io/ioutil", "github.com/hashicorp/go-hclog"}

func TestImportsGoOneWay(t *testing.T) {
	seen := map[string]int{}
	eachFile(t, func(part, file string, imports []string) {
		allowed, known := layers[part]
		if !known {
			t.Errorf("%s: %s is a part of the program that the layers do not name", file, part)
			return
		}
		seen[part]++
		isTest := strings.HasSuffix(file, "_test.go")
		room, _ := strings.CutPrefix(filepath.ToSlash(filepath.Dir(file)), "../../")
		inRoom, named := rooms[room]
		_, hasRooms := rooms[part]
		if hasRooms && !named {
			t.Errorf("%s: %s is a package that the rooms of %s do not name", file, room, part)
		}
		for _, path := range imports {
			if !isTest && slices.Contains(onlyInTests, path) {
				t.Errorf("%s: only tests may import %s", file, path)
			}
			if inside, ok := strings.CutPrefix(path, module+"/"); ok {
				to, _, _ := strings.Cut(inside, "/")
				if to != part && !allows(allowed, inside) {
					t.Errorf("%s: %s must not import %s", file, part, path)
				}
				if to == part && hasRooms && !isTest && !allows(inRoom, inside) {
					t.Errorf("%s: %s must not import %s", file, room, path)
				}
			}
			for library, home := range onlyIn {
				if strings.HasPrefix(path, library) && part != home {
					t.Errorf("%s: only %s may import %s", file, home, library)
				}
			}
			if part == "codec" && !isTest && (slices.Contains(pure, path) || strings.HasPrefix(path, "net/")) {
				t.Errorf("%s: codec is pure and must not import %s", file, path)
			}
		}
	})
	for part := range layers {
		if seen[part] == 0 {
			t.Errorf("no file of %s was looked at", part)
		}
	}
}

// codec takes the time from its caller and starts no goroutine.
func TestCodecHasNoClockAndNoGoroutine(t *testing.T) {
	eachFile(t, func(part, file string, _ []string) {
		if part != "codec" || strings.HasSuffix(file, "_test.go") {
			return
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(strings.TrimSpace(line), "//")
			for _, word := range []string{"time.Now", "time.Since", "time.Sleep", "time.After", "go func"} {
				if strings.Contains(code, word) {
					t.Errorf("%s:%d: codec must not use %s", file, n+1, word)
				}
			}
		}
	})
}

// eachFile visits every Go file of the module with the part it belongs to and what it imports.
func eachFile(t *testing.T, visit func(part, file string, imports []string)) {
	t.Helper()
	root := "../.."
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, path)
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		part, _, _ := strings.Cut(filepath.ToSlash(relative), "/")
		visit(part, file, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

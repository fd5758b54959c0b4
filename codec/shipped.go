package codec

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"trama/codec/internal/field"
)

//go:embed profiles/*.toml
var shippedFiles embed.FS

var shippedCache sync.Map // name → func() (*Profile, error)

// Shipped returns a profile that is part of the program.  Each is compiled once.
func Shipped(name string) (*Profile, error) {
	if compile, ok := shippedCache.Load(name); ok {
		return compile.(func() (*Profile, error))()
	}
	src, ok := ShippedSource(name)
	if !ok {
		known := strings.Join(ShippedNames(), ", ")
		if near := field.Nearest(name, ShippedNames()); near != "" {
			return nil, fmt.Errorf("no shipped profile %q, known are %s; did you mean %q?", name, known, near)
		}
		return nil, fmt.Errorf("no shipped profile %q, known are %s", name, known)
	}
	compile, _ := shippedCache.LoadOrStore(name, sync.OnceValues(func() (*Profile, error) {
		return Compile(name+".toml", src)
	}))
	return compile.(func() (*Profile, error))()
}

// ShippedNames lists the profiles that are part of the program, sorted.
func ShippedNames() []string {
	entries, err := shippedFiles.ReadDir("profiles")
	if err != nil {
		panic("codec: the embedded profiles cannot be read: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.Sort(names)
	return names
}

// ShippedSource returns the definition of a shipped profile.
func ShippedSource(name string) ([]byte, bool) {
	src, err := shippedFiles.ReadFile("profiles/" + name + ".toml")
	return src, err == nil
}

//go:embed profiles/part/*.toml
var partFiles embed.FS

// shippedPart opens a part that is shipped with the program.
func shippedPart(name string) ([]byte, error) {
	src, err := partFiles.ReadFile("profiles/part/" + name + ".toml")
	if err != nil {
		return nil, fmt.Errorf("no such part")
	}
	return src, nil
}

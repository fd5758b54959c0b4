package config

import (
	"os"
	"testing"
)

// Whatever stands in the file, it is accepted whole or refused with problems that each say what was found.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.good.toml", "testdata/*.bad.toml"} {
		for _, file := range glob(f, pattern) {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, problems := parse("testdata/fuzz.toml", src)
		for _, p := range problems {
			if p.Found == "" || p.Expected == "" && p.Key != "" { // a slip of TOML has no key, and is told in one sentence
				t.Errorf("a problem that says nothing: %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		if len(c.Listeners) == 0 {
			t.Error("accepted without a listener")
		}
		for _, l := range c.Listeners {
			if l.Name == "" || l.Address == "" || l.Profile == nil {
				t.Errorf("accepted an incomplete listener: %+v", l)
			}
		}
	})
}

package codec

import "testing"

func TestLinesAreFoundInEveryFormOfTOML(t *testing.T) {
	got := positions(`# comment with [brackets] and "quotes
a = 1
"b.c".d = '''
many
lines''' # x
[t]
e = [ 1,
  { f = "]", g = [
    2 ] },
]
[[u.v]]
h = """a "quoted" \""" text"""
[u.v.w]
i = true
[[u.v]]
h = 1979-05-27T07:32:00Z
`)
	for path, line := range map[string]int{
		"a": 2, "b.c": 3, "b.c.d": 3, "t": 6, "t.e": 7, "t.e[0]": 7, "t.e[1]": 8, "t.e[1].f": 8, "t.e[1].g": 8, "t.e[1].g[0]": 9,
		"u.v[0]": 11, "u.v[0].h": 12, "u.v[0].w": 13, "u.v[0].w.i": 14, "u.v[1]": 15, "u.v[1].h": 16,
	} {
		if got[path] != line {
			t.Errorf("%s is in line %d, want %d", path, got[path], line)
		}
	}
}

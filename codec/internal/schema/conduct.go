package schema

// textsOf reads a table of texts.
func textsOf(t *Table, key string) map[string]string {
	inner := t.Sub(key)
	if inner == nil {
		return nil
	}
	out := map[string]string{}
	for _, k := range inner.Keys() {
		out[k] = inner.Text(k)
	}
	return out
}

var numbersWords = []string{"lasting", "session"}

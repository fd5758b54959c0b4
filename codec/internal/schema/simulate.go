package schema

func readSimulate(t *Table) *SimulateDef {
	d := &SimulateDef{Path: t.Path, Identity: t.Text("identity"), Register: t.Texts("register"),
		Login: t.Texts("login"), Measure: t.Texts("measure"), Ask: t.Text("ask")}
	if alive := t.Sub("keep_alive"); alive != nil {
		d.KeepAlive, d.After = alive.RequiredText("send"), alive.Text("after")
		alive.Finish()
	}
	d.Answers, d.Then = textsOf(t, "answers"), textsOf(t, "then")
	d.Refuse = t.Integer("refuse", 0, 1<<31-1, 1)
	if fields := t.Sub("fields"); fields != nil {
		d.Fields = fields.Values
	}
	if messages := t.Sub("message"); messages != nil {
		d.Messages = map[string]map[string]any{}
		for _, name := range messages.Keys() {
			if one := messages.Sub(name); one != nil {
				d.Messages[name] = one.Values
			}
		}
	}
	t.Finish()
	return d
}

// SimulateDef is [simulate] as it is written.
type SimulateDef struct {
	Path, Identity           string
	Register, Login, Measure []string
	KeepAlive, After, Ask    string
	Answers, Then            map[string]string
	Refuse                   int
	Fields                   map[string]any
	Messages                 map[string]map[string]any
}

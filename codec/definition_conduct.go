package codec

// simulateDef is [simulate] as it is written.
type simulateDef struct {
	path, identity           string
	register, login, measure []string
	keepAlive, after         string
	answers, then            map[string]string
	refuse                   int
	fields                   map[string]any
	messages                 map[string]map[string]any
}

func readSimulate(t *table) *simulateDef {
	d := &simulateDef{path: t.Path, identity: t.Text("identity"), register: t.Texts("register"), login: t.Texts("login"), measure: t.Texts("measure")}
	if alive := t.table("keep_alive"); alive != nil {
		d.keepAlive, d.after = alive.RequiredText("send"), alive.Text("after")
		alive.Finish()
	}
	d.answers, d.then = textsOf(t, "answers"), textsOf(t, "then")
	d.refuse = t.Integer("refuse", 0, 1<<31-1, 1)
	if fields := t.table("fields"); fields != nil {
		d.fields = fields.Values
	}
	if messages := t.table("message"); messages != nil {
		d.messages = map[string]map[string]any{}
		for _, name := range messages.Keys() {
			if one := messages.table(name); one != nil {
				d.messages[name] = one.Values
			}
		}
	}
	t.Finish()
	return d
}

// textsOf reads a table of texts.
func textsOf(t *table, key string) map[string]string {
	inner := t.table(key)
	if inner == nil {
		return nil
	}
	out := map[string]string{}
	for _, k := range inner.Keys() {
		out[k] = inner.Text(k)
	}
	return out
}

// resendDef is [resend] as it is written.
type resendDef struct {
	path, within, numbers string
	ignore                []string
}

var numbersWords = []string{"lasting", "session"}

func readResend(t *table) *resendDef {
	r := &resendDef{path: t.Path, within: t.Text("within"), numbers: t.Word("numbers", numbersWords, numbersWords[0]), ignore: t.Texts("ignore")}
	t.Finish()
	return r
}

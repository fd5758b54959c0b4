package schema

func readResend(t *Table) *ResendDef {
	r := &ResendDef{Path: t.Path, Within: t.Text("within"), Numbers: t.Word("numbers", numbersWords, numbersWords[0]),
		Ignore: t.Texts("ignore")}
	t.Finish()
	return r
}

// ResendDef is [resend] as it is written.
type ResendDef struct {
	Path, Within, Numbers string
	Ignore                []string
}

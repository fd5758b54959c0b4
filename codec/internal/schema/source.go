package schema

// Source is one file of a definition.
type Source struct {
	Name string // of the file, or of the part as include names it
	Text []byte
}

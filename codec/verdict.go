package codec

// verdict is what the bytes so far say of a frame, a field or a mark.
type verdict uint8

const (
	refused verdict = iota // none begins here
	begun                  // it may begin here; more bytes are needed
	whole                  // it is here
)

// failure is a problem on its way to a FieldError; err is nil when there is none.
type failure struct {
	op  *op
	off int
	err error
}

package transport

// TLSFiles are the PEM files of a listener whose connections are encrypted.
type TLSFiles struct {
	Certificate string // with the chain behind it; empty: no TLS
	Key         string
	ClientCA    string // empty: no certificate is asked of who connects
}

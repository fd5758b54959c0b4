package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"

	"modernc.org/sqlite"
)

// inWords is the text of an error with what libraries say in it put into plain words, wherever it stands.
func inWords(err error) string { return inPlace(err.Error(), err) }

// inPlace replaces what libraries say of err and of what it wraps in text.
func inPlace(text string, err error) string {
	switch e := err.(type) {
	case nil:
		return text
	case *fs.PathError:
		cause := causeInWords(e.Err)
		if errors.Is(e.Err, fs.ErrPermission) {
			cause += whose(e.Path)
		}
		return strings.ReplaceAll(text, e.Error(), e.Path+": "+cause)
	case *os.LinkError:
		return strings.ReplaceAll(text, e.Error(), e.New+": "+causeInWords(e.Err))
	case *os.SyscallError:
		return strings.ReplaceAll(text, e.Error(), causeInWords(e.Err))
	case *strconv.NumError:
		return strings.ReplaceAll(text, e.Error(), strconv.Quote(e.Num)+" is no number that fits")
	case *url.Error:
		return strings.ReplaceAll(text, e.Error(), networkInWords(e.Err))
	case *net.OpError:
		if errors.Is(e, syscall.EADDRINUSE) {
			return strings.ReplaceAll(text, e.Error(), inUse(e.Addr))
		}
		return strings.ReplaceAll(text, e.Error(), networkInWords(e))
	case *sqlite.Error:
		return strings.ReplaceAll(text, e.Error(), sqliteInWords(e))
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			text = inPlace(text, one)
		}
		return text
	}
	return inPlace(text, errors.Unwrap(err))
}

func causeInWords(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return err.Error()
}

// networkInWords is why something on the network cannot be reached.
func networkInWords(err error) string {
	var name *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout net.Error
	var code syscall.Errno
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "it does not speak TLS: write http:// instead of https://"
	case errors.As(err, &untrusted):
		return "its certificate is not trusted: " + untrusted.Err.Error()
	case errors.As(err, &name):
		return "no host is called " + name.Name
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it has ended the connection before it answered"
	case errors.As(err, &code):
		return causeInWords(code)
	case errors.As(err, &timeout) && timeout.Timeout():
		return "it does not answer"
	case strings.Contains(err.Error(), "malformed HTTP"):
		return "it does not speak HTTP"
	}
	return err.Error()
}

// sqliteInWords is what the database says of a file.
func sqliteInWords(e *sqlite.Error) string {
	return cmp.Or(map[int]string{
		5: "another process uses it", 8: "it may not be written", 10: "the disk failed", 11: "it is damaged", 13: "the disk is full",
		14: "the file cannot be opened, nor made", 26: "it is no database of SQLite",
	}[e.Code()&0xff], e.Error())
}

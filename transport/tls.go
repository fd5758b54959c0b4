package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLSFiles are the PEM files of a listener whose connections are encrypted.
type TLSFiles struct {
	Certificate string // with the chain behind it; empty: no TLS
	Key         string
	ClientCA    string // who signs the certificates of clients; empty: none is asked for
}

// Load reads the files.
func (f TLSFiles) Load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.ClientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("client_ca: %w", err)
	}
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errors.New("client_ca: no certificate in " + f.ClientCA)
	}
	return config, nil
}

// ReloadTLS reads the files again, for the connections to come.  With an error everything stays as it was.
func (l *Listener) ReloadTLS() error {
	if l.options.TLS.Certificate == "" {
		return nil
	}
	config, err := l.options.TLS.Load()
	if err != nil {
		return fmt.Errorf("listener %q: TLS: %w", l.options.Name, err)
	}
	l.tls.Store(config)
	return nil
}

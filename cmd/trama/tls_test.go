package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	last int64
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	pair := a.sign("authority")
	a.key, a.cert = pair.PrivateKey.(*ecdsa.PrivateKey), pair.Leaf
	return a
}

// sign makes a certificate; its first one signs itself.
func (a *authority) sign(name string) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.last++
	c := &x509.Certificate{SerialNumber: big.NewInt(a.last), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: a.cert == nil, BasicConstraintsValid: true, DNSNames: []string{name}}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// files are a certificate and its key in PEM.
func (a *authority) files(c tls.Certificate) (certificate, key string) {
	a.t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// dialTLS is dial with a handshake, with certificates of its own.
func (a *authority) dialTLS(p *program, own ...tls.Certificate) (*peer, *tls.Conn, error) {
	a.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	conn := p.dial("field")
	secured := tls.Client(conn.Conn, &tls.Config{RootCAs: roots, ServerName: "gateway", Certificates: own})
	if err := secured.SetDeadline(time.Now().Add(patience)); err != nil {
		a.t.Fatal(err)
	}
	err := secured.Handshake()
	return &peer{a.t, secured}, secured, err
}

const tlsKeys = "[listener.tls]\ncertificate = \"gateway.crt\"\nkey = \"gateway.key\"\n"

func TestMastersSpeakTLSAndCertificatesAreReplacedUnderThem(t *testing.T) {
	a := newAuthority(t)
	certificate, key := a.files(a.sign("gateway"))
	p := serveWith(t, portOf(tlsKeys), map[string]string{"gateway.crt": certificate, "gateway.key": key})
	first, secured, err := a.dialTLS(p)
	if err != nil {
		t.Fatal(err)
	}
	first.reports(1, 1)
	if n := secured.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); n != 2 {
		t.Errorf("certificate %d", n)
	}
	if _, err := tls.Dial("tcp", p.addresses.Listeners["field"], &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil { //nolint:gosec // what is tried is the server
		t.Error("TLS 1.1 is spoken")
	}
	plain := p.dial("field")
	plain.send(fromHex(t, measurement(2, 1)))
	plain.ends()
	await(t, "the counts", func() bool { return p.field().Closed["TLS handshake failed"] == 2 })

	await(t, "the events", func() bool { return len(p.events("unidentified")) == 2 })
	reasons := map[string]bool{}
	for _, e := range p.events("unidentified") {
		reasons[e.Reason+": "+e.Detail] = true
	}
	if !reasons["TLS handshake failed: tls: first record does not look like a TLS handshake"] || len(reasons) != 2 {
		t.Errorf("events %v", reasons)
	}
	if !p.log.has("reason=\"TLS handshake failed\" detail=\"tls: first record does not look like a TLS handshake\"") || p.field().Silent > 0 {
		t.Errorf("%d silent; the log:\n%s", p.field().Silent, p.log)
	}

	certificate, key2 := a.files(a.sign("gateway"))
	p.write("gateway.crt", certificate) // the key does not fit
	p.cli("reload").want(t, 1, "listener[0].tls", "private key does not match")
	second, secured, err := a.dialTLS(p)
	if err != nil {
		t.Fatal(err)
	}
	if n := secured.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); n != 2 {
		t.Errorf("certificate %d after a bad pair", n)
	}
	p.write("gateway.key", key2)
	p.cli("reload").want(t, 0, "field: extended is unchanged", "certificates: read again for 1 listener;")
	third, secured, err := a.dialTLS(p)
	if err != nil {
		t.Fatal(err)
	}
	if n := secured.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); n != 3 {
		t.Errorf("certificate %d after the reload", n)
	}
	first.reports(1, 2)
	second.reports(2, 1)
	third.reports(3, 1)
	if p.end() != 0 {
		t.Error("it did not end well")
	}
	if _, err := io.ReadAll(third); err != nil { // it ends with the notice of TLS, and no byte more
		t.Errorf("the end: %v", err)
	}
}

func TestClientsNeedACertificateWhereAnAuthorityIsNamed(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	certificate, key := a.files(a.sign("gateway"))
	ca, _ := a.files(tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key})
	p := serveWith(t, portOf(tlsKeys+"client_ca = \"ca.crt\"\n"), map[string]string{"gateway.crt": certificate, "gateway.key": key, "ca.crt": ca})
	known, _, err := a.dialTLS(p, a.sign("device"))
	if err != nil {
		t.Fatal(err)
	}
	known.reports(1, 1)
	for what, own := range map[string][]tls.Certificate{"none": nil, "of another authority": {other.sign("device")}} {
		stranger, _, err := a.dialTLS(p, own...)
		if err == nil { // the client's part of the handshake is done before the server looks at its certificate
			_, err = stranger.Read(make([]byte, 1))
		}
		if err == nil || !strings.Contains(err.Error(), "tls: ") {
			t.Errorf("certificate %s: %v", what, err)
		}
	}
	await(t, "the counts", func() bool { return p.field().Closed["TLS handshake failed"] == 2 })
}

func TestAWrongPairIsAProblemOfTheConfiguration(t *testing.T) {
	a := newAuthority(t)
	certificate, _ := a.files(a.sign("gateway"))
	_, key := a.files(a.sign("gateway"))
	p := serveWith(t, portOf(""), map[string]string{"gateway.crt": certificate, "gateway.key": key})
	p.write("config.toml", portOf(tlsKeys+"client_ca = \"ca.crt\"\n"))
	command(t, "", "check", "--config", p.file("config.toml")).want(t, 2, "listener[0].tls: found certificate and key: tls: private key does not match public key")
}

func TestADeviceWithTLSOnAPortWithoutIsNamed(t *testing.T) {
	p := serve(t, portOf(""))
	d := p.dial("field")
	hello := make(chan error)
	go func() { hello <- tls.Client(d.Conn, &tls.Config{ServerName: "gateway"}).Handshake() }() //nolint:gosec // nobody answers
	await(t, "its bytes", func() bool { return p.field().Skipped > 0 })
	_ = d.Close()
	<-hello
	if e := p.event("unidentified"); !strings.Contains(e.Detail, "this is the beginning of TLS, and listener field has none: wrong port?") {
		t.Errorf("event %+v", e)
	}
}

package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certify writes a self-signed certificate and its key.
func certify(t *testing.T, dir, name string) (f TLSFiles, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f = TLSFiles{Certificate: filepath.Join(dir, name+".crt"), Key: filepath.Join(dir, name+".key")}
	for file, block := range map[string]*pem.Block{f.Certificate: {Type: "CERTIFICATE", Bytes: der}, f.Key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(made)
	return f, pool
}

// byBytes writes byte by byte.
type byBytes struct{ net.Conn }

func (b byBytes) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := b.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// secured is the other end of an encrypted connection.
type secured struct {
	*tls.Conn
	t *testing.T
}

func (s *secured) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s, text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *secured) expect(want string) {
	s.t.Helper()
	got := make([]byte, len(want))
	_ = s.SetReadDeadline(time.Now().Add(patience))
	if n, err := io.ReadFull(s, got); err != nil || string(got) != want {
		s.t.Fatalf("got %.100q, want %.100q, error %v", got[:n], want, err)
	}
}

func TestFramesComeOverTLSHoweverTheStreamIsCut(t *testing.T) {
	files, pool := certify(t, t.TempDir(), "gateway")
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"whole": func(c net.Conn) net.Conn { return c }, "by bytes": func(c net.Conn) net.Conn { return byBytes{c} },
	} {
		for version, id := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
			t.Run(name+" "+version, func(t *testing.T) {
				r := start(t, Options{TLS: files, ParkAfter: 5 * time.Millisecond}, echo)
				p, c := r.connect()
				eventually(t, "parked before the handshake", func() bool { return isParked(c) })
				s := &secured{tls.Client(wrap(p), &tls.Config{RootCAs: pool, ServerName: "gateway", MaxVersion: id}), t}
				long := strings.Repeat("<abcdefgh>", 1600) // a record holds more than a read of ours
				for range 3 {
					s.send("<a>")
					s.expect("<a>")
					s.send("<b><c")
					s.expect("<b>")
					s.send(">" + long)
					s.expect("<c>" + long)
					eventually(t, "parked", func() bool { return isParked(c) })
				}
				if n := c.Stats(); n.Received != n.InFrames || n.Frames != 3*1603 {
					t.Errorf("counts %+v", n.ByteCounts)
				}
				if err := s.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				if rest, err := io.ReadAll(s); err != nil || len(rest) > 0 { // an end without the notice would be an error
					t.Errorf("at the end %q, %v", rest, err)
				}
				r.expectReason(ClosePeer)
			})
		}
	}
}

func TestWhatIsWrittenBeforeTheHandshakeFollowsIt(t *testing.T) {
	files, pool := certify(t, t.TempDir(), "gateway")
	r := start(t, Options{TLS: files}, echo)
	p, c := r.connect()
	if err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	s := &secured{tls.Client(p, &tls.Config{RootCAs: pool, ServerName: "gateway"}), t}
	s.send("<a>")
	s.expect("hello<a>")
	_, c = r.connect()
	for range 3 {
		err := c.Write(make([]byte, DefaultWriteQueueBytes))
		if errors.Is(err, ErrSlowPeer) {
			r.expectReason(CloseSlowPeer)
			return
		}
	}
	t.Errorf("a peer without a handshake keeps %d bytes", 3*DefaultWriteQueueBytes)
}

func TestAPeerWithoutAHandshakeKeepsNobody(t *testing.T) {
	files, pool := certify(t, t.TempDir(), "gateway")
	r := start(t, Options{TLS: files, FirstFrameTimeout: 2 * time.Second, Proxy: true}, echo)
	const header = "PROXY TCP4 203.0.113.7 198.51.100.2 40112 12990\r\n"
	for range 50 {
		p, _ := r.connect()
		p.send(header + "\x16")
	}
	p, c := r.connect()
	p.send(header)
	s := &secured{tls.Client(p, &tls.Config{RootCAs: pool, ServerName: "gateway"}), t}
	s.send("<a>")
	s.expect("<a>")
	if remote := c.Remote().String(); remote != "203.0.113.7:40112" {
		t.Errorf("remote %s", remote)
	}
	plain, _ := r.connect()
	plain.send(header + "<a><b>")
	if answer := plain.expectEnd(); answer != "" {
		t.Errorf("answer %q", answer)
	}
	for range 51 {
		r.expectReason(CloseHandshake)
	}
	if n := r.Stats(); n.Closed[CloseHandshake] != 51 || n.Live != 1 {
		t.Errorf("%+v", n)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/config"
)

// client talks to the daemon's endpoint.
type client struct {
	base      string
	shown     string // base, as people write it
	from      string // what names it; empty: the command line
	token     string
	tokenFile string
	http      *http.Client
}

// busyTries is how often a question is asked again, a second later each time, that the daemon has no time for.
const busyTries = 10

// noDaemon is the error of a command that found no daemon.
type noDaemon struct{ error }

func (e noDaemon) Unwrap() error { return e.error }

// lost is the error of a daemon that was there and has not answered to the end.
type lost struct{ error }

func (e lost) Unwrap() error { return e.error }

// conflict is the error of what the daemon understands and cannot do as things are, such as to send to a master that is offline.
type conflict struct{ error }

func (e conflict) Unwrap() error { return e.error }

// unready is the error of a daemon that cannot do it now, such as one whose start waits for room on the disk.
type unready struct{ error }

func (e unready) Unwrap() error { return e.error }

// daemonFlags adds the flags that say where the daemon is.
func (a *app) daemonFlags(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&a.adminURL, "admin", "", "`URL` of the daemon's endpoint, or unix: and the path of its socket (default: $TRAMA_ADMIN, else [admin] listen of the configuration, else "+systemSocket+")")
	c.Flags().StringVar(&a.tokenFile, "token-file", "",
		"`file` with the bearer token (default: [admin] token_file of the configuration)")
	return c
}

// client finds the daemon by the flags, else by the configuration.
func (a *app) client() (*client, error) {
	base, tokenFile, err := a.daemonAddress()
	if err != nil {
		return nil, err
	}
	// The program ends after one request: a connection that is kept would only linger.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	daemon := &client{base: base, shown: base, from: a.adminFrom, http: &http.Client{Transport: transport}}
	if path, isSocket := strings.CutPrefix(base, config.SocketPrefix); isSocket {
		daemon.base, transport.Proxy = "http://localhost", nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		if a.tokenFile == "" {
			return daemon, nil // its user says who it is
		}
	}
	token, err := access.ReadLocal(tokenFile)
	if errors.Is(err, fs.ErrNotExist) {
		if a.tokenFile == "" {
			err = fmt.Errorf("%w ([admin] token_file of %s)", err, a.configFile)
		}
		return nil, noDaemon{fmt.Errorf("%w; it is made when `trama serve` starts", err)}
	}
	daemon.token, daemon.tokenFile = token, tokenFile
	return daemon, err
}

// endpoint is an address of the daemon as somebody has written it, as a URL or unix: and a path.
func endpoint(written string) (string, error) {
	path, isSocket := strings.CutPrefix(written, config.SocketPrefix)
	if isSocket && path != "" {
		return written, nil
	}
	base := written
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || isSocket || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("--admin or TRAMA_ADMIN: found %q, expected a URL such as http://127.0.0.1:8686 or https://gateway.example, or unix: and the path of a socket", written)
	}
	return strings.TrimSuffix(base, "/"), nil
}

// localURL is how this machine reaches the endpoint that listens on address.
func localURL(address string) (string, error) {
	if strings.HasPrefix(address, config.SocketPrefix) {
		return address, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", errors.New("the configuration lets the system choose the port of [admin] listen; say --admin URL")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// do sends one request and returns the answer, whose body the caller closes.
func (c *client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	if body == nil {
		return c.send(ctx, method, path, "", nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, method, path, "application/json", text)
}

// send is do for a body that is text already.
func (c *client) send(ctx context.Context, method, path, contentType string, body []byte) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", contentType)
	}
	w, err := c.ask(r)
	for tries := 0; err == nil && w.StatusCode == http.StatusTooManyRequests && method == http.MethodGet &&
		tries < busyTries; tries++ {
		_ = w.Body.Close() // others are being served: an export must not end for that
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
		w, err = c.ask(r)
	}
	if errors.Is(err, refused) || errors.Is(err, fs.ErrNotExist) {
		return nil, noDaemon{fmt.Errorf("nothing answers at %s: is `trama serve` running?", c.where())}
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s may not be used by this user; ls -l says which group may", c.shown)
	}
	if errors.As(err, new(foreign)) {
		return nil, err
	}
	if err != nil && ctx.Err() == nil {
		return nil, lost{fmt.Errorf("%s: %s", c.where(), networkInWords(err))}
	}
	if err != nil {
		return nil, err
	}
	if w.StatusCode >= 300 {
		defer w.Body.Close()
		why := c.refusal(w)
		if w.StatusCode == http.StatusUnauthorized && !strings.Contains(why.Error(), access.ErrExpired.Error()) {
			return nil, fmt.Errorf("%s does not accept the token in %s: is it the one of that daemon?", c.shown, c.tokenFile)
		}
		return nil, why
	}
	return w, nil
}

// where is the daemon's endpoint, and what names it.
func (c *client) where() string {
	if c.from == "" {
		return c.shown
	}
	return c.shown + " (" + c.from + ")"
}

// refusal turns an error answer into an error.  When the daemon understands the request and does not take what it says,
// the command line is wrong.
func (c *client) refusal(w *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(w.Body, 1<<20)) // what could be read is as good as it gets
	var p admin.Problem
	if json.Unmarshal(text, &p) != nil || p.Error == "" {
		return fmt.Errorf("%s answered %s, and not as trama does: is it the daemon's endpoint?", c.where(), w.Status)
	}
	err := errors.New(strings.Join(append([]string{p.Error}, p.Problems...), "\n  "))
	if w.StatusCode == http.StatusBadRequest || w.StatusCode == http.StatusUnprocessableEntity && len(p.Problems) == 0 {
		return usageError{err}
	}
	switch w.StatusCode {
	case http.StatusServiceUnavailable:
		return unready{err}
	case http.StatusConflict:
		return conflict{err}
	}
	return err
}

// get reads a JSON answer into a value.
func (c *client) get(ctx context.Context, path string, into any) error {
	return c.call(ctx, http.MethodGet, path, nil, into)
}

// call sends a request and reads its JSON answer, if one is wanted.
func (c *client) call(ctx context.Context, method, path string, body, into any) error {
	w, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	if into == nil {
		return nil
	}
	d := json.NewDecoder(w.Body)
	d.UseNumber() // a number is shown as the daemon wrote it
	if err := d.Decode(into); err != nil {
		err = fmt.Errorf("answer of the daemon: %w", err)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(net.Error)) {
			return lost{err}
		}
		return err
	}
	return nil
}

// copyTo writes the answer out as it comes.
func (c *client) copyTo(ctx context.Context, out io.Writer, path string) error {
	return c.copy(ctx, http.MethodGet, out, path, nil)
}

// copy sends a request and writes the answer out as it comes.
func (c *client) copy(ctx context.Context, method string, out io.Writer, path string, body any) error {
	w, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer w.Body.Close()
	_, err = io.Copy(out, w.Body)
	return err
}

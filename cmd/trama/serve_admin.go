package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"trama/actors"
	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/config"
	"trama/journal"
)

// fixedTokens are those that nobody can add or revoke while it runs: of the token file, and of the configuration.
func fixedTokens(local string, c config.Admin) []access.Token {
	return append([]access.Token{{Name: access.LocalName, Role: access.Admin, Hash: access.HashOf(local),
		Kept: "token file"}}, c.Tokens...)
}

// listenAdmin opens the addresses of the admin endpoint, all or none.
func (d *daemon) listenAdmin() (ports []net.Listener, err error) {
	c := d.config.Admin
	if d.groups, err = access.FindGroups(c.ReadGroup, c.OperateGroup, c.AdminGroup); err != nil {
		return nil, err
	}
	for _, address := range c.Listen {
		var port net.Listener
		if path, isSocket := strings.CutPrefix(address, config.SocketPrefix); isSocket {
			if port, err = access.ListenSocket(path, d.groups); err == nil {
				d.adminURLs = append(d.adminURLs, address)
			}
		} else if port, err = net.Listen("tcp", address); err == nil {
			d.adminURLs = append(d.adminURLs, "http://"+port.Addr().String())
		}
		if err != nil {
			closeAll(ports)
			return nil, fmt.Errorf("admin endpoint: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// closeAll closes ports that are not served; why it does so is what matters.
func closeAll(ports []net.Listener) {
	for _, port := range ports {
		_ = port.Close()
	}
}

func (d *daemon) serveHTTP(ports []net.Listener) {
	var hosts []string
	for _, address := range d.config.Admin.Listen {
		if host, _, err := net.SplitHostPort(address); err == nil && !strings.HasPrefix(address, config.SocketPrefix) {
			hosts = append(hosts, host)
		}
	}
	options := admin.Options{
		Gateway: d.gateway, Known: &d.known, Logger: d.log.Named("admin"), Root: d.log, Tokens: d.tokens,
		Profiler: d.config.Admin.Pprof, Groups: d.groups, ListenHosts: hosts,
		AllowedHosts: d.config.Admin.AllowedHosts, Version: buildVersion(), Reload: d.reload, Check: problemsOf, Keys: d.keys, Times: d.times,
		Record: func(e journal.Event) { journal.AppendEvent(d.record, e) },
	}
	if d.journal != nil {
		options.Archive = d.journal
	}
	d.http = admin.New(options)
	d.httpEnded = make(chan error, 1)
	go func() {
		ended := make(chan error, len(ports))
		for _, port := range ports {
			go func() { ended <- d.http.Serve(port) }()
		}
		d.httpEnded <- <-ended // the first that ends is the end of all
		for range len(ports) - 1 {
			if err := <-ended; err != nil {
				d.log.Error("admin endpoint closed with an error", "error", err)
			}
		}
	}()
}

// Addresses is what --addresses-file holds.
type Addresses struct {
	Admin     string            `json:"admin"` // URL of the first, or unix: and a path
	Listeners map[string]string `json:"listeners"`
}

// tellAddresses writes the addresses file, if one is wanted.
func (d *daemon) tellAddresses() error {
	if d.addressesFile == "" || d.addressesWritten {
		return nil
	}
	err := writeAddresses(d.addressesFile, d.adminURLs[0], d.gateway.Listeners())
	d.addressesWritten = err == nil
	return err
}

// tellAddressesLater writes it as soon as there is room, or until ctx ends.
func (d *daemon) tellAddressesLater(ctx context.Context) {
	for d.tellAddresses() != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(roomEvery):
		}
	}
}

// writeAddresses puts the file there whole: a script that waits for it never reads half of it.
func writeAddresses(file, adminURL string, listeners []actors.ListenerInfo) error {
	a := Addresses{Admin: adminURL, Listeners: map[string]string{}}
	for _, l := range listeners {
		a.Listeners[l.Name] = l.Address
	}
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".new")
	if err = os.WriteFile(temporary, append(text, '\n'), 0o644); err == nil {
		err = os.Rename(temporary, file)
	}
	if err != nil {
		_ = os.Remove(temporary) // err is what matters
	}
	return err
}

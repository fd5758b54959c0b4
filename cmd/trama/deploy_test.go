package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"trama/cmd/trama/internal/config"
)

// The configuration of the package opens nothing to the Internet, and puts no file beside itself.
func TestTheConfigurationOfThePackageListensOnThisMachineOnly(t *testing.T) {
	c, err := config.Load("../../deploy/trama.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.Listeners {
		if host, _, err := net.SplitHostPort(l.Address); err != nil || !net.ParseIP(host).IsLoopback() {
			t.Errorf("listener %s: %s, %v", l.Name, l.Address, err)
		}
	}
	for _, address := range c.Admin.Listen {
		if !strings.HasPrefix(address, config.SocketPrefix) {
			t.Errorf("the admin endpoint listens on %s", address)
		}
	}
	for _, path := range []string{c.Journal.Path, c.Admin.TokenFile, c.Keys.Directory} {
		if !strings.HasPrefix(filepath.ToSlash(path), "/var/lib/trama/") {
			t.Errorf("%s is not in the directory of the service", path)
		}
	}
}

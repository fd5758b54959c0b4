package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/config"
)

// Where a configuration and a daemon are looked for when the command line names none.
const (
	adminVariable  = "TRAMA_ADMIN"
	configVariable = "TRAMA_CONFIG"
)

// Where the package puts them; tests look elsewhere.
var (
	systemConfig = "/etc/trama/trama.toml"
	systemSocket = "/run/trama/admin.sock"
)

// find settles which daemon and which configuration are meant: what the command line says, else the environment, else
// ./config.toml and that of the package.  A --config on the command line counts more than TRAMA_ADMIN: it is nearer.
func (a *app) find(c *cobra.Command) {
	a.configNamed, a.configFound = true, true
	if c.Flags().Changed("config") {
		return
	}
	if a.adminURL == "" {
		a.adminURL = os.Getenv(adminVariable)
	}
	if a.configFile = os.Getenv(configVariable); a.configFile != "" {
		return
	}
	a.configNamed = false
	for _, file := range []string{config.DefaultFile, systemConfig} {
		if a.configFile = file; passedOver(file) == nil {
			return
		}
	}
	a.configFile, a.configFound = config.DefaultFile, false
}

// passedOver is why a configuration that nobody named does not count; nil when it does.  In a folder such as /tmp it is
// anybody's, and would send the token to them.
func passedOver(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return errors.Unwrap(err) // without the name
	}
	_ = f.Close() // it was to be tried only
	const shared = fs.ModeSticky | 0o002
	if dir, err := os.Stat(filepath.Dir(file)); err != nil || dir.Mode()&shared == shared {
		return errors.New("passed over, as everybody may make files in that folder; --config can name it")
	}
	return nil
}

// nowhere lists what was looked for; it is for whoever finds no configuration, and with a socket no daemon.
func (a *app) nowhere(what string, socket bool) error {
	here, err := os.Getwd()
	if err != nil {
		here = "this directory"
	}
	looked := []string{"--config: not given", configVariable + ": not set",
		fmt.Sprintf("%s in %s: %v", config.DefaultFile, here, passedOver(config.DefaultFile)),
		fmt.Sprintf("%s: %v", systemConfig, passedOver(systemConfig))}
	if socket {
		_, err := os.Stat(systemSocket)
		if err != nil {
			err = errors.Unwrap(err)
		}
		looked = append([]string{"--admin: not given", adminVariable + ": not set"}, append(looked, fmt.Sprintf("%s: %v", systemSocket, err))...)
	}
	return fmt.Errorf("%s; looked for\n  %s\n`trama config example` prints a configuration to begin with", what,
		strings.Join(looked, "\n  "))
}

// loadConfig reads the configuration that counts.
func (a *app) loadConfig() (*config.Config, error) {
	if !a.configFound {
		return nil, usageError{a.nowhere("no configuration found", false)}
	}
	return loadConfig(a.configFile)
}

// daemonAddress is where the daemon is, and its token file, by the flags, else by the configuration, else the socket of the package.
func (a *app) daemonAddress() (base, tokenFile string, err error) {
	if tokenFile = a.tokenFile; a.adminURL != "" {
		if base, err = endpoint(a.adminURL); err != nil {
			return "", "", usageError{err}
		}
	}
	isSocket := strings.HasPrefix(base, config.SocketPrefix)
	switch {
	case base != "" && (tokenFile != "" || isSocket) && !a.configNamed:
		return base, tokenFile, nil
	case a.configFound:
		c, err := config.LoadAdmin(a.configFile)
		if err != nil {
			return "", "", configError(err)
		}
		if base == "" {
			if base, err = localURL(c.Listen[0]); err != nil {
				return "", "", usageError{err}
			}
			a.adminFrom = "[admin] listen of " + a.configFile
		}
		if tokenFile == "" {
			tokenFile = c.TokenFile
		}
		return base, tokenFile, nil
	case base != "":
		return "", "", usageError{a.nowhere("--token-file is missing, and no configuration names one", false)}
	}
	if _, err := os.Stat(systemSocket); err != nil {
		return "", "", noDaemon{a.nowhere("no daemon found", true)}
	}
	return config.SocketPrefix + systemSocket, tokenFile, nil
}

package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"trama/internal/tomlread"
)

// address reads host:port.
func (t table) address(key string, into *string) bool {
	s := *into
	if !t.text(key, &s) || !t.checkAddress(key, s) {
		return false
	}
	*into = s
	return true
}

// checkAddress reports what is no host:port.
func (t table) checkAddress(key, s string) bool {
	path := t.At(key)
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		t.Problem(path, fmt.Sprintf("%q", s), `host:port such as "127.0.0.1:12986", or ":12986" for every interface`)
		return false
	}
	if n, err := strconv.ParseUint(port, 10, 64); err != nil || n > 65535 {
		t.Problem(path, fmt.Sprintf("the port %q", port), "a port from 1 to 65535, or 0 to let the system choose")
		return false
	}
	if strings.ContainsAny(host, " /") {
		t.Problem(path, fmt.Sprintf("the host %q", host), "an IP address, a host name, or nothing for every interface")
		return false
	}
	return true
}

// checkPorts reports ports that cannot be open at the same time, and names used twice.
func checkPorts(r *tomlread.Source, c *Config) {
	type port struct{ key, what, address string }
	var ports []port
	for _, address := range c.Admin.Listen {
		if slices.ContainsFunc(ports, func(p port) bool { return overlap(p.address, address) || p.address == address }) {
			r.Problem("admin.listen", fmt.Sprintf("%q, which overlaps another one", address), "an address of its own")
		}
		ports = append(ports, port{"admin.listen", "admin.listen", address})
	}
	names := map[string]string{}
	for i, l := range c.Listeners {
		key := fmt.Sprintf("listener[%d]", i)
		if first, ok := names[l.Name]; ok && l.Name != "" {
			r.Problem(key+".name", fmt.Sprintf("%q, the name of %s too", l.Name, first), "a name of its own")
		} else {
			names[l.Name] = key
		}
		for _, p := range ports {
			if overlap(p.address, l.Address) {
				r.Problem(key+".address", fmt.Sprintf("%q, which overlaps %q of %s", l.Address, p.address, p.what), "an address of its own")
			}
		}
		ports = append(ports, port{key + ".address", key, l.Address})
	}
}

// overlap tells whether two addresses cannot be listened on at the same time.  Port 0 never overlaps; a wildcard host
// overlaps every host.
func overlap(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil {
		return false
	}
	numberA, _ := strconv.Atoi(portA)
	numberB, _ := strconv.Atoi(portB)
	if numberA != numberB || numberA == 0 {
		return false
	}
	return isWildcard(hostA) || isWildcard(hostB) || plainHost(hostA) == plainHost(hostB)
}

func isWildcard(host string) bool {
	if host == "" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsUnspecified()
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// plainHost gives the spellings of one host the same text.
func plainHost(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	return strings.ToLower(host)
}

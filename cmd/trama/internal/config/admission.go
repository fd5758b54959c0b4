package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"trama/actors"
	"trama/actors/admission"
	"trama/codec/protect"
	"trama/transport"
)

// readAdmission reads who may connect and speak.
func (l *Listener) readAdmission(t table) {
	p := &l.Policy
	choose(t, "security", &p.Security, admission.Securities)
	if p.Security != admission.Open && l.Profile != nil && l.Profile.Security() == nil {
		t.Problem(t.At("security"), fmt.Sprintf("%q with profile %s", admission.Securities[p.Security], l.Profile.Name()),
			"a profile whose frames may be protected: its definition has [security]")
	}
	p.Suites = admission.DefaultSuites
	var names []string
	if t.list("suites", &names, "the suites that are accepted, such as [\"20\", \"21\"]") {
		p.Suites = nil
	}
	for _, name := range names {
		s, err := protect.ParseSuite(name)
		if err != nil || s == protect.None {
			t.Problem(t.At("suites"), fmt.Sprintf("%q", name), `suites of protected frames: "10", "11", "20" or "21"`)
			continue
		}
		p.Suites = append(p.Suites, s)
	}
	t.flag("challenge", &p.Challenge)
	t.flag("allow_unprotected_control", &p.AllowUnprotectedControl)
	choose(t, "unknown", &p.Unknown, admission.Unknowns)
	t.list("serials", &p.Serials, "serials, whole or as in \"1234*\"")
	for _, s := range p.Serials {
		if strings.Contains(s[:len(s)-1], "*") {
			t.Problem(t.At("serials"), fmt.Sprintf("%q", s), "whole serials, or beginnings with one * behind")
		}
	}
	t.count("new_masters_per_minute", &p.NewMastersPerMinute, 0, 1_000_000)
	choose(t, "takeover", &p.Takeover, admission.Takeovers)
	if l.Role == actors.RoleIntegrator {
		for _, key := range []string{"security", "suites", "challenge", "allow_unprotected_control", "unknown",
			"serials", "new_masters_per_minute",
			"takeover"} {
			if t.Has(key) {
				t.Problem(t.At(key), "what is asked of masters, on an integrators' port", "sources and [listener.tls] only")
			}
		}
	}
	o := &l.Transport
	t.networks("sources", &o.Sources)
	t.flag("proxy", &o.Proxy)
	t.networks("proxy_protocol", &o.ProxyFrom)
	if o.Proxy && t.Has("proxy_protocol") {
		t.Problem(t.At("proxy_protocol"), "proxy and proxy_protocol", "one of them: proxy = true takes the header from anybody")
	}
	l.readTLS(t)
}

// choose reads one of several words, whose place in the list is its value.
func choose[T ~uint8](t table, key string, into *T, words []string) {
	word := words[*into]
	t.enum(key, &word, words...)
	if i := slices.Index(words, word); i >= 0 {
		*into = T(i)
	}
}

// list reads texts of which there must be one at least; it says whether the key is there.
func (t table) list(key string, into *[]string, expected string) bool {
	t.texts(key, into)
	if all, isList := t.Values[key].([]any); isList && len(all) == 0 {
		t.Problem(t.At(key), "an empty list", expected+"; without the key it is no restriction")
	}
	return t.Has(key)
}

// networks reads networks, or addresses.
func (t table) networks(key string, into *[]netip.Prefix) {
	const expected = `networks such as "10.0.0.0/8", or addresses`
	var all []string
	t.list(key, &all, expected)
	for _, s := range all {
		network, err := netip.ParsePrefix(s)
		if address, err2 := netip.ParseAddr(s); err2 == nil {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		switch {
		case err != nil:
			t.Problem(t.At(key), fmt.Sprintf("%q", s), expected)
		case network != network.Masked():
			t.Problem(t.At(key), fmt.Sprintf("%q", s), fmt.Sprintf("the network %q, or one address", network.Masked()))
		default:
			*into = append(*into, network)
		}
	}
}

// readTLS reads [listener.tls].
func (l *Listener) readTLS(t table) {
	inner := t.section("tls")
	var f transport.TLSFiles
	for _, each := range []struct {
		key      string
		into     *string
		required bool
	}{{"certificate", &f.Certificate, true}, {"key", &f.Key, true}, {"client_ca", &f.ClientCA, false}} {
		if !inner.text(each.key, each.into) && each.required && t.Has("tls") && !inner.Has(each.key) {
			inner.Problem(inner.At(each.key), "nothing", "the path of a PEM file")
		}
		if *each.into != "" {
			*each.into = resolve(l.dir, *each.into)
		}
	}
	inner.done()
	if f.Certificate != "" && f.Key != "" {
		if _, err := f.Load(); err != nil {
			inner.Problem(inner.Path, err.Error(), "a certificate in PEM, and the key that fits it")
		}
	}
	l.Transport.TLS = f
}

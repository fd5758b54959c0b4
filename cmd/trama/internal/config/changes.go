package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Changes names what c says otherwise than running, but for the profiles of listeners that both have, [masters] and [[poll]]:
// keys that are read at a start only.
func Changes(running, c *Config) []string {
	var changed []string
	a, b := reflect.ValueOf(*running), reflect.ValueOf(*c)
	for i := range a.NumField() {
		switch name := a.Type().Field(i).Name; name {
		case "File", "Masters", "Listeners", "Polls":
		default:
			changed = append(changed, differing(a.Field(i), b.Field(i), "["+keyOf(name)+"] ")...)
		}
	}
	for _, l := range running.Listeners {
		other := c.listener(l.Name)
		if other == nil {
			changed = append(changed, fmt.Sprintf("listener %s: it is gone", l.Name))
			continue
		}
		mine, theirs := l, *other
		for _, each := range []*Listener{&mine, &theirs} {
			each.Profile, each.ProfileName, each.ProfileFile = nil, "", ""
			each.Transport.Name, each.Transport.Address = "", ""
		}
		changed = append(changed, differing(reflect.ValueOf(mine), reflect.ValueOf(theirs), fmt.Sprintf("listener %s: ", l.Name))...)
	}
	for _, l := range c.Listeners {
		if running.listener(l.Name) == nil {
			changed = append(changed, fmt.Sprintf("listener %s: it is new", l.Name))
		}
	}
	return changed
}

func (c *Config) listener(name string) *Listener {
	if i := slices.IndexFunc(c.Listeners, func(l Listener) bool { return l.Name == name }); i >= 0 {
		return &c.Listeners[i]
	}
	return nil
}

// differing names the keys in which two tables differ.
func differing(a, b reflect.Value, where string) (keys []string) {
	if a.Kind() != reflect.Struct {
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			keys = append(keys, strings.TrimSpace(where))
		}
		return keys
	}
	for i := range a.NumField() {
		field := a.Type().Field(i)
		switch x, y := a.Field(i), b.Field(i); {
		case !field.IsExported(), field.Name == "Tokens": // a reload takes these over
		case field.Name == "Transport", field.Name == "Policy", field.Name == "Aside" && !x.IsNil() && !y.IsNil():
			keys = append(keys, differing(reflect.Indirect(x), reflect.Indirect(y), where)...)
		case field.Type.Kind() == reflect.Func: // none is set by a configuration
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			keys = append(keys, where+keyNamed(field.Name))
		}
	}
	return keys
}

// keyNamed is the key that sets a field, where it has another name.
func keyNamed(field string) string {
	switch field {
	case "FrameNames":
		return "registration.identity"
	case "IdleTimeout":
		return "heartbeat or idle_timeout"
	case "TLS":
		return "tls"
	case "ProxyFrom":
		return "proxy_protocol"
	case "Aside":
		return "registration, heartbeat_bytes or heartbeat_text"
	}
	return keyOf(field)
}

// keyOf is the key of a field: MaxFrameBytes is max_frame_bytes.
func keyOf(field string) string {
	var key strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			key.WriteByte('_')
		}
		key.WriteRune(unicode.ToLower(r))
	}
	return key.String()
}

package actors

import (
	"fmt"
	"strings"

	"trama/internal/words"
)

// unknownMaster is the error of a serial that is no master's; it names those that it may stand for.
func (g *gateway) unknownMaster(serial string) error {
	return fmt.Errorf("%w: %q%s", ErrUnknownMaster, serial, g.near(serial))
}

// near is the end of a message about an unknown serial.
func (g *gateway) near(serial string) string {
	all := g.masters.Near(serial)
	if len(all) == 0 {
		return ""
	}
	text := strings.Join(all, ", ")
	if at := strings.LastIndex(text, ", "); at >= 0 {
		text = text[:at] + " or " + text[at+len(", "):]
	}
	return "; did you mean " + text + "?"
}

// unknownListener is the error of a name that no listener has.
func (g *gateway) unknownListener(name string) error {
	return fmt.Errorf("%w: %q%s", ErrUnknownListener, name, words.Known(name, g.listenerNames()))
}

func (g *gateway) listenerNames() (names []string) {
	for _, p := range g.ports.All {
		names = append(names, p.Name)
	}
	return names
}

// unknownActor is the error of a path that leads to no actor.  A path may have been said without its beginning.
func (g *gateway) unknownActor(path string) error {
	for _, before := range []string{"trama/", "trama/listeners/", "trama/registry/"} {
		if g.top.Find(before+path) != nil {
			return fmt.Errorf("%w: %q; did you mean %q?", ErrUnknownActor, path, before+path)
		}
	}
	parts := strings.Split(path, "/")
	for n := len(parts) - 1; n > 0; n-- {
		if found := g.top.Find(strings.Join(parts[:n], "/")); found != nil {
			return fmt.Errorf("%w: %q; below %s%s", ErrUnknownActor, path, found.Path(), words.Known(parts[n], found.Names()))
		}
	}
	return fmt.Errorf("%w: %q; paths look like %q%s", ErrUnknownActor, path, "trama/listeners/gsm/conn-41",
		words.DidYouMean(parts[0], append(g.top.Names(), g.top.Path())))
}

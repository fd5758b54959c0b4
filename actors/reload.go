package actors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trama/codec"
)

// Reloading changes what listeners speak while connections live.
type Reloading interface {
	// Swap gives each listener named its profile, all of them or none.  From then on new bytes are cut and decoded by it, on the port and on
	// every live connection; frames in hand and commands in flight go on under the profile that they began with.  A listener that has this
	// very definition already keeps it.  The answer names every listener asked for.
	Swap(ctx context.Context, profiles map[string]Edition) ([]Swapped, error)
}

// ErrUnfit is what is wrong with a profile that cannot go on a listener.
var ErrUnfit = errors.New("profile does not fit the listener")

// Swapped is what a swap made of one listener.
type Swapped struct {
	Listener string     `json:"listener"`
	Changed  bool       `json:"changed"`
	Before   string     `json:"profile_before,omitempty"` // name, when changed
	Profile  string     `json:"profile"`
	Now      Definition `json:"definition"`
	Live     int        `json:"live"` // connections that went along
}

// Swap implements Gateway.
func (g *gateway) Swap(ctx context.Context, profiles map[string]Edition) ([]Swapped, error) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	if g.gone.Load() {
		return nil, ErrStopping
	}
	var problems []error
	known := 0
	for _, s := range g.slots {
		if e, ok := profiles[s.name]; ok {
			known++
			problems = append(problems, s.fits(e.Profile))
		}
	}
	for name := range profiles {
		if g.slot(name) == nil {
			problems = append(problems, fmt.Errorf("%w: %q", ErrUnknownListener, name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, e := range profiles {
		if err := g.journal.enter(ctx, e.Profile); err != nil {
			return nil, err
		}
	}
	done := make([]Swapped, 0, known)
	for _, s := range g.slots {
		if e, ok := profiles[s.name]; ok {
			done = append(done, s.swap(e))
		}
	}
	g.journal.keep(g.slots)
	headers.Clear() // else it would hold every profile that there ever was
	return done, nil
}

// slot finds a listener by its name.
func (g *gateway) slot(name string) *slot {
	for _, s := range g.slots {
		if s.name == name {
			return s
		}
	}
	return nil
}

// fits says why p cannot go on the listener.
func (s *slot) fits(p *codec.Profile) error {
	if smallest := SmallestFrame(p); s.maxFrame > 0 && s.maxFrame < smallest {
		return fmt.Errorf("%w: listener %q takes frames of at most %d bytes (max_frame_bytes), the smallest that profile %s receives has %d",
			ErrUnfit, s.name, s.maxFrame, p.Name(), smallest)
	}
	if s.greeting != "" {
		if _, err := Greeting(p, s.greeting, nil); err != nil {
			return fmt.Errorf("%w: listener %q greets with %s: %w", ErrUnfit, s.name, s.greeting, err)
		}
	}
	return nil
}

// SmallestFrame is the size of the smallest frame that can come in, in bytes; parts that vary count as empty.
func SmallestFrame(p *codec.Profile) int {
	smallest := p.MaxFrameBytes()
	for _, m := range p.Messages() {
		if m.From == codec.Server {
			continue
		}
		size := 0
		for _, f := range m.Fields {
			size += f.Size
		}
		smallest = min(smallest, size)
	}
	return smallest
}

// swap puts e in force.  gateway.swapping is held.
func (s *slot) swap(e Edition) Swapped {
	old := s.edition.Load()
	done := Swapped{Listener: s.name, Profile: old.profile.Name(), Now: old.what, Live: s.links.size()}
	if e.Profile.Hash() == old.profile.Hash() {
		return done
	}
	s.endShadow("the listener's profile was swapped")
	made := s.next(e, old)
	if err := s.port.SetFraming(s.framing(made)); err != nil {
		panic(fmt.Errorf("framing of profile %s: %w", e.Profile.Name(), err)) // fits and the compiler have seen to it
	}
	s.edition.Store(made)
	s.profile.Store(made.profile)
	old.next.Store(made)
	done.Changed, done.Before, done.Profile, done.Now = true, old.profile.Name(), made.profile.Name(), made.what
	s.gw.log.Named("listener").Info("profile swapped", "listener", s.name, "before", old.profile.Name(), "profile", made.profile.Name(),
		"generation", made.what.Generation, "hash", short(made.what.Hash), "source", made.what.Source, "live", done.Live)
	return done
}

// info is the edition as it is shown.
func (e *edition) info() Definition { return e.what }

// short is the beginning of a hash, enough to tell one from another.
func short(hash string) string { return hash[:12] }

// treeDetail adds to what the tree shows of a listener.
func (e *edition) treeDetail(d map[string]any) {
	d["generation"] = e.what.Generation
	d["loaded"] = e.what.Loaded.Round(time.Second)
	d["hash"] = short(e.what.Hash)
}

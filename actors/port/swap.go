package port

import (
	"fmt"

	"trama/actors/connection"
	"trama/actors/profiles"
	"trama/actors/shadow"
)

// Swapped is what a swap made of one listener.
type Swapped struct {
	Listener string              `json:"listener"`
	Changed  bool                `json:"changed"`
	Before   string              `json:"profile_before,omitempty"` // name, when changed
	Profile  string              `json:"profile"`
	Now      profiles.Definition `json:"definition"`
	Live     int                 `json:"live"` // connections that went along
}

// Swap puts v in force, on the port and on every live connection.  The caller sees to it that one swap or trial is
// made at a time, that v fits and that the store has it.
func (p *Port) Swap(v profiles.Version) Swapped {
	old := p.Installed()
	done := Swapped{Listener: p.Name, Profile: old.Profile.Name(), Now: old.What, Live: p.Links.Size()}
	if v.Profile.Hash() == old.Profile.Hash() {
		return done
	}
	p.endShadow("the listener's profile was swapped")
	made := profiles.Install(v, p.options.Store.Number(v.Profile), old)
	if err := p.acceptor.SetFraming(p.Framing(made)); err != nil {
		panic(fmt.Errorf("framing of profile %s: %w", v.Profile.Name(), err)) // Fits and the compiler have seen to it
	}
	p.Install(made)
	old.Replace(made)
	done.Changed, done.Before, done.Profile, done.Now = true, old.Profile.Name(), made.Profile.Name(), made.What
	p.System.Log.Named("listener").Info("profile swapped", "listener", p.Name, "before", old.Profile.Name(),
		"profile", made.Profile.Name(),
		"generation", made.What.Generation, "hash", profiles.Short(made.What.Hash), "source", made.What.Source, "live", done.Live)
	return done
}

// Try starts comparing a candidate with the profile in force; an earlier trial ends.  The caller sees to it that one
// swap or trial is made at a time, and that the candidate fits.
func (p *Port) Try(candidate profiles.Version) error {
	p.endShadow("another candidate took its place")
	active := p.Installed()
	sh := shadow.Start(shadow.Options{Listener: p.Name, Log: p.System.Log.Named("shadow"), Active: active,
		Candidate: candidate, Open: p.Keys.Look, Weak: connection.Weak(&p.Policy)})
	p.shadow.Store(sh)
	f := p.Framing(active)
	f.Tap = sh.Tap
	return p.acceptor.SetFraming(f)
}

// EndTrial stops the trial; what it has found goes with it.
func (p *Port) EndTrial() error {
	p.endShadow("it was stopped")
	err := p.acceptor.SetFraming(p.Framing(p.Installed()))
	p.shadow.Store(nil)
	return err
}

// Shadow is the trial on the port, also one that has ended by itself; nil when there is none.
func (p *Port) Shadow() *shadow.Shadow { return p.shadow.Load() }

// StopShadow stops the trial, if there is one that works, and returns it.  Its findings stay to be seen.
func (p *Port) StopShadow(why string) *shadow.Shadow {
	p.endShadow(why)
	return p.shadow.Load()
}

func (p *Port) endShadow(why string) {
	if sh := p.shadow.Load(); sh != nil {
		sh.End(why)
	}
}

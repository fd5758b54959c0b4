package actors

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"trama/actors/master"
	"trama/codec"
)

// answerWithin bounds how long a listing waits for an actor.
const answerWithin = time.Second

// Listeners implements Gateway.
func (g *gateway) Listeners() []ListenerInfo {
	all := make([]ListenerInfo, 0, len(g.ports.All))
	for _, p := range g.ports.All {
		all = append(all, p.Info())
	}
	slices.SortFunc(all, func(a, b ListenerInfo) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Connections implements Gateway.
func (g *gateway) Connections() []ConnectionInfo {
	all := []ConnectionInfo{}
	for _, p := range g.ports.All {
		for _, l := range p.Links.List() {
			all = append(all, l.Info())
		}
	}
	slices.SortFunc(all, func(a, b ConnectionInfo) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Masters implements Gateway.  A master that does not answer is listed with what is known from outside.
func (g *gateway) Masters() []MasterInfo { return describe(g.masters.List()) }

// FindMasters implements Gateway.
func (g *gateway) FindMasters(q MasterQuery) (page []MasterInfo, total int) {
	found, total := g.masters.Find(q)
	return describe(found), total
}

// Master implements Gateway.
func (g *gateway) Master(serial string) (MasterInfo, error) {
	m := g.masters.Get(serial)
	if m == nil {
		return MasterInfo{}, fmt.Errorf("%w: %q", ErrUnknownMaster, serial)
	}
	return describe([]*master.Master{m})[0], nil
}

// describe asks masters for what is known of them.
func describe(masters []*master.Master) []MasterInfo {
	all, silent := master.Ask(masters, answerWithin, func(at int,
		to chan<- master.Answer[MasterInfo]) any {
		return &master.Describe{At: at, Reply: to}
	})
	for _, i := range silent {
		all[i] = masters[i].Silent()
	}
	return all
}

// Poisoned implements Gateway.
func (g *gateway) Poisoned() []Poison { return g.shared.Poison.List() }

// Refused implements Gateway.
func (g *gateway) Refused(of string) ([]Stretch, error) {
	all, known := []Stretch{}, g.masters.Get(of) != nil || of == ""
	for _, p := range g.ports.All {
		known = known || p.Name == of
		for _, s := range p.Stretches.List() {
			if of == "" || of == p.Name || of == s.Master {
				all = append(all, s)
			}
		}
	}
	if !known && len(all) == 0 {
		return nil, fmt.Errorf("%w, and no listener: %q", ErrUnknownMaster, of)
	}
	slices.SortStableFunc(all, func(a, b Stretch) int { return a.At.Compare(b.At) })
	return all, nil
}

// guess says which profile takes bytes that the one of a listener does not: that of another listener, or a shipped one.
func (g *gateway) guess(listener string, data []byte) string {
	for _, p := range g.ports.All {
		if own, err := g.port(listener); err != nil || p == own || p.Profile().Hash() == own.Profile().Hash() {
			continue
		}
		if takes(p.Profile(), data) {
			return fmt.Sprintf("these are %s frames, as listener %s takes them: wrong port?", p.Profile().Name(), p.Name)
		}
	}
	for _, name := range codec.ShippedNames() {
		p, err := codec.Shipped(name)
		if own, e := g.port(listener); err == nil && e == nil && p.Hash() != own.Profile().Hash() && takes(p, data) {
			return fmt.Sprintf("these are %s frames: wrong profile?", name)
		}
	}
	return ""
}

// fewestTaken is the size of the smallest frame without a checksum that says what bytes are.
const fewestTaken = 12

// takes says whether most of data are frames of a profile.
func takes(p *codec.Profile, data []byte) bool {
	split, frames, least := p.Splitter(codec.Uplink), 0, 1
	if !p.HasChecksum() {
		least = fewestTaken
	}
	for rest := data; len(rest) > 0; {
		advance, token, _ := split(rest, true) // it returns no error
		if len(token) >= least {
			frames += len(token)
		}
		if advance == 0 {
			break
		}
		rest = rest[advance:]
	}
	return 2*frames > len(data)
}

// Tree implements Gateway.  It renders the part of the tree that q asks for.
func (g *gateway) Tree(q TreeQuery) (*Node, error) {
	from := g.top
	if q.Under != "" {
		if from = g.top.Find(q.Under); from == nil {
			return nil, fmt.Errorf("%w: %q (paths look like %q)", ErrUnknownActor, q.Under,
				"trama/listeners/field/conn-41")
		}
	}
	return from.Render(q), nil
}

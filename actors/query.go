package actors

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"trama/actors/master"
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

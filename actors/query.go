package actors

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"trama/actors/connection"
	"trama/actors/master"
	"trama/codec"
	"trama/internal/words"
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
func (g *gateway) Masters() []MasterInfo { return slices.Collect(describe(g.masters.List())) }

// FindMasters implements Gateway.
func (g *gateway) FindMasters(q MasterQuery) (page iter.Seq[MasterInfo], total int) {
	found, total := g.masters.Find(q)
	return func(yield func(MasterInfo) bool) {
		described, stop := iter.Pull(describe(master.Masters(found)))
		defer stop()
		for _, s := range found {
			var info MasterInfo
			if !s.IsMaster() {
				info, _ = g.masters.Absent(s.Serial)
			} else {
				info, _ = described()
			}
			if !yield(info) {
				return
			}
		}
	}, total
}

// Master implements Gateway.
func (g *gateway) Master(serial string) (MasterInfo, error) {
	m := g.masters.Get(serial)
	if m == nil {
		if info, known := g.masters.Absent(serial); known {
			return info, nil
		}
		return MasterInfo{}, g.unknownMaster(serial)
	}
	return slices.Collect(describe([]*master.Master{m}))[0], nil
}

// describe asks masters for what is known of them.
func describe(masters []*master.Master) iter.Seq[MasterInfo] {
	return master.Ask(masters, answerWithin, func(at int, to chan<- master.Answer[MasterInfo]) any {
		return &master.Describe{At: at, Reply: to}
	}, (*master.Master).Silent)
}

// Trust implements Gateway.
func (g *gateway) Trust(serial string) (TrustInfo, bool) {
	p := g.shared.Keys.Known(serial)
	if p == nil {
		return TrustInfo{}, false
	}
	return p.Info(), true
}

// Poisoned implements Gateway.
func (g *gateway) Poisoned() []Poison { return g.shared.Poison.List() }

// Refused implements Gateway.
func (g *gateway) Refused(of string) ([]Stretch, error) {
	all, known := []Stretch{}, g.masters.Get(of) != nil || of == ""
	for _, p := range g.ports.All {
		known = known || p.Name == of
		for _, s := range p.Stretches.List() {
			if of != "" && of != p.Name && of != s.Master {
				continue
			}
			if raw, err := hex.DecodeString(s.Bytes); err == nil && s.Reason == connection.ReasonNoise {
				if hint := g.guess(s.Listener, raw); hint != "" {
					s.Detail = strings.TrimPrefix(s.Detail+"; "+hint, "; ")
				}
			}
			all = append(all, s)
		}
	}
	if !known && len(all) == 0 {
		return nil, fmt.Errorf("%w, and no listener: %q%s%s", ErrUnknownMaster, of, g.near(of), words.DidYouMean(of, g.listenerNames()))
	}
	slices.SortStableFunc(all, func(a, b Stretch) int { return a.At.Compare(b.At) })
	return all, nil
}

// guess says which profile takes bytes that the one of a listener does not: that of another listener, or a shipped one.
// A profile with a checksum counts before another without.
func (g *gateway) guess(listener string, data []byte) string {
	own, err := g.port(listener)
	switch {
	case err != nil:
		return ""
	case bytes.HasPrefix(data, []byte{0x16, 3}):
		return fmt.Sprintf("this is the beginning of TLS, and listener %s has none: wrong port?", listener)
	}
	weak := ""
	found := func(p *codec.Profile, words string, args ...any) bool {
		if p.Hash() == own.Profile().Hash() || (weak != "" && !p.HasChecksum()) || !takes(p, data) {
			return false
		}
		weak = fmt.Sprintf("these are "+words, args...)
		return p.HasChecksum()
	}
	for _, p := range g.ports.All {
		if found(p.Profile(), "%s frames, as listener %s takes them: wrong port?", p.Profile().Name(), p.Name) {
			return weak
		}
	}
	for _, name := range codec.ShippedNames() {
		if p, err := codec.Shipped(name); err == nil && found(p, "%s frames: wrong profile?", name) {
			return weak
		}
	}
	return weak
}

// Sizes of the smallest frames without a checksum that say what bytes are: among others, and alone.
const (
	fewestTaken = 12
	fewestAlone = 6
)

// takes says whether most of data are frames of a profile.
func takes(p *codec.Profile, data []byte) bool {
	split, frames, all, least := p.Splitter(codec.Uplink), 0, 0, 1
	if !p.HasChecksum() {
		least = fewestTaken
	}
	for rest := data; len(rest) > 0; {
		advance, token, _ := split(rest, true) // it returns no error
		if all += len(token); len(token) >= least {
			frames += len(token)
		}
		if advance == 0 {
			break
		}
		rest = rest[advance:]
	}
	return 2*frames > len(data) || all == len(data) && all >= fewestAlone
}

// Tree implements Gateway.  It renders the part of the tree that q asks for.
func (g *gateway) Tree(q TreeQuery) (*Node, error) {
	from := g.top
	if q.Under != "" {
		if from = g.top.Find(q.Under); from == nil {
			return nil, g.unknownActor(q.Under)
		}
	}
	return from.Render(q), nil
}

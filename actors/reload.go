package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"trama/actors/port"
	"trama/codec"
)

// ReloadTLS implements Reloading.
func (g *gateway) ReloadTLS() error {
	var problems []error
	for _, p := range g.ports.All {
		problems = append(problems, p.ReloadTLS())
	}
	return errors.Join(problems...)
}

// Swap implements Gateway.
func (g *gateway) Swap(ctx context.Context, versions map[string]ProfileVersion) ([]Swapped, error) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	if g.gone.Load() {
		return nil, ErrStopping
	}
	var problems []error
	for _, p := range g.ports.All {
		if v, ok := versions[p.Name]; ok {
			problems = append(problems, p.Fits(v.Profile))
		}
	}
	for name := range versions {
		if _, err := g.port(name); err != nil {
			problems = append(problems, err)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, v := range versions {
		if err := g.store.Add(ctx, v.Profile); err != nil {
			return nil, err
		}
	}
	done := make([]Swapped, 0, len(versions))
	for _, p := range g.ports.All {
		if v, ok := versions[p.Name]; ok {
			done = append(done, p.Swap(v))
		}
	}
	g.schedulePolls()
	g.store.Keep(func(known *codec.Profile) bool {
		return slices.ContainsFunc(g.ports.All, func(p *port.Port) bool { return p.Profile() == known })
	})
	return done, nil
}

// Shadow implements Gateway.
func (g *gateway) Shadow(_ context.Context, listener string, candidate ProfileVersion) error {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	if g.gone.Load() {
		return ErrStopping
	}
	p, err := g.port(listener)
	if err != nil {
		return err
	}
	if err := p.Fits(candidate.Profile); err != nil {
		return err
	}
	return p.Try(candidate)
}

// EndShadow implements Gateway.
func (g *gateway) EndShadow(listener string) (ShadowInfo, error) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	p, err := g.tried(listener)
	if err != nil {
		return ShadowInfo{}, err
	}
	sh := p.Shadow()
	err = p.EndTrial()
	g.log.Named("shadow").Info("candidate stopped", "listener", p.Name, "candidate", sh.Candidate.Profile.Name())
	return sh.Info(), err
}

// ShadowInfo implements Gateway.
func (g *gateway) ShadowInfo(listener string) (ShadowInfo, error) {
	p, err := g.tried(listener)
	if err != nil {
		return ShadowInfo{}, err
	}
	return p.Shadow().Info(), nil
}

// Candidate implements Gateway.
func (g *gateway) Candidate(listener string) (ProfileVersion, error) {
	p, err := g.tried(listener)
	if err != nil {
		return ProfileVersion{}, err
	}
	return p.Shadow().Candidate, nil
}

// tried is the port of a listener that a candidate is tried on.
func (g *gateway) tried(listener string) (*port.Port, error) {
	p, err := g.port(listener)
	if err == nil && p.Shadow() == nil {
		err = fmt.Errorf("%w: %q", ErrNoShadow, listener)
	}
	return p, err
}

// endShadows stops all of them and waits, but not for ever: one may hang.
func (g *gateway) endShadows(patience time.Duration) {
	g.swapping.Lock()
	defer g.swapping.Unlock()
	over := timeout(patience)
	for _, p := range g.ports.All {
		if sh := p.StopShadow("the gateway is stopping"); sh != nil {
			select {
			case <-sh.Done():
			case <-over:
				g.log.Named("shadow").Error("the candidate hangs", "listener", p.Name, "candidate",
					sh.Candidate.Profile.Name())
			}
		}
	}
}

package actors

import (
	"context"
	"fmt"

	"trama/actors/master"
)

// SettingRequest asks for a setting to be kept for a master.
type SettingRequest struct {
	Serial    string
	Name      string         // of the command that tells it, or its letter
	Arguments map[string]any // by their names or those of the fields; nil: nothing is kept any more
	By        string
	Send      bool // at once, when the master is there; else when it next asks
}

// Settings implements Gateway.
func (g *gateway) Settings(ctx context.Context, serial string) ([]Setting, error) {
	m, err := g.present(serial)
	if err != nil {
		return nil, err
	}
	reply := make(chan []Setting, 1)
	g.sys.Send(&m.Node, &master.ListSettings{Reply: reply})
	return awaited(ctx, g, m, reply)
}

// SetSetting implements Gateway.
func (g *gateway) SetSetting(ctx context.Context, req SettingRequest) (setting Setting, sent bool, err error) {
	if err := g.journal.Accepting(); err != nil {
		return Setting{}, false, err
	}
	m, err := g.present(req.Serial)
	if err != nil {
		return Setting{}, false, err
	}
	reply := make(chan master.SettingAnswer, 1)
	g.sys.Send(&m.Node, &master.SetSetting{Name: req.Name, Arguments: req.Arguments, By: req.By, Send: req.Send, Reply: reply})
	a, err := awaited(ctx, g, m, reply)
	if err == nil {
		err = a.Err
	}
	return a.Info, a.Sent, err
}

// present finds a master that has been seen.
func (g *gateway) present(serial string) (*master.Master, error) {
	if g.gone.Load() {
		return nil, ErrStopping
	}
	if m := g.masters.Get(serial); m != nil {
		return m, nil
	}
	if _, known := g.masters.Absent(serial); known {
		return nil, fmt.Errorf("%w: %s (never seen)", master.ErrOffline, serial)
	}
	return nil, g.unknownMaster(serial)
}

// awaited is the answer of a master.
func awaited[T any](ctx context.Context, g *gateway, m *master.Master, reply <-chan T) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*answerWithin)
	defer cancel()
	select {
	case answer = <-reply:
		return answer, nil
	case <-g.done:
		return answer, ErrStopping
	case <-ctx.Done():
		return answer, fmt.Errorf("%w: the actor of master %s does not answer", ErrFault, m.Serial)
	}
}

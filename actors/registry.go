package actors

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// registry is the actor that knows every PLC master.  The first frames of a connection go through it: it finds or makes the
// master, passes them on and tells the connection, which from then on sends to the master itself.
// Its directory outlives it, so a fault here costs the frame in hand (not acknowledged) and nothing else.
type registry struct {
	gw      *gateway
	masters *directory
}

// directory is the registry's book of masters.  The registry alone adds; the gateway's edge and integrators' connections read.
type directory struct {
	mu sync.RWMutex // guards by
	by map[string]*master

	refusedAt time.Time // when the log last said that there are too many; the registry's own
}

// refusalPause is the least time between two lines in the log about masters that are refused.
const refusalPause = time.Minute

func newDirectory() *directory { return &directory{by: make(map[string]*master)} }

func (d *directory) get(serial string) *master {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.by[serial]
}

func (d *directory) size() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.by)
}

func (d *directory) add(m *master) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by[m.serial] = m
}

// list returns all masters, by serial.
func (d *directory) list() []*master {
	d.mu.RLock()
	all := make([]*master, 0, len(d.by))
	for _, m := range d.by {
		all = append(all, m)
	}
	d.mu.RUnlock()
	slices.SortFunc(all, func(a, b *master) int { return strings.Compare(a.serial, b.serial) })
	return all
}

// online counts the masters that have a link.
func (d *directory) online() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n := 0
	for _, m := range d.by {
		if m.online.Load() > 0 {
			n++
		}
	}
	return n
}

func (d *directory) treeDetail() map[string]any {
	return map[string]any{"masters": d.size()}
}

func (r *registry) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *route:
		r.route(ctx, m)
	case *actor.Started:
		r.revive(ctx)
	case *actor.Stopping, *actor.Stopped, *actor.Terminated:
	}
}

func (r *registry) route(ctx actor.Context, m *route) {
	to := r.masters.get(m.serial)
	if m.down != nil {
		if to != nil {
			ctx.Send(to.pid, &linkDown{link: m.down})
		}
		return
	}
	if to == nil {
		if to = r.welcome(ctx, m.serial); to == nil {
			m.passed = true
			m.group.refuse("too many masters")
			ctx.Send(m.conn, &identified{serial: m.serial})
			return
		}
	}
	m.passed = true // the group may be settled, and its uplink reused, before Send returns
	ctx.Send(to.pid, m.group)
	ctx.Send(m.conn, &identified{serial: m.serial, master: to})
}

// welcome makes the actor of a master seen for the first time; nil when there are too many.
func (r *registry) welcome(ctx actor.Context, serial string) *master {
	if n := r.masters.size(); n >= r.gw.maxMasters {
		if now := time.Now(); now.Sub(r.masters.refusedAt) > refusalPause {
			r.masters.refusedAt = now
			r.gw.log.Named("registry").Error("too many masters, new ones are refused", "master", serial, "masters", n)
		}
		return nil
	}
	m := newMaster(r.gw, serial)
	r.spawn(ctx, m)
	r.masters.add(m) // behind its start: whoever finds a master can send to it
	r.gw.log.Named("registry").Info("new master", "master", serial)
	return m
}

// resetMaster is how the registry handles a master that failed too often: its state is dropped, its links are closed so that the
// device starts anew, and the same actor goes on.
func (g *gateway) resetMaster(sup actor.Supervisor, child *actor.PID, f *fault) {
	f.node.detail.(*master).condemned = true
	sup.RestartChildren(child)
}

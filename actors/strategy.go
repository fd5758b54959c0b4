package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// The intensity that each kind of actor may fail with before its supervisor gives up on it.
const (
	faultWindow     = 10 * time.Second
	leafFaults      = 5  // connections and masters
	structureFaults = 10 // registry, listeners, each listener
)

// strategy is the only supervisor strategy in use.  Within the limit the remedy is applied; beyond it giveUp is.
// Both are explicit at every parent, and every fault is logged and kept in the node.
type strategy struct {
	gw     *gateway
	limit  int
	remedy func(sup actor.Supervisor, child *actor.PID, f *fault)
	giveUp func(sup actor.Supervisor, child *actor.PID, f *fault)
}

// HandleFailure implements actor.SupervisorStrategy; it runs in the supervisor's goroutine.
func (s *strategy) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, reason, _ any) {
	f, ok := reason.(*fault)
	if !ok { // thrown outside a shell: a defect of ours or of the library that nothing here can mend
		s.gw.fail(fmt.Errorf("fault of %s outside its behaviour: %v", child.Id, reason))
		return
	}
	log := s.gw.log.Named("supervisor")
	if f.gaveUp || f.message == "Started" && f.node.children != nil { // without its start it has no children

		s.giveUp(sup, child, f)
		return
	}
	n := f.node.failed(f.at, faultWindow)
	s.gw.restarts.Add(1)
	if n > s.limit {
		log.Error("giving up on an actor", "actor", f.node.path(), "faults", n, "within", faultWindow, "fault", f.value, "message", f.message)
		s.giveUp(sup, child, f)
		return
	}
	log.Warn("actor failed, restarting it", "actor", f.node.path(), "faults", n, "fault", f.value, "message", f.message)
	log.Debug("stack of the fault", "actor", f.node.path(), "stack", string(f.stack))
	s.remedy(sup, child, f)
}

// resume is the remedy for actors with children: the shell already holds a fresh behaviour, nothing below is touched.
func resume(sup actor.Supervisor, child *actor.PID, _ *fault) { sup.ResumeChildren(child) }

// restart is the remedy for leaves.
func restart(sup actor.Supervisor, child *actor.PID, _ *fault) { sup.RestartChildren(child) }

// escalate gives up to the next level, which gives up too: the structure of the tree cannot do without one of its parts.
func escalate(sup actor.Supervisor, _ *actor.PID, f *fault) {
	up := *f
	up.gaveUp = true
	sup.EscalateFailure(&up, nil)
}

// structural supervises actors that the tree cannot do without.
func (g *gateway) structural() *strategy {
	return &strategy{gw: g, limit: structureFaults, remedy: resume, giveUp: escalate}
}

// childless is the strategy of actors that have no children: one for all of them.
func (g *gateway) childless() *strategy { return g.leaf }

// guardian supervises the root: when the root fails or gives up, the process ends.
func (g *gateway) guardian() *strategy {
	end := func(_ actor.Supervisor, _ *actor.PID, f *fault) {
		g.fail(fmt.Errorf("the root gave up: %w", f))
	}
	return &strategy{gw: g, limit: structureFaults, remedy: resume, giveUp: end}
}
